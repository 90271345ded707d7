"""A protocol's text as HTML: marks are cut from code-point offsets, nothing is added.

Headings and marks stand around the text, so that what a browser reads back from a section's body is
the stored text, character by character, and an offset counted there is right here.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from cer_assist.domain.protocols import TITLE_SECTION

STRENGTHS = 4
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ReadSection:
    """A section as the page shows it."""

    name: str  # empty for text that stands in no section
    key: str  # the letter after g, empty when no key is left
    start: int  # code points before its body
    body: Markup
    weight: int | None  # share of the suggestion's words found here, in per cent


def read_sections(
    text: str,
    sections: Sequence[Sequence[Any]],
    words: Sequence[dict[str, Any]],
    evidence: Iterable[Span],
) -> list[ReadSection]:
    """Every character of the text in order, section by section, with its marks."""
    bounds = _with_gaps(text, [(str(name), start, end) for name, start, end in sections])
    highlights = graded(words)
    keys = jump_keys([name for name, _, _ in bounds])
    total = sum(word["weight"] for word in words)
    return [
        ReadSection(
            name,
            key,
            start,
            marked(text, (start, end), highlights, evidence),
            round(100 * _weight_within(words, start, end) / total) if total > 0 else None,
        )
        for (name, start, end), key in zip(bounds, keys, strict=True)
    ]


def graded(words: Iterable[dict[str, Any]]) -> list[tuple[int, int, int]]:
    """(start, end, strength 1 to 4), the strength relative to the heaviest word."""
    spans = [(word["start"], word["end"], word["weight"]) for word in words]
    heaviest = max((weight for _, _, weight in spans), default=0)
    if heaviest <= 0:
        return []
    return [
        (start, end, min(STRENGTHS, 1 + int(STRENGTHS * weight / heaviest)))
        for start, end, weight in spans
        if weight > 0
    ]


def marked(
    text: str,
    within: Span,
    highlights: Iterable[tuple[int, int, int]],
    evidence: Iterable[Span],
) -> Markup:
    """The text between two offsets; highlights and evidence may overlap in any way."""
    low, high = within
    strong = [(max(a, low), min(b, high), s) for a, b, s in highlights if a < high and b > low]
    mine = [(max(a, low), min(b, high)) for a, b in evidence if a < high and b > low]
    cuts = {low, high}
    for span in (*strong, *mine):
        cuts.update(span[:2])
    places = sorted(cuts)
    pieces = []
    for start, end in pairwise(places):
        piece = str(escape(text[start:end]))
        strength = max((s for a, b, s in strong if a <= start and end <= b), default=0)
        if strength:
            piece = f'<mark class="hl s{strength}">{piece}</mark>'
        if any(a <= start and end <= b for a, b in mine):
            piece = f'<mark class="ev">{piece}</mark>'
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


def _weight_within(words: Iterable[dict[str, Any]], start: int, end: int) -> float:
    return sum(float(word["weight"]) for word in words if start <= word["start"] < end)


def is_title(section: ReadSection) -> bool:
    """The first section is the title, which the page shows as its heading."""
    return section.start == 0 and section.name == TITLE_SECTION
