"""Wrong types, broken files and traps are refused within two seconds, saying what to do."""

from __future__ import annotations

import gzip
import os
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports import limits, parse_files, preview
from tests.imports.files import (
    a_csv,
    a_jsonl,
    a_pdf,
    a_zip_of_zeros,
    an_xlsx,
    pdf_of,
    pdf_stream,
    repacked,
)

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {chr(98 + place)} "{("&" + chr(97 + place) + ";") * 10}">' for place in range(9)
    )
    + "]><worksheet><sheetData><row><c><v>&j;</v></c></row></sheetData></worksheet>"
)

# Behind enough comment to be past what the first look sees: the parser itself must refuse.
LATE = (
    f'<?xml version="1.0"?><!--{"x" * 9000}--><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hosts">]>'
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    "<w:p><w:r><w:t>hosts: &a;</w:t></w:r></w:p></w:body></w:document>"
)


def an_office_file(path: Path) -> Path:
    """A good XLSX or DOCX to spoil."""
    if path.suffix == ".xlsx":
        return an_xlsx(path, [["id", "text"], ["1", "one"]])
    document = Document()
    document.add_paragraph("words")
    document.save(str(path))
    return path


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _zeros(part: str) -> Callable[[Path], object]:
    return lambda path: a_zip_of_zeros(
        an_office_file(path.with_name(f"good{path.suffix}")), path, part, 600
    )


def _part(part: str, content: bytes) -> Callable[[Path], object]:
    return lambda path: repacked(
        an_office_file(path.with_name(f"good{path.suffix}")), path, {part: content}
    )


def _many_parts(path: Path) -> None:
    an_office_file(path)
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(6_000):
            archive.writestr(f"x/{number}", b"")


def _flate_bomb(path: Path) -> None:
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    font = b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources %b >>"
    bomb = pdf_stream(b" " * (200 * 2**20))
    path.write_bytes(pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page % font, bomb]))


def _far_cell(path: Path) -> None:
    cells = b'<row r="%d"><c r="XFD%d" t="inlineStr"><is><t>x</t></is></c></row>'
    rows = b"".join(cells % (number, number) for number in range(1, 1_048_577, 9_000))
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    size = b'<dimension ref="A1:XFD1048576"/>'
    sheet = b'<worksheet xmlns="%b">%b<sheetData>%b</sheetData></worksheet>' % (space, size, rows)
    _part(SHEET, sheet)(path)


PASSWORD_PDF = " /Encrypt << /Filter /Standard /V 1 /R 2 /O <" + "11" * 32 + "> /U <" + "22" * 32
PASSWORD_PDF += "> /P -4 >> /ID [<aa> <aa>]"


def _locked_pdf(path: Path) -> None:
    a_pdf(path, ["words"])
    path.write_bytes(path.read_bytes().replace(b" /Info 6 0 R", PASSWORD_PDF.encode()))


