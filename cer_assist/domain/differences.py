"""What two versions of a protocol say differently, section by section and word by word.

Myers' shortest edit script takes the square of the number of differences, so what is nearly equal
is compared quickly however long it is; and it can be stopped. Passages that have too little in
common are held together by the sentences that both have. (difflib looks for common stretches among
all pairs of equal words: quadratic where a text repeats itself, and it cannot be stopped.)
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Any

from cer_assist.domain.protocols import Section

CONTEXT = 12  # words of what is unchanged that stay on either side of a change
MOST_EDITS = 1200  # of whole texts in words: half a second. Their sections share its square
_FEWEST_EDITS = 60  # of a short section, and between two sentences that stayed
_TOKENS = re.compile(r"(?:\w+|[^\w\s])\s*")
_WORDS = re.compile(r"\w+")


class Change(StrEnum):
    """What became of some words."""

    same = "same"
    gone = "gone"
    new = "new"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row with one fate, as they are written."""

    change: Change
    text: str
    words: int
    is_folded: bool = False  # unchanged and far from any change


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """One section that either version has."""

    name: str
    runs: list[Run]

    @property
    def gone(self) -> int:
        """Words that the later version lacks."""
        return sum(run.words for run in self.runs if run.change is Change.gone)

    @property
    def new(self) -> int:
        """Words that the earlier version lacks."""
        return sum(run.words for run in self.runs if run.change is Change.new)

    @property
    def same(self) -> int:
        """Words of both."""
        return sum(run.words for run in self.runs if run.change is Change.same)


@dataclass(frozen=True, slots=True)
class Difference:
    """Two texts side by side, and how much of them changed."""

    sections: list[SectionDifference]

    @property
    def gone(self) -> int:
        """Words taken out."""
        return sum(section.gone for section in self.sections)

    @property
    def new(self) -> int:
        """Words put in."""
        return sum(section.new for section in self.sections)

    @property
    def share_kept(self) -> float:
        """The words that both have, of all words of both: 1 where nothing changed."""
        same = 2 * sum(section.same for section in self.sections)
        return same / (same + self.gone + self.new) if same + self.gone + self.new else 1.0


def compare_texts(
    before: str, earlier: Sequence[Section], after: str, later: Sequence[Section]
) -> Difference:
    """Sections are matched by name, the first of a name with the first; others stand alone."""
    old, new = _named(before, earlier), _named(after, later)
    whole = max(1, len(before) + len(after))
    found = []
    for key in _in_order(list(old), list(new)):
        one, other = old.get(key, ""), new.get(key, "")
        most = max(_FEWEST_EDITS, int(MOST_EDITS * sqrt((len(one) + len(other)) / whole)))
        found.append(SectionDifference(key[0], _fold(compare_words(one, other, most))))
    return Difference(found)


