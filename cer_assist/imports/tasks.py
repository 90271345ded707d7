"""Label Studio's JSON: one array of tasks, read a task at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.tables import NumberedRow, Report, Table, bounded, peek
from cer_assist.imports.texts import open_table

_SAMPLE = 20
_PIECE, _MAX_TASK = 2**20, 2**25  # characters
_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_NO_TASKS = (
    "This JSON file is no export of Label Studio in its full form: export as JSON (not JSON-MIN), "
    "or save one protocol a line as .jsonl."
)


def read(path: Path, report: Report) -> Table:
    """Open an array of tasks."""
    stream, encoding, _ = open_table(path, newline="")
    sample, rows = peek(bounded(_tasks(_Pieces(stream))), _SAMPLE)
    columns = list(dict.fromkeys(key for _, row in sample for key in row))
    if not sample:
        raise InvalidInput(
            "The file has no tasks of Label Studio. Other JSON comes in with one protocol a line "
            "as .jsonl."
        )
    return Table(columns, rows, [row for _, row in sample], encoding)


class _Pieces:
    """The text from where it is read on; what was read is forgotten."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text, self._at, self._is_whole = "", 0, False

    def next_sign(self) -> str:
        """The next character that is no blank; none at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._is_whole:
                return self._text[self._at : self._at + 1]
            self._more()

    def skip(self) -> None:
        """Go past a sign."""
        self._at += 1

    def value(self) -> Any:
        """The next JSON value; more is read until it is whole or longer than any task."""
        while True:
            try:
                found, self._at = _DECODER.raw_decode(self._text, self._at)
            except ValueError:
                if self._is_whole or len(self._text) - self._at > _MAX_TASK:
                    raise
                self._more()
            else:
                return found

    def _more(self) -> None:
        """As much again as is not used yet, so that a long value is not tried too often."""
        rest = self._text[self._at :]
        piece = self._stream.read(max(_PIECE, len(rest)))
        self._text, self._at, self._is_whole = rest + piece, 0, not piece


def _tasks(text: _Pieces) -> Iterator[NumberedRow]:
    if text.next_sign() != "[":
        raise InvalidInput(_NO_TASKS)
    text.skip()
    number = 0
    while text.next_sign() != "]":
        number += 1
        try:
            task = text.value()
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"Task {number} is not valid JSON ({error}).") from error
        yield number, _checked(task)
        if (sign := text.next_sign()) == ",":
            text.skip()
        elif sign != "]":
            raise InvalidInput(f"After task {number} a comma or ] is missing.")


def _checked(task: Any) -> dict[str, Any]:
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise InvalidInput(_NO_TASKS)
    return task
