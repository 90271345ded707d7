"""Label Studio's JSON: one array of tasks, read a task at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.tables import NumberedRow, Report, Table, bounded, peek
from cer_assist.imports.texts import open_text, read_bytes

_SAMPLE = 20
_BLANK = re.compile(r"[ \t\r\n]*")
_NO_TASKS = (
    "This JSON file is no export of Label Studio in its full form: export as JSON (not JSON-MIN), "
    "or save one protocol a line as .jsonl."
)


def read(path: Path, report: Report) -> Table:
    """Open an array of tasks."""
    stream, encoding = open_text(read_bytes(path), newline="")
    sample, rows = peek(bounded(_tasks(stream.read())), _SAMPLE)
    columns = list(dict.fromkeys(key for _, row in sample for key in row))
    if not sample:
        raise InvalidInput(
            "The file has no tasks of Label Studio. Other JSON comes in with one protocol a line "
            "as .jsonl."
        )
    return Table(columns, rows, [row for _, row in sample], encoding)


def _tasks(text: str) -> Iterator[NumberedRow]:
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        raise InvalidInput(_NO_TASKS)
    at = _skip(text, at + 1)
    number = 0
    while text[at : at + 1] != "]":
        number += 1
        try:
            task, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"Task {number} is not valid JSON ({error}).") from error
        yield number, _checked(task)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise InvalidInput(f"After task {number} a comma or ] is missing.")


def _checked(task: Any) -> dict[str, Any]:
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise InvalidInput(_NO_TASKS)
    return task


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at
