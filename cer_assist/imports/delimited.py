"""CSV and TSV, strictly: a stray quote is reported with its row instead of swallowing the rest."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import MAX_CHARACTERS
from cer_assist.imports.tables import SAMPLE, NumberedRow, Report, Table, bounded, header, peek
from cer_assist.imports.texts import open_table

_DELIMITERS = ",;\t|"
_MAX_FAULTS_IN_A_ROW = 20
_MAX_LINES = 2_000_000
csv.field_size_limit(MAX_CHARACTERS)


def read(path: Path, report: Report) -> Table:
    """Open a table whose first row names the columns."""
    stream, encoding, head = open_table(path, newline="")
    is_tsv = ".tsv" in (suffix.lower() for suffix in path.suffixes[-2:])
    delimiter = "\t" if is_tsv else _delimiter(head, stream.encoding)
    records = numbered_records(csv.reader(stream, delimiter=delimiter, strict=True), report)
    first = next(records, None)
    if first is None:
        raise InvalidInput("The file has no rows: choose another one.")
    columns = header(first[1])
    sample, rows = peek(bounded(_rows(records, columns, report)), SAMPLE)
    return Table(columns, rows, [row for _, row in sample], encoding)


def _delimiter(head: bytes, encoding: str) -> str:
    """The mark that cuts the header into most columns."""
    first = head.decode(encoding, errors="replace").split("\n", 1)[0]
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))


def numbered_records(
    reader: Iterator[list[str]], report: Report
) -> Iterator[tuple[int, list[str]]]:
    """Records numbered as a spreadsheet does; blank ones count but are left out."""
    number = faults = 0
    while True:
        number += 1
        if number > _MAX_LINES:
            raise InvalidInput(f"The file has more than {_MAX_LINES:,} rows, blank ones included.")
        try:
            cells = next(reader, None)
        except csv.Error as error:
            report(number, _explain(error))
            faults += 1
            if faults >= _MAX_FAULTS_IN_A_ROW or "unexpected end" in str(error):
                return
            continue
        if cells is None:
            return
        faults = 0
        if any(cell.strip() for cell in cells):
            yield number, cells


def _explain(error: csv.Error) -> str:
    if "field limit" in str(error):
        return (
            f"A field has more than {MAX_CHARACTERS:,} characters: "
            "shorten it, or look for a quotation mark that is never closed."
        )
    if "unexpected end" in str(error):
        return "A quotation mark is opened and never closed: close it."
    return f"The quotation marks do not match ({error}): double those inside a field."


def _rows(
    records: Iterator[tuple[int, list[str]]], columns: list[str], report: Report
) -> Iterator[NumberedRow]:
    width = len(columns)
    for number, cells in records:
        while len(cells) > width and not cells[-1].strip():
            cells.pop()  # spreadsheets leave empty cells behind
        if len(cells) == width:
            yield number, dict(zip(columns, cells, strict=True))
        else:
            report(
                number,
                f"The row has {len(cells)} fields, the header {width}: "
                "look for a missing or unquoted separator.",
            )
