"""Bytes become text once, by one rule, and the encoding found is told to the person.

UTF-8 proves itself; UTF-16 shows by its mark or its zero bytes; only what is left is guessed,
and only between the three encodings that office programs in the Americas and Western Europe
write. A free guess turned short cp1252 texts into cp1250 or big5 in our trials.
"""

from __future__ import annotations

import codecs
import io
import re
from itertools import islice
from pathlib import Path

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.containers import gunzip
from cer_assist.imports.limits import MAX_FILE_BYTES

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT = "The file is not text: choose the file that holds the protocols."
_GUESSES = ["cp1252", "latin_1", "mac_roman"]
_CHUNK, _HEAD = 2**20, 2**16
_TELLING_PLACES = 500
_HIGH = re.compile(rb"[\x80-\xff]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_SHOWN = {"utf-8-sig": "utf-8", "mac_roman": "mac-roman", "latin_1": "latin-1"}


def open_table(path: Path, newline: str) -> tuple[io.TextIOWrapper, str, bytes]:
    """A decoding reader over a file of rows, the name of its encoding, and its first bytes.

    What is too large to be held is read from the file as it goes, and has to be UTF-8: to guess at
    an encoding takes the whole.
    """
    if path.suffix.lower() == ".gz" or path.stat().st_size <= MAX_FILE_BYTES:
        data = read_bytes(path)
        return *open_text(data, newline), data[:_HEAD]
    if not _is_utf8(path):
        raise InvalidInput(
            f"A file of more than {MAX_FILE_BYTES // 2**20} MB must be UTF-8: save it so, or split "
            "it into several files."
        )
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return path.open(encoding="utf-8-sig", newline=newline), "utf-8", head


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def read_bytes(path: Path) -> bytes:
    """The file's content, unpacked when it is a .gz."""
    return gunzip(path) if path.suffix.lower() == ".gz" else path.read_bytes()


def open_text(data: bytes, newline: str | None) -> tuple[io.TextIOWrapper, str]:
    """A decoding reader over the bytes, and the name of the encoding."""
    encoding = find_encoding(data)
    stream = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline=newline)
    return stream, _SHOWN.get(encoding, encoding)


def find_encoding(data: bytes) -> str:
    """Name the codec that reads every byte of this text, or refuse."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _checked(data, name)
    if _zeros(data):
        return _checked(data, _zeros(data))
    if _decodes(data, "utf-8"):
        return "utf-8"
    return _checked(data, _guess(data))


def _zeros(data: bytes) -> str:
    """UTF-16 without a mark: Latin text has a zero in every second byte."""
    head = data[:2000]
    if b"\0" not in head:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 4:
        raise InvalidInput(_NOT_TEXT)
    return "utf-16-le" if odd > even else "utf-16-be"


def _decodes(data: bytes, encoding: str) -> bool:
    """Decode in pieces, so that a large file is not held twice."""
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(data)
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(bytes(view[start : start + _CHUNK]))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _checked(data: bytes, encoding: str) -> str:
    if not _decodes(data, encoding):
        raise InvalidInput(f"The file is not valid {encoding} text: save it as UTF-8.")
    return encoding


def _guess(data: bytes) -> str:
    """Let charset-normalizer choose by the surroundings of bytes that are not ASCII."""
    # Takes 30 ms to import, which files in UTF-8 need not pay.
    from charset_normalizer import from_bytes

    if len(_CONTROL.findall(data[:4096])) > 40:
        raise InvalidInput(_NOT_TEXT)
    places = islice(_HIGH.finditer(data), _TELLING_PLACES)
    telling = b" ".join(data[max(0, m.start() - 40) : m.end() + 40] for m in places)
    best = from_bytes(telling, cp_isolation=_GUESSES).best()
    names = [best.encoding] if best else []
    return next(name for name in [*names, "cp1252", "latin_1"] if _decodes(data, name))
