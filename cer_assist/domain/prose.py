"""Sentences whose every number knows where it comes from: one without a source cannot be written.

Plain words hold no digits. What holds some is a number with its source, or is given as a name, a
date, a hash or a citation, which nobody recomputes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number can be looked up and made again."""

    meaning: str  # its definition, in one sentence
    page: str  # address below the project, with its filters; empty: no page shows it
    command: str  # of manage.py, which prints it with --json
    path: str  # of the key in what that prints


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is shown, and its source."""

    value: float
    shown: str
    source: Source


class Kind(StrEnum):
    """What may hold digits and is no number."""

    name = "name"
    date = "date"
    hash = "hash"
    citation = "citation"


@dataclass(frozen=True, slots=True)
class Given:
    """A name, a date, a hash or a citation, as it stands elsewhere."""

    text: str
    kind: Kind = Kind.name


Part = str | Number | Given


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, numbers and names in their order."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        """Refuse a number that is written as words."""
        for part in self.parts:
            if isinstance(part, str) and _DIGIT.search(part):
                raise ValueError(f"a number without a source: {part!r}")

    @property
    def text(self) -> str:
        """As it reads."""
        return "".join(shown(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its paragraphs of sentences; a list has an item a paragraph."""

    key: str
    title: str
    paragraphs: tuple[tuple[Sentence, ...], ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A text in sections, with what it cites."""

    title: str
    about: tuple[Sentence, ...]
    sections: tuple[Section, ...]
    references: tuple[str, ...]
    at: dt.datetime  # when what it says was read
    numbers: Mapping[Source, tuple[int, Number]] = field(init=False)  # in the order of the text

    def __post_init__(self) -> None:
        """Number the sources; what stands twice has one number."""
        found: dict[Source, tuple[int, Number]] = {}
        for sentence in self.sentences():
            for part in sentence.parts:
                if isinstance(part, Number) and part.source not in found:
                    found[part.source] = (len(found) + 1, part)
        object.__setattr__(self, "numbers", found)

    def sentences(self) -> Iterator[Sentence]:
        """All of them, in order."""
        yield from self.about
        for section in self.sections:
            for paragraph in section.paragraphs:
                yield from paragraph

    def note(self, number: Number) -> int:
        """The number of the note that tells where a number comes from."""
        return self.numbers[number.source][0]


def shown(part: Part) -> str:
    """A part as it reads."""
    if isinstance(part, str):
        return part
    return part.shown if isinstance(part, Number) else part.text
