"""Values become cells and come back exactly, and no cell is ever a spreadsheet formula.

The leading apostrophe is the sign spreadsheets themselves use for "this is text"; putting it before
texts that already begin with one makes it reversible without a second sign.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cer_assist.exports.columns import Column

# OWASP's list for CSV injection, with the full-width forms that Excel reads as well.
_DANGEROUS = frozenset("=+-@\t\r\n＝＋－＠'")

_QUOTE = '"'
# Made once: `json.dumps` makes one a call, which costs short values more than their encoding.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def neutralised(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet could take it for a formula."""
    return f"'{text}" if text and text[0] in _DANGEROUS else text


def restored(cell: str) -> str:
    """The text that `neutralised` was given."""
    return cell.removeprefix("'")


def truth(value: str | None) -> bool | None:
    """What a row says as `true` or `false`."""
    return None if value is None else value == "true"


def compact_json(value: Any) -> str:
    """JSON on one line, letters as they are."""
    return _ENCODE(value)


def text_maker(column: Column) -> Callable[[Any], str] | None:
    """What makes a column's values texts; none for numbers, which stay numbers."""
    if column.kind in ("integer", "number"):
        return None
    return compact_json if column.kind == "json" else str


def csv_cells(columns: Sequence[Column]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """What turns rows into cells of a CSV file; kinds are looked up once, not for each value."""
    names = [column.name for column in columns]
    texts = [place for place, column in enumerate(columns) if column.kind in ("text", "time")]
    json_texts = [place for place, column in enumerate(columns) if column.kind == "json"]

    def cells(row: Mapping[str, Any]) -> list[Any]:
        said = [row[name] for name in names]
        for place in texts:
            value = said[place]
            # As `neutralised`, without a call for each of millions of values.
            if value and (text := value if isinstance(value, str) else str(value))[0] in _DANGEROUS:
                said[place] = f"'{text}"
        for place in json_texts:
            if said[place] is not None:
                said[place] = neutralised(_ENCODE(said[place]))
        return said

    return cells


def csv_line(cells: Iterable[Any]) -> str:
    """A row as `csv.writer` has it, which goes through long texts character by character, twice."""
    said = []
    for cell in cells:
        if not isinstance(cell, str):
            said.append("" if cell is None else str(cell))
        elif '"' in cell or "," in cell or "\n" in cell or "\r" in cell:
            said.append(f'"{cell.replace(_QUOTE, _QUOTE * 2)}"')
        else:
            said.append(cell)
    return (",".join(said) or '""') + "\r\n"


def value_of(column: Column, cell: str) -> Any:
    """The value of a cell's text; numbers in spreadsheets may have grown a `.0`."""
    if column.kind == "text":
        return cell
    if not cell:
        return None
    if column.kind == "integer":
        return int(float(cell)) if "." in cell else int(cell)
    if column.kind == "number":
        return float(cell)
    return json.loads(cell) if column.kind == "json" else cell
