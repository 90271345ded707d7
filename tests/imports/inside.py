"""The same reading without the child process: faults show their place, and coverage sees it.

Without its limit of time, too, which is the child's and tried there: it counts what all threads of
the tests do, and what it raises while coverage holds its lock leaves that held for ever.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from cer_assist.imports import ParsedImport, limits, wire
from cer_assist.imports.parent import Answer
from cer_assist.imports.session import Session


def parse_inside(
    files: Sequence[Path], mapping: Mapping[str, str], labels: Path | None
) -> ParsedImport:
    """What `parse_files` gives, read in this process."""
    pipe = io.BytesIO()
    session = Session({"mapping": mapping}, pipe)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(limits, "time_for", lambda path: nullcontext())
        for path in files:
            session.file(path)
        if labels is not None:
            session.file(labels, of_labels=True)
        session.end()
    wire.send(pipe, "end", None)
    pipe.seek(0)
    answer = Answer()
    for message, text in wire.receive(pipe):
        answer.take(message["kind"], message["items"], text)
    return answer.result()
