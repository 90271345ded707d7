"""A name says what a file should be, its first bytes what it is; both must agree."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.columns import COLUMNS
from cer_assist.imports.containers import check_archive, reading
from cer_assist.imports.limits import check_size
from cer_assist.imports.redcap import is_redcap

ACCEPTED = (
    "CSV, TSV, XLSX, JSONL (each of CSV, TSV and JSONL also as .gz), DOCX, PDF, TXT, or JSON of "
    "Label Studio"
)


@dataclass(frozen=True)
class Format:
    """One kind of file we read: its name for people and the module that reads it."""

    name: str
    module: str
    kind: Literal["table", "document", "export"]


FORMATS = {
    ".csv": Format("CSV", "delimited", "table"),
    ".tsv": Format("TSV", "delimited", "table"),
    ".xlsx": Format("XLSX", "workbook", "table"),
    ".jsonl": Format("JSONL", "jsonlines", "table"),
    ".ndjson": Format("JSONL", "jsonlines", "table"),
    ".json": Format("JSON", "tasks", "table"),
    ".docx": Format("DOCX", "word", "document"),
    ".pdf": Format("PDF", "pdf", "document"),
    ".txt": Format("TXT", "plain", "document"),
}
EXPORT = Format("export of CER Assist", "exported", "export")
REDCAP = Format("REDCap", "redcap", "table")
_ADVICE = {
    ".xls": "an old Excel file: open it in Excel and save it as XLSX",
    ".xlsm": "an Excel file with macros: save it as XLSX",
    ".xlsb": "a binary Excel file: save it as XLSX",
    ".ods": "an OpenDocument sheet: save it as XLSX or CSV",
    ".doc": "an old Word file: open it in Word and save it as DOCX",
    ".docm": "a Word file with macros: save it as DOCX",
    ".odt": "an OpenDocument text: save it as DOCX",
    ".rtf": "a rich text file: save it as DOCX",
    ".pages": "a Pages file: export it as DOCX or PDF",
    ".html": "a web page: save it as PDF or TXT",
    ".htm": "a web page: save it as PDF or TXT",
}
_TEXTUAL = ("CSV", "TSV", "JSONL", "JSON", "TXT")
_MAGIC = (
    (b"PK\x03\x04", "a packed file (zip or an office file)"),
    (b"PK\x05\x06", "an empty packed file"),
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old office file, or one with a password"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a rich text file"),
    (b"7z\xbc\xaf", "a packed file"),
    (b"Rar!", "a packed file"),
    (b"SQLite format 3", "a database"),
)
_WEB = (b"<!doctype html", b"<html", b"<?xml")
_ZIP_MEMBER = {"XLSX": "xl/workbook.xml", "DOCX": "word/document.xml"}


def stem(path: Path) -> str:
    """The file's name without its endings: `a.jsonl.gz` gives `a`."""
    return Path(path.stem).stem if path.suffix.lower() == ".gz" else path.stem


def by_name(path: Path) -> Format:
    """The format the name promises, or advice on what to do instead."""
    suffix = path.suffix.lower()
    if suffix == ".zip" or path.is_dir():
        return EXPORT
    if suffix == ".gz":
        inner = FORMATS.get(Path(path.stem).suffix.lower())
        if inner is not None and inner.name in ("CSV", "TSV", "JSONL"):
            return inner
    if suffix in FORMATS:
        return FORMATS[suffix]
    if suffix in _ADVICE:
        raise InvalidInput(f"This is {_ADVICE[suffix]}.")
    raise InvalidInput(f"Files ending in {suffix or 'nothing'} are not read: use {ACCEPTED}.")


def identify(path: Path) -> Format:
    """The format of a file whose first bytes keep what its name promises."""
    promised = by_name(path)
    if promised is EXPORT:
        if is_redcap(path):
            return REDCAP
        return promised  # its own reader looks at its manifest before anything else
    check_size(path)
    with path.open("rb") as file:
        head = file.read(1024)
    if path.suffix.lower() == ".gz":
        _expect(head.startswith(b"\x1f\x8b"), head, "gzip")
    elif promised.name == "PDF":
        _expect(b"%PDF-" in head, head, "PDF")
    elif promised.name in _TEXTUAL:
        _expect(not _known(head), head, promised.name)
    else:
        _check_office(path, head, promised.name)
        return EXPORT if promised.name == "XLSX" and _is_our_workbook(path) else promised
    return promised


def _known(head: bytes) -> str:
    """What these first bytes are, when they are clearly something else than text."""
    for magic, name in _MAGIC:
        # Two letters can open a text; a program's header also holds zero bytes.
        if head.startswith(magic) and (magic != b"MZ" or b"\0" in head):
            return name
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "a web page or XML" if start.startswith(_WEB) else ""


def _expect(condition: bool, head: bytes, kind: str) -> None:
    if not condition:
        found = _known(head) or "something else"
        raise InvalidInput(
            f"The name says {kind}, but inside is {found}: choose another file or save it anew."
        )


def _is_our_workbook(path: Path) -> bool:
    """Whether the sheets are those of an export; its manifest sheet is checked when it is read."""
    with reading("XLSX"), zipfile.ZipFile(path) as archive:
        book = archive.read("xl/workbook.xml")
    return all(f'name="{sheet}"'.encode() in book for sheet in (*COLUMNS, "manifest"))


def _check_office(path: Path, head: bytes, kind: str) -> None:
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidInput(
            f"This {kind} file has a password or is in an old format: "
            f"open it in its own program and save it as {kind} without a password."
        )
    _expect(head.startswith(b"PK\x03\x04"), head, kind)
    check_archive(path, kind)
    wanted = _ZIP_MEMBER.get(kind)
    with reading(kind), zipfile.ZipFile(path) as archive:
        present = wanted is None or wanted in archive.namelist()
    _expect(present, head, kind)
