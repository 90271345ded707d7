"""XLSX through openpyxl's streaming reader; formulas count as the value last shown in them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.workbook.workbook import Workbook

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.containers import reading
from cer_assist.imports.limits import MAX_COLUMNS
from cer_assist.imports.tables import SAMPLE, NumberedRow, Report, Table, bounded, header, peek

_MAX_ROW = 1_048_576


def open_workbook(path: Path) -> Workbook:
    """Open for streaming; links to other files are not followed."""
    with reading("XLSX"):
        return load_workbook(path, read_only=True, data_only=True, keep_links=False)


def read(path: Path, report: Report) -> Table:
    """The first visible sheet, whose first filled row names the columns."""
    book = open_workbook(path)
    sheets = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if not sheets:
        raise InvalidInput("The workbook has no visible sheet: choose another file.")
    table = sheet_table(book, sheets[0], report)
    if len(sheets) == 1:
        return table
    note = f"{path.name}: only the sheet “{sheets[0]}” was read, of {len(sheets)} sheets."
    return replace(table, notes=(note,))


def sheet_table(book: Workbook, name: str, report: Report) -> Table:
    """One sheet as a table."""
    filled = _filled(book, name)
    first = next(filled, None)
    if first is None:
        raise InvalidInput(f"The sheet “{name}” is empty: put the table on the first sheet.")
    columns = header(first[1])
    sample, rows = peek(bounded(_rows(filled, columns, report)), SAMPLE)
    return Table(columns, rows, [row for _, row in sample])


def _filled(book: Workbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with anything in them, without trailing blanks, numbered as Excel does."""
    sheet = book[name]
    sheet.reset_dimensions()  # a false size would make openpyxl fill in empty cells
    with reading("XLSX"):
        for number, values in enumerate(sheet.iter_rows(values_only=True, max_row=_MAX_ROW), 1):
            cells = _cells(values)
            if cells:
                yield number, cells


def _cells(values: Sequence[Any]) -> list[str]:
    end = len(values)
    while end and values[end - 1] in (None, ""):
        end -= 1
    if end > MAX_COLUMNS:
        raise InvalidInput(f"The sheet has {end:,} columns, more than {MAX_COLUMNS}.")
    cells = [cell_text(value) for value in values[:end]]
    return cells if any(cell.strip() for cell in cells) else []


def cell_text(value: Any) -> str:
    """A cell as a person would read it."""
    if isinstance(value, str):
        return unescape(value) if "_x" in value else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _rows(
    filled: Iterator[tuple[int, list[str]]], columns: list[str], report: Report
) -> Iterator[NumberedRow]:
    width = len(columns)
    for number, cells in filled:
        if len(cells) > width:
            report(number, f"The row has a value beyond the last named column ({columns[-1]}).")
            continue
        padded = cells + [""] * (width - len(cells))
        yield number, dict(zip(columns, padded, strict=True))