def _named(text: str, sections: Sequence[Section]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for section in sections:
        number = 0
        while (section.name, number) in found:
            number += 1
        found[section.name, number] = text[section.start : section.end]
    return found


def _in_order(old: list[Any], new: list[Any]) -> list[Any]:
    """As the later version has them; what it lacks stands behind what it stood behind."""
    names = list(new)
    known = set(new)
    for at, name in enumerate(old):
        if name not in known:
            names.insert(names.index(old[at - 1]) + 1 if at else 0, name)
    return names


def compare_words(before: str, after: str, most: int = MOST_EDITS) -> list[Run]:
    """Runs of words that stayed, went or came; how lines are broken does not count."""
    old, new = _Tokens(before), _Tokens(after)
    found: list[tuple[Change, str]] = []
    x = y = 0
    for change, number in _merged(_script(old.keys, new.keys, most)):
        if change is Change.gone:
            found.append((change, old.text(x, x + number)))
        else:
            found.append((change, new.text(y, y + number)))
        x += number if change is not Change.new else 0
        y += number if change is not Change.gone else 0
    return [Run(change, text, len(_WORDS.findall(text))) for change, text in found]


class _Tokens:
    """Words and marks of a text, compared without the blanks behind them."""

    def __init__(self, text: str) -> None:
        self._written = _TOKENS.findall(text.strip())
        self.keys = [token.rstrip() for token in self._written]

    def text(self, first: int, last: int) -> str:
        return "".join(self._written[first:last])


Steps = list[tuple[Change, int]]  # what became of so many tokens, in order


def _merged(steps: Steps) -> Steps:
    """Between what stayed, first all that went, then all that came."""
    found: Steps = []
    gone = new = 0
    for change, number in [*steps, (Change.same, 0)]:
        if change is Change.gone:
            gone += number
        elif change is Change.new:
            new += number
        elif number or steps:
            found += [(Change.gone, gone), (Change.new, new), (Change.same, number)]
            gone = new = 0
    joined: Steps = []
    for change, number in found:
        if joined and joined[-1][0] is change:
            joined[-1] = (change, joined[-1][1] + number)
        elif number:
            joined.append((change, number))
    return joined


def _script(old: Sequence[str], new: Sequence[str], most: int) -> Steps:
    """By words where that is little work, else by sentences and by words between those."""
    steps = shortest_edits(old, new, most)
    if steps is not None:
        return steps
    olds, news = _sentences(old), _sentences(new)
    coarse = shortest_edits(olds, news, most)
    if coarse is None:
        return [(Change.gone, len(old)), (Change.new, len(new))]
    found: Steps = []
    x = y = first_x = first_y = 0  # in sentences
    for change, number in [*coarse, (Change.same, 0)]:
        if change is Change.same:
            gone = [token for sentence in olds[first_x:x] for token in sentence]
            came = [token for sentence in news[first_y:y] for token in sentence]
            found += _between(gone, came)
            found.append((Change.same, sum(map(len, olds[x : x + number]))))
            first_x, first_y = x + number, y + number
        x += number if change is not Change.new else 0
        y += number if change is not Change.gone else 0
    return found


def _between(gone: Sequence[str], came: Sequence[str]) -> Steps:
    steps = shortest_edits(gone, came, _FEWEST_EDITS)
    return steps if steps is not None else [(Change.gone, len(gone)), (Change.new, len(came))]


def _sentences(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    start = 0
    for at, token in enumerate(tokens, 1):
        if token in (".", "?", "!", ";", ":") or at == len(tokens):
            found.append(tuple(tokens[start:at]))
            start = at
    return found


def shortest_edits(old: Sequence[Any], new: Sequence[Any], most: int) -> Steps | None:
    """Myers' greedy algorithm (1986); None where it would take more than so many edits.

    `reach[k]` is how far the furthest path goes in `old` that has put k fewer in than taken out.
    """
    most = min(most, len(old) + len(new))
    reach = array("i", [0]) * (2 * most + 3)  # k may be negative: Python counts from the end then
    trail: list[array[int]] = []
    for edits in range(most + 1):
        for k in range(-edits, edits + 1, 2):
            is_new = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
            x = 0 if edits == 0 else reach[k + 1] if is_new else reach[k - 1] + 1
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            reach[k] = x
            if x >= len(old) and x - k >= len(new):
                return _walked_back(trail, len(old), len(new))
        trail.append(array("i", [reach[k] for k in range(-edits, edits + 1)]))
    return None


def _walked_back(trail: Sequence[array[int]], x: int, y: int) -> Steps:
    """The path that led to the end: before each edit stands what both have."""
    steps: Steps = []
    for edits in range(len(trail), 0, -1):
        reach, k = trail[edits - 1], x - y
        at = {key: reach[key + edits - 1] for key in (k - 1, k + 1) if abs(key) < edits}
        is_new = k == -edits or (k != edits and at.get(k - 1, -1) < at.get(k + 1, -1))
        before = k + 1 if is_new else k - 1
        start = at[before] if is_new else at[before] + 1
        steps += [(Change.same, x - start), (Change.new if is_new else Change.gone, 1)]
        x = at[before]
        y = x - before
    steps.append((Change.same, x))
    return [step for step in reversed(steps) if step[1]]


def _fold(runs: Sequence[Run]) -> list[Run]:
    """Of long unchanged stretches only what stands next to a change is left unfolded."""
    found: list[Run] = []
    for at, run in enumerate(runs):
        head = CONTEXT if at else 0
        tail = CONTEXT if at < len(runs) - 1 else 0
        if run.change is not Change.same or run.words <= head + tail + CONTEXT:
            found.append(run)
            continue
        starts = [match.start() for match in _WORDS.finditer(run.text)]
        first = starts[head] if head else 0
        last = starts[-tail] if tail else len(run.text)
        found += [
            Run(Change.same, run.text[:first], head),
            Run(Change.same, run.text[first:last], run.words - head - tail, is_folded=True),
            Run(Change.same, run.text[last:], tail),
        ]
    return [run for run in found if run.text]
