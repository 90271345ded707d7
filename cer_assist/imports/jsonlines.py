"""JSON Lines: one object a line; lines are cut at \\n only, because texts may hold U+2028."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.tables import Report, Table, bounded, peek
from cer_assist.imports.texts import open_table

_MAX_LINE = 8_000_000
_SAMPLE = 200


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def read(path: Path, report: Report) -> Table:
    """Open a file of objects; its columns are the keys of the first ones."""
    stream, encoding, _ = open_table(path, newline="\n")
    faults: list[int | None] = []

    def noting(row: int | None, message: str) -> None:
        faults.append(row)
        report(row, message)

    sample, rows = peek(bounded(json_rows(stream, noting)), _SAMPLE)
    if not sample and not faults:
        raise InvalidInput("The file has no rows: choose another one.")
    columns = list(dict.fromkeys(key for _, row in sample for key in row))
    return Table(columns, rows, [row for _, row in sample], encoding)


def json_rows(stream: TextIOWrapper, report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every line that holds an object, numbered; the others are reported."""
    number = 0
    while line := stream.readline(_MAX_LINE):
        number += 1
        if len(line) == _MAX_LINE and not line.endswith("\n"):
            raise InvalidInput(
                f"Line {number} has more than {_MAX_LINE:,} characters: write one protocol a line."
            )
        if line.isspace():
            continue
        row = _parse(line, number, report)
        if row is not None:
            yield number, row


def _parse(line: str, number: int, report: Report) -> dict[str, Any] | None:
    try:
        value = _DECODER.decode(line)
    except (ValueError, RecursionError) as error:
        report(number, f"The line is not valid JSON ({error}): write one object a line.")
        return None
    if not isinstance(value, dict):
        report(number, "The line holds no JSON object: write one protocol a line as {…}.")
        return None
    return value
