"""How two wordings of a rubric differ, by level and part, down to the words.

Which levels a change touches is a guess from what it names: a lead corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from cer_assist.domain.differences import Tokens, edits
from cer_assist.domain.wording import LevelWording, Pair, Wording

_Parts = dict[str, tuple[str, ...]]
# Sentences that share less than this say something else: single common words would only confuse.
_ALIKE = 0.35
_NUMBER = re.compile(r"\b\d\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stand in both wordings or in one of them."""

    mark: Literal["same", "out", "in"]
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """An item before and after; None: it was not there."""

    before: tuple[Piece, ...] | None
    after: tuple[Piece, ...] | None

    @property
    def text(self) -> str:
        """All its words, of both sides."""
        return " ".join(piece.text for piece in (*(self.before or ()), *(self.after or ())))


@dataclass(frozen=True, slots=True)
class Change:
    """A part that reads otherwise."""

    level: int | None  # None: a part of the whole scale
    part: str
    rows: tuple[Row, ...]
    unchanged: int  # items of the same part that stayed as they were


def changes(before: Wording, after: Wording) -> list[Change]:
    """What reads otherwise, first of the whole scale, then level by level."""
    known = {level.value: level for level in before.levels}
    pairs: list[tuple[int | None, _Parts, _Parts]] = [
        (None, _of_the_whole(before), _of_the_whole(after))
    ]
    for level in after.levels:
        earlier = known.get(level.value, LevelWording(level.value))
        pairs.append((level.value, _of_a_level(earlier), _of_a_level(level)))
    found = []
    for value, old, new in pairs:
        for part in new:
            if old[part] != new[part]:
                rows, unchanged = _rows(old[part], new[part])
                found.append(Change(value, part, tuple(rows), unchanged))
    return found


def touched(found: Sequence[Change], scale: Sequence[int]) -> tuple[int, ...]:
    """Levels whose own text changed, and those that a changed rule or term names by number."""
    levels = {change.level for change in found if change.level is not None}
    for change in found:
        if change.level is None and change.part != "source":
            for row in change.rows:
                levels |= {int(number) for number in _NUMBER.findall(row.text)}
    return tuple(level for level in scale if level in levels)


def words_changed(before: str, after: str) -> Row:
    """One text before and after, with the words that went and came."""
    old, new = Tokens(before), Tokens(after)
    steps = edits(old.keys, new.keys)
    kept = sum(step.old.stop - step.old.start for step in steps if step.is_same)
    if 2 * kept < _ALIKE * (len(old.keys) + len(new.keys)):
        return Row((Piece("out", before),), (Piece("in", after),))
    left = [Piece("same" if step.is_same else "out", old.text(step.old)) for step in steps]
    right = [Piece("same" if step.is_same else "in", new.text(step.new)) for step in steps]
    return Row(*(tuple(piece for piece in side if piece.text) for side in (left, right)))


def _of_the_whole(wording: Wording) -> _Parts:
    return {
        "title": _one(wording.title),
        "instruction": _one(wording.instruction),
        "terms": _joined(wording.terms, ": "),
        "decision rules": wording.decision_rules,
        "source": _one(wording.source),
    }


def _of_a_level(level: LevelWording) -> _Parts:
    return {
        "name": _one(level.name),
        "definition": _one(level.definition),
        "belongs here": level.include,
        "does not": level.exclude,
        "examples": _joined(level.examples, " – "),
        "cue words": level.cue_words,
    }


def _one(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _joined(pairs: tuple[Pair, ...], between: str) -> tuple[str, ...]:
    return tuple(f"{first}{between}{second}" for first, second in pairs)


def _rows(before: Sequence[str], after: Sequence[str]) -> tuple[list[Row], int]:
    rows: list[Row] = []
    unchanged = 0
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            unchanged += b - a
        else:
            rows += _paired(before[a:b], after[c:d])
    return rows, unchanged


def _paired(before: Sequence[str], after: Sequence[str]) -> Iterator[Row]:
    """Items in each other's place, word by word; what is left over came or went as a whole."""
    for old, new in zip_longest(before, after):
        if old is None:
            yield Row(None, (Piece("in", new),))
        elif new is None:
            yield Row((Piece("out", old),), None)
        else:
            yield words_changed(old, new)
