"""An exported workbook: texts that were too long for one cell are joined again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.cells import value_of
from cer_assist.exports.columns import COLUMNS, Column
from cer_assist.imports.exported import Export, Rows, check_columns, checked_manifest
from cer_assist.imports.tables import Report
from cer_assist.imports.workbook import open_workbook, sheet_table

_CONTINUED = re.compile(r"(.+)_(\d+)")
_MANIFEST_SHEET, _VALUE = "manifest", Column("value", "text", "What the manifest says.")


class WorkbookExport(Export):
    """XLSX: a program may have saved it anew, so counts and content hashes are what is checked."""

    def __init__(self, path: Path) -> None:
        self._book = open_workbook(path)
        table = sheet_table(self._book, _MANIFEST_SHEET, lambda row, message: None)
        values = {row.get("key"): _joined((_VALUE,), row)[0][1] for _, row in table.rows}
        try:
            found = {key: json.loads(value or "null") for key, value in values.items()}
        except ValueError as error:
            raise InvalidInput("The sheet manifest was changed: import the original.") from error
        self.manifest = checked_manifest(found)

    def part_name(self, table: str) -> str:
        """The sheet's name."""
        return table

    def rows(self, table: str, report: Report) -> Rows:
        """The rows of a sheet, which must be as many as the manifest says."""
        left_out = self.left_out(table)
        columns = tuple(column for column in COLUMNS[table] if column.name not in left_out)
        empty: dict[str, Any] = dict.fromkeys(left_out)
        count = 0
        if self.manifest["rows"][table]:
            sheet = sheet_table(self._book, table, report)
            check_columns(table, sheet.columns, left_out)
            for number, cells in sheet.rows:
                count += 1
                try:
                    found = {c.name: value_of(c, text) for c, text in _joined(columns, cells)}
                    yield number, empty | found
                except ValueError as error:
                    report(number, f"The row cannot be read ({error}): import the original.")
        if count != self.manifest["rows"][table]:
            raise InvalidInput(
                f"The sheet {table} has {count} rows, its manifest says "
                f"{self.manifest['rows'][table]}: import the original."
            )


def _joined(columns: tuple[Column, ...], cells: Mapping[str, Any]) -> list[tuple[Column, str]]:
    """Each column's text, with what was continued in `name_2`, `name_3` …."""
    more: dict[str, list[tuple[int, str]]] = {}
    for name, text in cells.items():
        match = _CONTINUED.fullmatch(name)
        if match:
            more.setdefault(match[1], []).append((int(match[2]), text))
    return [
        (
            column,
            cells.get(column.name, "") + "".join(t for _, t in sorted(more.get(column.name, []))),
        )
        for column in columns
    ]
