"""Where a file marks no headings, short lines that look like one and have text below them count.

A line that only might be a heading stays text: nothing that was written is ever dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from cer_assist.imports.mapping import SECTION_WORDS

TEXT_SECTION = "Text"
_MAX_HEADING, _MAX_WORDS = 80, 10
_MAX_TITLE = 300
# A bare number is kept: in "12 Month Follow-up" it belongs to the words.
_NUMBER = re.compile(
    r"^(?:#{1,6}|(?:(?:Section|Part|SECTION|PART)\s+)?"
    r"(?:\d+(?:\.\d+)+[.):]?|\d+[.):]|[IVX]+[.):]|[A-Za-z][.):]))\s+"
)
_TITLE_LABEL = re.compile(r"^(?:(?:study|protocol|project|full|research)\s+)?title\s*:\s*", re.I)
_JUNK_TITLES = ("microsoft word", "untitled", "template", "document1")
_SENTENCE_END = (".", "?", "!", ":", "”", '"', ")")


def usable_title(title: str) -> str:
    """A title from a file's properties, unless a program made it up."""
    plain = title.strip().casefold()
    made_up = plain.startswith(_JUNK_TITLES) or plain.endswith((".doc", ".docx", ".pdf"))
    return "" if made_up else title.strip()


@dataclass(frozen=True)
class Draft:
    """A document as a title and named bodies, before it is composed."""

    title: str
    sections: list[tuple[str, str]] = field(default_factory=list)
    encoding: str | None = None


def outline(lines: Sequence[str], title: str = "") -> Draft:
    """Cut lines into sections; without a title the first line is it."""
    rows = [line.strip() for line in lines]
    start = next((place for place, row in enumerate(rows) if row), len(rows))
    rows = rows[start:]
    title, rows = _take_title(rows, title.strip())
    return Draft(title, _sections(rows))


def _take_title(rows: list[str], title: str) -> tuple[str, list[str]]:
    """Use the first line as title, and never repeat a title in the text."""
    line = _TITLE_LABEL.sub("", rows[0].lstrip("# ")) if rows else ""
    if title:
        same = line.casefold() == title.casefold()
        return title, rows[1:] if same and any(rows[1:]) else rows
    if len(line) <= _MAX_TITLE and any(rows[1:]):
        return line, rows[1:]
    return "", rows


def _sections(rows: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, list[str]]] = [(TEXT_SECTION, [])]
    for place, row in enumerate(rows):
        if _opens_section(rows, place):
            found.append((heading_name(row), []))
        else:
            found[-1][1].append(row)
    joined = [(name, re.sub(r"\n{3,}", "\n\n", "\n".join(body)).strip()) for name, body in found]
    return [(name, body) for name, body in joined if body]


def heading_name(line: str) -> str:
    """A heading without its number, marks and colon."""
    name = _NUMBER.sub("", line, count=1).rstrip(" :#").strip()
    return name or line


def _opens_section(rows: list[str], place: int) -> bool:
    if not looks_like_heading(rows[place]):
        return False
    before = rows[place - 1] if place else ""
    if before and not before.endswith(_SENTENCE_END):
        return False  # the end of a wrapped line, such as a name
    below = next((row for row in rows[place + 1 :] if row), "")
    return bool(below) and not looks_like_heading(below)


def looks_like_heading(line: str) -> bool:
    """Short, no sentence, and in capitals, title case, numbered, or named like a section."""
    if not 3 <= len(line) <= _MAX_HEADING or line[-1] in ".,;?!":
        return False
    if line.startswith("#"):
        return True
    name = heading_name(line)
    words = name.split()
    if len(words) > _MAX_WORDS or not name[0].isupper() or "|" in name:
        return False
    if line.endswith(":") and len(words) <= 6:
        return True
    long_words = [word for word in words if len(word) >= 4]
    in_title_case = bool(long_words) and all(word[0].isupper() for word in long_words)
    is_named = len(words) <= 5 and SECTION_WORDS.search(name.casefold()) is not None
    return in_title_case or is_named
