"""A protocol's words against its levels: what each adds to each, for a table or a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from cer_assist.services.suggestions import Look, WordMark

STEPS = 9  # of heat, each with a class in pages.css
TOP_WORDS = 8  # of a level
TEXT_ORDER, ATTENTION = "text", "attention"


@dataclass(frozen=True, slots=True)
class HeatCell:
    """What a word does to a level; `heat` is 0 to 9, of the largest change in the protocol."""

    change: float
    heat: int

    @property
    def sign(self) -> str:
        """For the eye that sees no colours: against the level, or nothing."""
        return "against" if self.change < 0 and self.heat else ""


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One occurrence of a word."""

    word: str
    start: int
    attention: float
    cells: list[HeatCell]


def orders(scale: Sequence[int]) -> list[str]:
    """What rows can be sorted by."""
    return [TEXT_ORDER, *(str(level) for level in scale), ATTENTION]


def heat_rows(
    text: str, words: Sequence[WordMark], scale: Sequence[int], order: str
) -> list[HeatRow]:
    """A row for every marked word, in the order of the text or of what it does."""
    largest = max((abs(change) for word in words for change in word.adds), default=0.0)
    rows = [
        HeatRow(
            text[word.start : word.end],
            word.start,
            word.attention,
            [HeatCell(change, _heat(change, largest)) for change in word.adds],
        )
        for word in sorted(words)
    ]
    if order == ATTENTION:
        return sorted(rows, key=lambda row: -row.attention)
    if order == TEXT_ORDER:
        return rows
    place = [str(level) for level in scale].index(order)
    return sorted(rows, key=lambda row: -row.cells[place].change)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Which words of a sentence gather from which: row by column, `heat` of the largest cell."""

    words: list[str]
    rows: list[list[HeatCell]]
    elsewhere: list[float]  # what each word looks at beyond the sentence's listed words


def gathered(text: str, looks: Sequence[Look]) -> list[Gathered]:
    """A matrix for every sentence, the one that speaks most for the level first."""
    found = []
    for _, group in groupby(looks, key=lambda look: look.sentence):
        sentence = list(group)
        largest = max((share for look in sentence for share in look.at), default=0.0)
        found.append(
            Gathered(
                [text[look.start : look.end] for look in sentence],
                [
                    [HeatCell(share, _heat(share, largest)) for share in look.at]
                    for look in sentence
                ],
                [max(0.0, 1 - sum(look.at)) for look in sentence],
            )
        )
    return found


def top_words(rows: Sequence[HeatRow], place: int) -> list[tuple[str, float]]:
    """The words that add most to the level at this place of the scale, each where it adds most."""
    found: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: -row.cells[place].change):
        if row.cells[place].change > 0:
            found.setdefault(row.word.casefold(), row.cells[place].change)
    return list(found.items())[:TOP_WORDS]


def _heat(change: float, largest: float) -> int:
    return round(STEPS * abs(change) / largest) if largest > 0 else 0
