"""A version's words as points: what each does to a level against how much it is looked at.

A word speaks for the level or against it; the half of the kept words that does less than the median
is called neutral, whatever its sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Any


class Group(StrEnum):
    """What a word does to a level."""

    speaks_for = "for"
    against = "against"
    neutral = "neutral"


@dataclass(frozen=True, slots=True)
class WordRow:
    """A word with its scores."""

    word: str
    group: Group
    documents: int
    attention: float
    polarity: list[float]  # of each level, in order
    at_level: float  # of the level that was asked for


@dataclass(frozen=True, slots=True)
class WordScores:
    """What a version has stored of its words, by name."""

    source: str
    levels: list[int]
    documents: int
    rows: list[WordRow]


def grouped(stored: dict[str, Any], level: int) -> WordScores:
    """Stored scores, the words that speak most for a level first."""
    place = stored["levels"].index(level)
    found = {word: row[2:][place] for word, row in stored["words"].items()}
    middle = median(map(abs, found.values())) if found else 0.0
    rows = [
        WordRow(word, _group(found[word], middle), documents, attention, polarity, found[word])
        for word, (documents, attention, *polarity) in stored["words"].items()
    ]
    rows.sort(key=lambda row: (-row.at_level, row.word))
    return WordScores(stored["source"], stored["levels"], stored["documents"], rows)


def fitting(rows: Sequence[WordRow], query: str) -> set[str]:
    """The words that a search finds; all of them where nothing is looked for."""
    return {row.word for row in rows if query.casefold() in row.word}


def points(rows: Sequence[WordRow], *, is_share: bool) -> list[dict[str, Any]]:
    """The same as the chart takes them."""
    return [
        {
            "word": row.word,
            "group": row.group,
            "documents": row.documents,
            "attention": row.attention,
            "polarity": row.at_level,
            "said": f"polarity {row.at_level:+.3g}, attention {looked(row.attention, is_share)}\n"
            f"{row.group}, in {row.documents} protocols",
        }
        for row in rows
    ]


def looked(attention: float, is_share: bool) -> str:
    """Attention as people read it: a share in per cent, a score as it is."""
    return f"{100 * attention:.2g} %" if is_share else f"{attention:+.3g}"


def _group(polarity: float, middle: float) -> Group:
    if abs(polarity) < middle or polarity == 0:
        return Group.neutral
    return Group.speaks_for if polarity > 0 else Group.against
