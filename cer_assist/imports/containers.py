"""A packed file says how large it is before it is unpacked; we ask first.

Measured on others: archives of 0.6 to 1.5 MB made openpyxl and python-docx take more than 1.2 GB.
"""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cer_assist.domain.errors import CerError, InvalidInput
from cer_assist.imports.limits import MAX_UNPACKED_BYTES

MAX_ENTRIES = 5_000
MAX_ARCHIVE_BYTES = 150 * 2**20
MAX_EXPORT_BYTES = 2**30  # read row by row, so its size is no danger
MAX_RATIO = 50  # text packs 3 to 12 times
RATIO_MATTERS_FROM = 10 * 2**20
_NESTED = (".zip", ".gz", ".7z", ".rar", ".jar", ".bz2", ".xz", ".tar")
_HEAD_BYTES = 4096
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_CHUNK = 2**20


@contextmanager
def reading(kind: str) -> Iterator[None]:
    """Turn whatever a library raises on a broken file into a sentence."""
    try:
        yield
    except (CerError, MemoryError):
        raise
    except Exception as error:
        raise InvalidInput(
            f"The file is damaged or is no real {kind} file ({type(error).__name__}): "
            "open it in its own program, save it anew and try again."
        ) from error


def check_archive(path: Path, kind: str) -> None:
    """Refuse an archive by its table of contents, before any entry is unpacked."""
    with reading(kind), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        total = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ENTRIES:
            raise InvalidInput(f"The {kind} file holds {len(entries):,} parts: it is refused.")
        _check_total(total, path.stat().st_size, kind)
        for entry in entries:
            _check_entry(archive, entry, kind)


def _check_total(unpacked: int, packed: int, kind: str) -> None:
    if unpacked > MAX_ARCHIVE_BYTES:
        raise InvalidInput(
            f"The {kind} file would unpack to {unpacked / 2**20:,.0f} MB: it is refused. "
            "Split it, or save the text alone."
        )
    if unpacked > RATIO_MATTERS_FROM and unpacked > MAX_RATIO * packed:
        raise InvalidInput(
            f"The {kind} file unpacks to {unpacked // packed} times its size, as no text does: "
            "it is refused. Save the text alone, for example as CSV."
        )


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, kind: str) -> None:
    if entry.flag_bits & 1:
        raise InvalidInput(f"The {kind} file has a password: save it without one.")
    name = entry.filename.lower()
    if name.endswith(_NESTED):
        raise InvalidInput(
            f"The {kind} file holds another archive ({entry.filename}): take it out."
        )
    if name.endswith((".xml", ".rels", ".vml")):
        with archive.open(entry) as part:
            _check_xml_head(part.read(_HEAD_BYTES), kind)


def _check_xml_head(head: bytes, kind: str) -> None:
    """Office formats allow no document type; entity bombs need one, in whatever encoding."""
    if _DOCTYPE.search(head.replace(b"\0", b"")):
        raise InvalidInput(
            f"The {kind} file defines XML entities, as no office program does: refused."
        )


def gunzip(path: Path) -> bytes:
    """Unpack a .gz file up to the limit."""
    pieces: list[bytes] = []
    length = 0
    with reading("gzip"), gzip.open(path) as packed:
        while piece := packed.read(_CHUNK):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_UNPACKED_BYTES:
                raise InvalidInput(
                    f"The file would unpack to more than {MAX_UNPACKED_BYTES // 2**20} MB: "
                    "split it into several files."
                )
    return b"".join(pieces)
