"""A protocol's text as HTML: marks are cut from code-point offsets, nothing is added.

Headings and marks stand around the text, so that what a browser reads back from a section's body is
the stored text, character by character, and an offset counted there is right here.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from cer_assist.domain.protocols import TITLE_SECTION
from cer_assist.services.suggestions import SectionMass, WordMark

STRENGTHS = 4
Span = tuple[int, int]


class Mass(NamedTuple):
    """A section's shares in per cent: of what speaks for the model's level, of its attention."""

    weight: int
    attention: int


@dataclass(frozen=True, slots=True)
class ReadSection:
    """A section as the page shows it."""

    name: str  # empty for text that stands in no section
    key: str  # the letter after g, empty when no key is left
    start: int  # code points before its body
    body: Markup
    mass: Mass | None  # of the model's words


@dataclass(frozen=True, slots=True)
class Marks:
    """What is marked in a text, each with its span first.

    A word's tag says what is known of it: pages with a script look at words in other ways too.
    """

    words: Sequence[WordMark] = ()
    sentences: Sequence[tuple[int, int, float]] = ()
    evidence: Sequence[Span] = ()
    sections: Sequence[SectionMass] = ()
    voices: Sequence[tuple[int, int, str]] = ()  # what coders marked, by their letters


def read_sections(text: str, sections: Sequence[Sequence[Any]], marks: Marks) -> list[ReadSection]:
    """Every character of the text in order, section by section, with its marks."""
    bounds = _with_gaps(text, [(str(name), start, end) for name, start, end in sections])
    tags = _tags(marks)
    keys = jump_keys([name for name, _, _ in bounds])
    masses = {mass.start: _percent(mass) for mass in marks.sections}
    return [
        ReadSection(
            name,
            key,
            start,
            marked(text, (start, end), tags),
            masses.get(start),
        )
        for (name, start, end), key in zip(bounds, keys, strict=True)
    ]


def _tags(marks: Marks) -> list[tuple[int, int, str]]:
    """Every mark's span and opening tag, the innermost first."""
    heaviest = max((word.weight for word in marks.words), default=0)
    words = [(word.start, word.end, _word_tag(word, heaviest)) for word in marks.words]
    evidence = [(start, end, '<mark class="ev">') for start, end in marks.evidence]
    sentences = [
        (start, end, f'<mark class="passage" data-rank="{rank}">')
        for rank, (start, end, _) in enumerate(marks.sentences, 1)
    ]
    voices = [
        (start, end, f'<mark class="voice voice-{letter}" data-voice="{letter}-{start}">')
        for start, end, letter in marks.voices
    ]
    return [*words, *evidence, *voices, *sentences]


def _word_tag(word: WordMark, heaviest: float) -> str:
    strength = strength_of(word.weight, heaviest)
    kind = f"hl s{strength}" if strength else "word"
    adds = " ".join(f"{change:g}" for change in word.adds)
    return (
        f'<mark class="{kind}" data-at="{word.start}" data-weight="{word.weight:g}" '
        f'data-attention="{word.attention:g}" data-adds="{adds}">'
    )


def strength_of(weight: float, heaviest: float) -> int:
    """1 to 4 relative to the heaviest, 0 for a word that carries nothing."""
    if weight <= 0 or heaviest <= 0:
        return 0
    return min(STRENGTHS, 1 + int(STRENGTHS * weight / heaviest))


def marked(text: str, within: Span, tags: Sequence[tuple[int, int, str]]) -> Markup:
    """The text between two offsets; marks may overlap in any way."""
    low, high = within
    here = [(max(a, low), min(b, high), tag) for a, b, tag in tags if a < high and b > low]
    places = sorted({low, high}.union(*({a, b} for a, b, _ in here)))
    pieces = []
    for start, end in pairwise(places):
        piece = str(escape(text[start:end]))
        for tag in dict.fromkeys(tag for a, b, tag in here if a <= start and end <= b):
            piece = f"{tag}{piece}</mark>"
        pieces.append(piece)
    return Markup("".join(pieces))  # noqa: S704 - every piece of the text was escaped above


def jump_keys(names: Sequence[str]) -> list[str]:
    """One letter or digit for each section, the first of its name that is still free."""
    taken: set[str] = set()
    keys = []
    for name in names:
        wanted = [c for c in name.lower() if c in string.ascii_lowercase]
        spare = string.ascii_lowercase + string.digits
        key = next((c for c in (*wanted, *spare) if c not in taken), "") if name else ""
        taken.add(key)
        keys.append(key)
    return keys


def _with_gaps(text: str, bounds: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Text between sections is text too: it gets a nameless section unless it is blank."""
    found: list[tuple[str, int, int]] = []
    at = 0
    for name, start, end in [*bounds, ("", len(text), len(text))]:
        if text[at:start].strip():
            found.append(("", at, start))
        if end > start:
            found.append((name, start, end))
        at = end
    return found


def _percent(mass: SectionMass) -> Mass:
    return Mass(round(100 * mass.weight), round(100 * mass.attention))


def is_title(section: ReadSection) -> bool:
    """The first section is the title, which the page shows as its heading."""
    return section.start == 0 and section.name == TITLE_SECTION
