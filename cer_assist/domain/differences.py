"""What two versions of a protocol say differently, section by section and word by word.

RapidFuzz finds the fewest words that went and came, and ends whatever the texts say: of 50,000
words in a second. Words that both have by chance in the middle of a long change would only confuse:
they count as changed. (difflib looks for common stretches among all pairs of equal words: quadratic
where a text repeats itself. diff-match-patch is stopped by the clock: what it finds would depend on
how busy the machine is.)
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rapidfuzz.distance import Indel, Levenshtein

from cer_assist.domain.protocols import Section

CONTEXT = 12  # words of what is unchanged that stay on either side of a change
_BY_CHANCE = 4  # what stayed is told where no more than so many times as much changed around it
_LARGEST_TABLE = 4 * 10**8  # pairs of words, a bit each: 50 MB
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
    return Difference(
        [
            SectionDifference(key[0], _fold(compare_words(old.get(key, ""), new.get(key, ""))))
            for key in _in_order(list(old), list(new))
        ]
    )


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


def compare_words(before: str, after: str) -> list[Run]:
    """Runs of words that stayed, went or came; how lines are broken does not count."""
    old, new = Tokens(before), Tokens(after)
    found: list[tuple[Change, str]] = []
    for step in edits(old.keys, new.keys):
        if step.is_same:
            found.append((Change.same, new.text(step.new)))
        else:
            found += [(Change.gone, old.text(step.old)), (Change.new, new.text(step.new))]
    return [Run(change, text, len(_WORDS.findall(text))) for change, text in found if text]


class Tokens:
    """Words and marks of a text, compared without the blanks behind them."""

    def __init__(self, text: str) -> None:
        self._written = _TOKENS.findall(text.strip())
        self.keys = [token.rstrip() for token in self._written]

    def text(self, part: slice[int, int, None]) -> str:
        """Some of them as they are written."""
        return "".join(self._written[part])


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of both sides that stayed, or what came in place of what went."""

    is_same: bool
    old: slice[int, int, None]
    new: slice[int, int, None]


def edits(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Step]:
    """From one side to the other with the fewest changes, but for what stayed by chance."""
    is_small = len(old) * len(new) <= _LARGEST_TABLE
    # Without the table a word in another's place counts once, which reads a little worse.
    finder = Indel if is_small else Levenshtein
    joined: list[Step] = []
    stayed: Step | None = None  # between the change before it and the one that comes
    for code in finder.opcodes(old, new):
        step = Step(
            code.tag == "equal",
            slice(code.src_start, code.src_end),
            slice(code.dest_start, code.dest_end),
        )
        if step.is_same:
            stayed = step
            continue
        if joined and (stayed is None or _is_by_chance(joined[-1], stayed, step)):
            before = joined.pop()
            step = Step(
                False,
                slice(before.old.start, step.old.stop),
                slice(before.new.start, step.new.stop),
            )
        elif stayed is not None:
            joined.append(stayed)
        joined.append(step)
        stayed = None
    return joined if stayed is None else [*joined, stayed]


def _is_by_chance(before: Step, stayed: Step, after: Step) -> bool:
    """Much changed on either side of little that stayed."""
    return _length(stayed) * _BY_CHANCE <= min(_length(before), _length(after))


def _length(step: Step) -> int:
    return max(step.old.stop - step.old.start, step.new.stop - step.new.start)


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