TRAPS: list[tuple[str, Callable[[Path], object], str]] = [
    ("program.csv", _bytes(b"MZ\x90\0\x03\0\0\0" + b"\0" * 500), "inside is a program"),
    ("noise.csv", _bytes(os.urandom(4000)), "not text"),
    ("noise.txt", _bytes(bytes(range(256)) * 20), "not text"),
    ("old.xls", _bytes(OLE), "old Excel file: open it in Excel and save it as XLSX"),
    ("old.doc", _bytes(OLE), "save it as DOCX"),
    ("locked.xlsx", _bytes(OLE), "has a password or is in an old format"),
    ("page.docx", _bytes(b"<!DOCTYPE html><html><body>x</body></html>"), "inside is a web page"),
    ("page.txt", _bytes(b"\xef\xbb\xbf <HTML><body>x"), "inside is a web page"),
    ("sheet.docx", lambda path: an_xlsx(path, [["a"]]), "says DOCX"),
    ("report.pdf", _bytes(b"not a pdf at all"), "The name says PDF"),
    ("cut.pdf", _bytes(b"%PDF-1.7\n1 0 obj"), "damaged or is no real PDF"),
    ("cut.xlsx", _bytes(b"PK\x03\x04 and no more"), "damaged or is no real XLSX"),
    ("cut.jsonl.gz", _bytes(gzip.compress(b'{"text": "x"}' * 999)[:-20]), "no real gzip file"),
    ("locked.pdf", _locked_pdf, "has a password"),
    ("scan.pdf", lambda path: a_pdf(path, [], []), "pictures of pages and no text"),
    ("empty.csv", _bytes(b""), "The file is empty"),
    ("blank.csv", _bytes(b"\n \n"), "The file has no rows"),
    ("list.json", _bytes(b"[]"), "one protocol a line as .jsonl"),
    ("x.exe", _bytes(b"MZ"), "Files ending in .exe are not read"),
    ("noname", _bytes(b"x"), "Files ending in nothing are not read"),
    ("twice.csv", _bytes(b"id,id\n1,2\n"), "Two columns are called “id”"),
    ("zeros.xlsx", _zeros(SHEET), "it is refused"),
    ("zeros.docx", _zeros("word/document.xml"), "it is refused"),
    ("laughs.xlsx", _part(SHEET, LAUGHS.encode()), "defines XML entities"),
    ("laughs16.docx", _part("word/document.xml", LAUGHS.encode("utf-16")), "defines XML entities"),
    ("late.docx", _part("word/document.xml", LATE.encode()), "defines XML entities"),
    ("late.xlsx", _part(SHEET, LATE.encode()), "no real XLSX file"),
    ("nested.xlsx", _part("xl/media/more.zip", b"PK"), "holds another archive"),
    ("parts.docx", _many_parts, "holds 6,0"),
    ("flate.pdf", _flate_bomb, "damaged or is no real PDF"),
    ("gzip.csv.gz", _bytes(gzip.compress(b"id,text\n" + b"1" * 300 * 2**20, 1)), "unpack to more"),
    ("line.csv", _bytes(b"id,text\n1," + b"x" * 60 * 2**20), "A field has more than 2,000,000"),
    ("line.jsonl", _bytes(b'{"text": "' + b"x" * 60 * 2**20), "write one protocol a line"),
    ("deep.jsonl", _bytes(b"[" * 100_000), "not valid JSON"),
    ("far.xlsx", _far_cell, "16,384 columns"),
    ("blanks.csv", _bytes(b"id,text\n" + b"\n" * 5_000_000), "blank ones included"),
    ("header.csv", _bytes(b"id,text\n\n"), "no rows below its header"),
    ("long.txt", _bytes(b"A line\n" * 400_000), "more than 2,000,000 characters"),
    ("wide.csv", _bytes(b",".join(b"c%d" % n for n in range(900))), "900 columns"),
]  # fmt: skip


def child_seconds() -> float:
    """CPU time of ended children: the wall clock would also measure what else the machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(("name", "make", "says"), TRAPS, ids=[trap[0] for trap in TRAPS])
def test_traps_are_refused_in_time_with_advice(
    tmp_path: Path, name: str, make: Callable[[Path], object], says: str
) -> None:
    path = tmp_path / name
    make(path)
    before = child_seconds()
    found = parse_files([path], {}, None)
    seconds = child_seconds() - before
    assert {error.file for error in found.errors} == {name}
    assert says in found.errors[0].message
    assert found.protocols == []
    assert seconds < 2


@pytest.mark.parametrize(
    ("name", "most"),
    [("large.pdf", limits.MAX_FILE_BYTES), ("large.csv", limits.MAX_STREAMED_BYTES)],
)
def test_oversize_is_refused_unread(tmp_path: Path, name: str, most: int) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(most + 1)
    with pytest.raises(InvalidInput, match=rf"more than {most // 2**20:,} MB: split it"):
        preview(path)


def test_too_many_rows_and_too_long_texts_are_refused(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "a.csv", [["id", "text"], *([str(n), "x"] for n in range(100_001))])
    (error,) = parse_files([path], {}, None).errors
    assert error.message == "The file has more than 100,000 rows: split it."
    path = a_jsonl(tmp_path / "b.jsonl", {"id": 1, "text": "x" * 2_000_001})
    (error,) = parse_files([path], {}, None).errors
    assert "more than 2,000,000" in error.message


def test_one_bad_file_does_not_hide_the_faults_of_the_next(tmp_path: Path) -> None:
    bad = tmp_path / "a.pdf"
    bad.write_bytes(b"%PDF-1.7 and nothing else")
    good = a_csv(tmp_path / "b.csv", [["id", "text"], ["1", "one"], ["2", ""]])
    found = parse_files([bad, good], {}, None)
    assert [(error.file, error.row) for error in found.errors] == [("a.pdf", None), ("b.csv", 3)]


def test_after_a_thousand_faults_reading_stops(tmp_path: Path) -> None:
    bad = a_csv(tmp_path / "a.csv", [["id", "text"], *([str(n), "x", "y"] for n in range(3_000))])
    next_file = a_csv(tmp_path / "b.csv", [["id", "text"], ["1", ""]])
    found = parse_files([bad, next_file], {}, None)
    assert len(found.errors) == limits.MAX_ERRORS + 1
    assert "more faults than these" in found.errors[-1].message
    assert {error.file for error in found.errors} == {"a.csv"}
