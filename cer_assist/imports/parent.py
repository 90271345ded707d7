"""The asking side: starts the child, waits no longer than agreed, and checks nothing by opening."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText
from cer_assist.imports import limits, wire
from cer_assist.imports.results import ParsedImport, Preview, RowError

_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from cer_assist.imports.child import main; main()"
)


def preview(path: Path) -> Preview:
    """Columns, first rows and a guessed mapping; raises InvalidInput for a file we do not read."""
    _check_paths([path])
    request = {"preview": True, "files": [str(path)], "mapping": {}, "labels": None}
    for message, _ in _ask(request, [path]):
        if message["kind"] == "preview":
            return Preview(**message["items"])
        if message["kind"] == "refused":
            raise InvalidInput(message["items"])
    raise InvalidInput(f"{path.name} makes its reader fail: save it anew and try again.")


def parse_files(
    files: Sequence[Path], mapping: Mapping[str, str], labels: Path | None
) -> ParsedImport:
    """Read all files in a child process and name all faults, not just the first.

    `mapping` gives columns by role (see mapping.py); roles left out are guessed. `labels` is a
    table of labels made elsewhere. Ids are unique over all files of one call.
    """
    paths = [*files, *([labels] if labels is not None else [])]
    _check_paths(paths)
    request = {
        "preview": False,
        "files": [str(path) for path in files],
        "mapping": dict(mapping),
        "labels": None if labels is None else str(labels),
    }
    answer = Answer()
    for message, text in _ask(request, paths):
        answer.take(message["kind"], message["items"], text)
    return answer.result()


def _check_paths(paths: Sequence[Path]) -> None:
    if len(paths) > limits.MAX_FILES:
        raise InvalidInput(
            f"These are {len(paths):,} files, more than {limits.MAX_FILES:,} at once."
        )
    for path in paths:
        if not path.exists():
            raise InvalidInput(f"There is no file {path}: check its name.")


class Answer:
    """Collects what the child says."""

    def __init__(self) -> None:
        self._protocols: list[ProtocolText] = []
        self._labels: list[PriorLabel] = []
        self._errors: list[RowError] = []
        self._notes: list[str] = []
        self._first_with: dict[str, str] = {}
        self._same: list[str] = []
        self._reading = ""
        self._ended = False

    def take(self, kind: str, items: Any, text: str) -> None:
        """Take in one message."""
        if kind == "protocols":
            self._add(wire.unpack_protocols(items, text))
        elif kind == "labels":
            self._labels.extend(wire.unpack_label(fields) for fields in items)
        elif kind == "error":
            self._errors.append(RowError(**items))
        elif kind == "note":
            self._notes.append(items)
        elif kind == "file":
            self._reading = items
        elif kind == "end":
            self._ended = True

    def _add(self, protocols: Iterable[ProtocolText]) -> None:
        """Exact duplicates are allowed, but a person should know of them."""
        for protocol in protocols:
            self._protocols.append(protocol)
            # Hashed here, while the child is still reading, and kept for whoever stores them.
            before = self._first_with.setdefault(protocol.content_hash, protocol.external_id)
            if before != protocol.external_id:
                self._same.append(f"{protocol.external_id} has exactly the same text as {before}.")

    def result(self) -> ParsedImport:
        """All of it; a child that ended early counts as a fault of the file it was reading."""
        if not self._ended:
            message = (
                "The file makes its reader fail or takes too long; it and the files after it were "
                "not read. Save it anew, or save it as text."
            )
            self._errors.append(RowError(self._reading, None, message))
        notes = [*self._notes, *self._same]
        return ParsedImport(self._protocols, self._labels, self._in_order(), notes)

    def _in_order(self) -> list[RowError]:
        """By file and row: faults of the first rows are found before those rows are read."""
        files = list(dict.fromkeys(error.file for error in self._errors))
        last = sys.maxsize  # what is wrong with a whole file
        return sorted(self._errors, key=lambda one: (files.index(one.file), one.row or last))


def _ask(request: Mapping[str, Any], paths: Sequence[Path]) -> Iterator[wire.Message]:
    """Run the child on one request and read along while it works."""
    with _child(limits.wall_seconds(paths)) as process:
        with cast(IO[bytes], process.stdin) as question:  # both are pipes, see below
            question.write(json.dumps(request).encode())
        yield from wire.receive(cast(IO[bytes], process.stdout))


@contextmanager
def _child(seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-I", "-X", "utf8", "-c", _START, _ROOT]
    # openpyxl's own switch: read by defusedxml instead of lxml. Windows starts nothing without its.
    environment = {"OPENPYXL_LXML": "False", "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()  # has already ended, unless our side failed
