"""A TXT file is one protocol; its lines stay as they are."""

from __future__ import annotations

from pathlib import Path

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import MAX_CHARACTERS
from cer_assist.imports.headings import Draft, outline
from cer_assist.imports.texts import open_text, read_bytes


def read(path: Path) -> Draft:
    """Read the text and find its sections."""
    stream, encoding = open_text(read_bytes(path), newline=None)
    text = stream.read(MAX_CHARACTERS + 1)
    if len(text) > MAX_CHARACTERS:
        raise InvalidInput(f"The text has more than {MAX_CHARACTERS:,} characters: split it.")
    draft = outline(text.split("\n"))
    return Draft(draft.title, draft.sections, encoding)
