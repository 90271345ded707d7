"""A TXT file is one protocol; its lines stay as they are."""

from __future__ import annotations

from pathlib import Path

from cer_assist.imports.headings import Draft, outline
from cer_assist.imports.texts import open_text, read_bytes


def read(path: Path) -> Draft:
    """Read the text and find its sections."""
    stream, encoding = open_text(read_bytes(path), newline=None)
    draft = outline(stream.read().split("\n"))
    return Draft(draft.title, draft.sections, encoding)
