"""A round of practice: which items are drawn, how far an answer is off, and what passes.

Plain functions of levels and numbers, so that a lead's mark means the same on every page.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drawable:
    """An item that a coder could be given."""

    id: int
    level: int
    seen: int  # earlier rounds in which this coder had it


def draw_round(items: Sequence[Drawable], size: int, dice: random.Random) -> list[int]:
    """At most `size` items in random order, as evenly over the levels as there are any.

    Of a level those come first that the coder has had least often.
    """
    by_level: defaultdict[int, list[Drawable]] = defaultdict(list)
    for item in dice.sample(items, len(items)):
        by_level[item.level].append(item)
    piles = [sorted(pile, key=lambda item: item.seen, reverse=True) for pile in by_level.values()]
    drawn: list[int] = []
    while piles and len(drawn) < size:
        # Where the last turn cannot serve all levels, chance says which, not their order.
        for pile in dice.sample(piles, len(piles))[: size - len(drawn)]:
            drawn.append(pile.pop().id)
        piles = [pile for pile in piles if pile]
    dice.shuffle(drawn)
    return drawn


def levels_off(said: int, level: int, also: int | None) -> int:
    """How many levels an answer is from the nearest one that counts as right."""
    return min(abs(said - right) for right in (level, also) if right is not None)


def passes(off: Sequence[int], mark: float, *, no_far: bool) -> bool:
    """Whether a finished round reaches its mark."""
    if no_far and any(one > 1 for one in off):
        return False
    # A mark of 80 % is reached by 8 of 10, whatever binary fractions make of it.
    return bool(off) and off.count(0) >= mark * len(off) - 1e-9


@dataclass(frozen=True, slots=True)
class Tally:
    """How answers to items of one level, or of all, came out."""

    asked: int
    right: int
    one_off: int

    @property
    def further(self) -> int:
        """More than one level off."""
        return self.asked - self.right - self.one_off

    @classmethod
    def of(cls, off: Iterable[int]) -> Tally:
        """Count how far answers were off."""
        counted = list(off)
        return cls(len(counted), counted.count(0), counted.count(1))


def by_level(answers: Iterable[tuple[int, int]]) -> dict[int, Tally]:
    """(right level, levels off) of each answer, counted by level from the lowest."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for level, off in answers:
        found[level].append(off)
    return {level: Tally.of(found[level]) for level in sorted(found)}
