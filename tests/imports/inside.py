"""The same reading without the child process: faults show their place, and coverage sees it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from cer_assist.imports import ParsedImport, wire
from cer_assist.imports.parent import Answer
from cer_assist.imports.session import Session


def parse_inside(
    files: Sequence[Path], mapping: Mapping[str, str], labels: Path | None
) -> ParsedImport:
    """What `parse_files` gives, read in this process."""
    pipe = io.BytesIO()
    session = Session({"mapping": mapping}, pipe)
    for path in files:
        session.file(path)
    if labels is not None:
        session.file(labels, of_labels=True)
    wire.send(pipe, "end", None)
    pipe.seek(0)
    answer = Answer()
    for message, text in wire.receive(pipe):
        answer.take(message["kind"], message["items"], text)
    return answer.result()
