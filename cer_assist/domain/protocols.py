"""A protocol is ONE text and sections that point into it.

Pages, evidence, highlights and the learner all count code points of the same string, so an
offset found anywhere is right everywhere. Headings are names of sections, never part of the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cer_assist.domain.errors import InvalidInput

MAX_CHARACTERS = 2_000_000
TITLE_SECTION = "Title"
# C0 and C1 controls but tab and newline: no browser shows them and XML formats refuse them.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ASCII_CONTROLS = bytes([*range(9), *range(11, 32), 127])  # those of them, and \\r
_RARE_ENDS = re.compile("[\x85\u2028\u2029]")
_NEWLINES = re.compile("\r\n|\r|\x85|\u2028|\u2029")


@dataclass(frozen=True, slots=True)
class Section:
    """A named stretch of a protocol's text; offsets are code points, end exclusive."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class ProtocolText:
    """A protocol as read from a file or the database."""

    external_id: str
    title: str
    text: str
    sections: tuple[Section, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    amends: str = ""  # id of the version before it
    copy_of: str = ""
    superseded_by: str | None = None  # None: not said; a version supersedes the one it amends
    is_altered: bool = field(default=False, compare=False)  # as read: see `alters`

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over text and section bounds: equal hashes mean the same reading matter."""
        return content_hash(self.text, self.sections)


def content_hash(text: str, sections: Sequence[Section]) -> str:
    """Hash what a reader sees; ids and metadata do not count."""
    digest = hashlib.sha256(text.encode())
    for section in sections:
        digest.update(f"\x1e{section.name}\x1f{section.start}\x1f{section.end}".encode())
    return digest.hexdigest()


def clean(text: str) -> str:
    """Newlines as \\n, no control characters, no outer blanks: what a browser would show anyway."""
    # Most texts have nothing to take out, and both tests tell five times faster than the patterns.
    if text.isascii():
        if len(text.encode().translate(None, _ASCII_CONTROLS)) == len(text):
            return text.strip()
    elif text.isprintable():
        return text.strip()
    return _CONTROLS.sub("", _NEWLINES.sub("\n", text)).strip()


def alters(text: str) -> bool:
    """Whether `clean` changes more than blanks and the ends of lines."""
    return not text.isprintable() and bool(_CONTROLS.search(text) or _RARE_ENDS.search(text))


def compose(
    external_id: str,
    title: str,
    sections: Sequence[tuple[str, str]],
    metadata: Mapping[str, str] | None = None,
) -> ProtocolText:
    """Join a title and named bodies into one text with offsets; empty parts are left out."""
    bodies = ((clean(name), clean(body)) for name, body in sections)
    parts = [(TITLE_SECTION, clean(title)), *bodies]
    pieces: list[str] = []
    found: list[Section] = []
    length = 0
    for name, body in parts:
        if not body:
            continue
        if pieces:
            pieces.append("\n\n")
            length += 2
        pieces.append(body)
        found.append(Section(name, length, length + len(body)))
        length += len(body)
    identity = clean(external_id)
    _check(identity, found, length)
    return ProtocolText(
        identity,
        parts[0][1],
        "".join(pieces),
        tuple(found),
        dict(metadata or {}),
        is_altered=any(alters(body) for body in (title, *(body for _, body in sections))),
    )


def _check(external_id: str, sections: Sequence[Section], length: int) -> None:
    if not external_id:
        raise InvalidInput("A protocol has no id: fill in the id column.")
    if len(external_id) > 200:
        raise InvalidInput(f"The id {external_id[:40]}… is longer than 200 characters: shorten it.")
    if not any(section.name != TITLE_SECTION for section in sections):
        raise InvalidInput(f"Protocol {external_id} has no text: fill in its text or a section.")
    if length > MAX_CHARACTERS:
        raise InvalidInput(
            f"Protocol {external_id} has {length:,} characters, more than {MAX_CHARACTERS:,}: "
            "split it or leave out appendices."
        )
