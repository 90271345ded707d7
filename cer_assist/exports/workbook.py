"""XLSX, written as XML row by row: openpyxl would bring numpy into the web process and be slower.

Every text is an inline string, which no program takes for a formula; `quotePrefix` keeps it so when
someone edits the cell. Texts beyond a cell's limit go on in further columns.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.cells import neutralised, text_maker
from cer_assist.exports.columns import DICTIONARY_COLUMNS, Column, Table, dictionary_rows
from cer_assist.exports.dataset import DataSet
from cer_assist.exports.ooxml import CONTENT_TYPES, RELATIONS, STYLES, workbook_parts

CELL_UNITS = 32_767  # UTF-16 units, as Excel counts
MAX_SHEET_ROWS = 1_048_576
MANIFEST_COLUMNS = (Column("key", "text", ""), Column("value", "json", ""))
# Not allowed in XML, changed by reading it, or looking like an escape themselves.
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_MARKUP = re.compile("[&<>]")
_SPECIAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff&<>]|_x")  # in most cells there is none
_MARKS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TEXT_STYLE, _QUOTED_STYLE, _HEAD_STYLE = 0, 1, 2


def write_xlsx(out: Path, data_set: DataSet, manifest: dict[str, Any]) -> dict[str, int]:
    """A workbook with a sheet a table, the data dictionary and the manifest."""
    tables = data_set.tables
    dictionary = Table(DICTIONARY_COLUMNS, dictionary_rows(tables, "xlsx"))
    counts: dict[str, int] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as target:
        for number, (name, table) in enumerate(tables.items(), start=1):
            counts[name] = _write_sheet(target, number, table)
        _write_sheet(target, len(tables) + 1, dictionary)
        rows = [{"key": key, "value": value} for key, value in manifest.items()]
        rows.append({"key": "rows", "value": counts})
        _write_sheet(target, len(tables) + 2, Table(MANIFEST_COLUMNS, rows))
        _write_frame(target, [*tables, "data dictionary", "manifest"])
    return counts


def _write_frame(target: zipfile.ZipFile, sheets: Sequence[str]) -> None:
    kinds, relations, book = workbook_parts(sheets)
    parts = {
        "[Content_Types].xml": CONTENT_TYPES.format(kinds),
        "_rels/.rels": RELATIONS,
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relations,
        "xl/styles.xml": STYLES,
    }
    for name, text in parts.items():  # not `writestr`, which would write the hour
        with target.open(name, "w") as part:
            part.write(text.encode())


def _write_sheet(target: zipfile.ZipFile, number: int, table: Table) -> int:
    """Rows go to a temporary file first, as only they tell which further columns are needed."""
    sheet = _Sheet(table.columns)
    with tempfile.TemporaryFile() as body:
        count = 0
        for row in table.rows:
            count += 1
            if count >= MAX_SHEET_ROWS:
                raise InvalidInput(
                    f"A sheet holds {MAX_SHEET_ROWS:,} rows at most: export as CSV or JSONL."
                )
            body.write(sheet.row(count + 1, row))
        body.seek(0)
        with target.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
            part.write(_SHEET_START)
            part.write(sheet.header())
            shutil.copyfileobj(body, part, 2**20)
            part.write(_SHEET_END)
    return count


_SHEET_START = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
    b'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    b'<sheetFormatPr defaultRowHeight="15"/><sheetData>'
)
_SHEET_END = b"</sheetData></worksheet>"


class _Sheet:
    """Turns rows into XML and remembers which columns had to be continued."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = [
            (column.name, column_letters(place), text_maker(column))
            for place, column in enumerate(columns)
        ]
        self._continued: dict[tuple[str, int], int] = {}  # (column, part) -> place

    def header(self) -> bytes:
        """The first row."""
        names = [name for name, *_ in self._columns]
        names += [f"{name}_{part}" for name, part in self._continued]
        return _row(
            1, [_string(f"{column_letters(at)}1", n, _HEAD_STYLE) for at, n in enumerate(names)]
        )

    def row(self, number: int, row: Mapping[str, Any]) -> bytes:
        """One row; a text too long for its cell goes on further right."""
        cells: list[str] = []
        rest: list[tuple[int, str]] = []
        for name, letters, text_of in self._columns:
            value = row[name]
            if value is None or value == "":
                continue
            if text_of is None:
                cells.append(f'<c r="{letters}{number}"><v>{value!r}</v></c>')
                continue
            text = text_of(value)
            if len(text) > CELL_UNITS // 2:
                text, *more = split_text(text)
                rest.extend(self._continue(name, more))
            cells.append(_text(f"{letters}{number}", text))
        for place, text in sorted(rest):
            cells.append(_text(f"{column_letters(place)}{number}", text))
        return _row(number, cells)

    def _continue(self, name: str, parts: Sequence[str]) -> Iterator[tuple[int, str]]:
        for part, text in enumerate(parts, start=2):
            following = len(self._columns) + len(self._continued)
            yield self._continued.setdefault((name, part), following), text


def split_text(text: str) -> list[str]:
    """Cut a text so that each part fits a cell, never inside a character."""
    if len(text) <= CELL_UNITS // 2:
        return [text]
    parts: list[str] = []
    start = units = 0
    for place, character in enumerate(text):
        width = 2 if character > "\uffff" else 1
        if units + width > CELL_UNITS:
            parts.append(text[start:place])
            start, units = place, 0
        units += width
    return [*parts, text[start:]]


def column_letters(place: int) -> str:
    """0 gives A, 25 Z, 26 AA."""
    letters = ""
    place += 1
    while place:
        place, remainder = divmod(place - 1, 26)
        letters = chr(65 + remainder) + letters
    return letters


def _row(number: int, cells: Sequence[str]) -> bytes:
    return f'<row r="{number}">{"".join(cells)}</row>'.encode()


def _text(reference: str, text: str) -> str:
    if text.isalnum():  # as most are: nothing that XML or a spreadsheet would take for a sign
        return f'<c r="{reference}" s="{_TEXT_STYLE}" {_INLINE}{text}{_INLINE_END}'
    risky = neutralised(text) is not text
    return _string(reference, text, _QUOTED_STYLE if risky else _TEXT_STYLE)


def _string(reference: str, text: str, style: int) -> str:
    safe = _safe(text) if _SPECIAL.search(text) else text
    return f'<c r="{reference}" s="{style}" {_INLINE}{safe}{_INLINE_END}'


_INLINE, _INLINE_END = 't="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"


def _safe(text: str) -> str:
    return _MARKUP.sub(lambda m: _MARKS[m[0]], _ESCAPED.sub(_escape, text))


def _escape(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"
