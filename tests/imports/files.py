"""Real files, made as a person's programs would make them, and traps made as nobody should."""

from __future__ import annotations

import csv
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

MEAL_STUDY = "Meals and blood pressure in two towns"
AIMS = "We test whether cooking lessons lower blood pressure."
PARTNERS = "A community board of residents helps to plan the lessons."


def a_csv(path: Path, rows: Iterable[Sequence[str]], **how: Any) -> Path:
    """A CSV file; `encoding` and the csv module's options as keywords."""
    encoding = how.pop("encoding", "utf-8")
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, **how).writerows(rows)
    return path


def a_jsonl(path: Path, *rows: Mapping[str, Any]) -> Path:
    """A JSON Lines file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def an_xlsx(path: Path, *sheets: Sequence[Sequence[Any]]) -> Path:
    """A workbook with these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for place, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"Sheet{place}")
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def a_pdf(path: Path, *pages: Sequence[str], title: str = "") -> Path:
    """A PDF with one line of text per string, as small as the format allows."""
    streams = [_page_stream(lines) for lines in pages]
    first = 4  # after catalogue, page tree and font
    kids = " ".join(f"{first + 2 * place} 0 R" for place in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for place, stream in enumerate(streams):
        contents = first + 2 * place + 1
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {contents} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(stream)
    objects.append(f"<< /Title ({title}) >>".encode())
    path.write_bytes(pdf_of(objects, info=len(objects)))
    return path


def _page_stream(lines: Sequence[str]) -> bytes:
    text = "".join(f"({line}) Tj T*\n" for line in lines)
    return pdf_stream(f"BT /F1 11 Tf 14 TL 72 720 Td\n{text}ET".encode("latin-1"))


def pdf_stream(data: bytes) -> bytes:
    """A compressed stream object."""
    packed = zlib.compress(data, 9)
    head = f"<< /Length {len(packed)} /Filter /FlateDecode >>".encode()
    return head + b"\nstream\n" + packed + b"\nendstream"


def pdf_of(objects: Sequence[bytes], info: int | None = None, more: str = "") -> bytes:
    """A PDF file of these objects, the first being the catalogue."""
    body = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    extra = f" /Info {info} 0 R" if info else ""
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R{extra}{more} >>\nstartxref\n{len(body)}\n%%EOF"
    return body + f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode() + trailer.encode()


def repacked(source: Path, target: Path, parts: Mapping[str, bytes]) -> Path:
    """A copy of an office file with some parts replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return target


def a_zip_of_zeros(source: Path, target: Path, part: str, megabytes: int) -> Path:
    """A copy of an office file one of whose parts unpacks to megabytes of blanks."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        with new.open(part, "w", force_zip64=True) as stream:
            for _ in range(megabytes):
                stream.write(b" " * 2**20)
    return target
