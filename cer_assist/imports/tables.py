"""Every table reader gives columns and a lazy run of numbered rows; faults go to a reporter.

A reader goes on after a faulty row, so that a person sees all faults of a file at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.limits import MAX_COLUMNS, MAX_ROWS

Report = Callable[[int | None, str], None]
NumberedRow = tuple[int, Mapping[str, Any]]
SAMPLE = 100  # rows that tell what the columns hold


@dataclass(frozen=True)
class Table:
    """A file of rows: `rows` can be run through once."""

    columns: list[str]
    rows: Iterator[NumberedRow]
    sample: list[Mapping[str, Any]]
    encoding: str | None = None
    notes: tuple[str, ...] = ()


def header(cells: Sequence[str]) -> list[str]:
    """Column names, checked: later code finds cells by them."""
    names = [cell.strip() or f"Column {place}" for place, cell in enumerate(cells, start=1)]
    if len(names) > MAX_COLUMNS:
        raise InvalidInput(f"The table has {len(names):,} columns, more than {MAX_COLUMNS}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"Two columns are called “{twice[0]}”: rename one of them.")
    return names


def bounded(rows: Iterator[NumberedRow]) -> Iterator[NumberedRow]:
    """Stop at the row limit with advice."""
    for count, row in enumerate(rows):
        if count >= MAX_ROWS:
            raise InvalidInput(f"The file has more than {MAX_ROWS:,} rows: split it.")
        yield row


def peek(
    rows: Iterator[NumberedRow], count: int
) -> tuple[list[NumberedRow], Iterator[NumberedRow]]:
    """The first rows, and all rows again."""
    first = [row for _, row in zip(range(count), rows, strict=False)]

    def again() -> Iterator[NumberedRow]:
        yield from first
        yield from rows

    return first, again()
