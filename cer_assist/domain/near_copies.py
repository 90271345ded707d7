"""Texts that say nearly the same, found exactly: a second look that owes nothing to MinHash.

Two texts are near-copies from a set share of three-word sequences in common (Jaccard) on. What all
pairs have in common is counted, not estimated, and all texts are counted against one at once:
sequences of few texts by lists of these, sequences of many as bits of one long number for each,
added up column by column. So neither a template nor ten thousand texts take long.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

SHINGLE_WORDS = 3
# Jaccard overlap. A copy with three words in ten dropped keeps .27, unrelated protocols below .08.
PERCENT = 15
_WORDS = re.compile(r"\w+")
_FEW = 32  # texts, or one in a hundred: what more hold is held as bits
_MOST_PLACES = 2**23  # of the table that tells rare from common: 16 MB
_MANY = 2**16 - 1

Runs = Sequence[int]


def runs(text: str) -> array[int]:
    """The three-word sequences of a text, without case and punctuation, each once and in order."""
    words = _WORDS.findall(text.casefold())
    # Hashes of texts differ from process to process: they are compared here and never stored.
    found = set(map(hash, zip(words, words[1:], words[2:], strict=False)))
    return array("q", sorted(found or {hash(tuple(words))}))


def across(runs_of: Mapping[int, Runs], split_of: Mapping[int, str]) -> list[tuple[int, int]]:
    """All pairs of near-copies that lie in two splits, by key."""
    keys = sorted(split_of, key=lambda key: (len(runs_of[key]), key))
    seen = _Seen([runs_of[key] for key in keys])
    found = []
    for key in keys:
        for place, shared in seen.near_then_add(runs_of[key]):
            other = keys[place]
            either = len(runs_of[key]) + len(runs_of[other]) - shared
            if split_of[other] != split_of[key] and 100 * shared >= PERCENT * either:
                found.append((min(key, other), max(key, other)))
    return sorted(found)


class _Seen:
    """Texts by their sequences, the shortest first; a text has its place in that order."""

    def __init__(self, texts: Sequence[Runs]) -> None:
        self._places = 0
        self._few = max(_FEW, len(texts) // 100)
        places = 1 << (2 * sum(map(len, texts))).bit_length()
        self._mask = min(places, _MOST_PLACES) - 1
        self._held = _counted(texts, self._mask)
        self._lists: defaultdict[int, list[int]] = defaultdict(list)
        self._bits: defaultdict[int, int] = defaultdict(int)

    def near_then_add(self, own: Runs) -> list[tuple[int, int]]:
        """Of those before, all near-copies and few others, with what they have in common."""
        rare, common = self._parted(own)
        least = -(-PERCENT * len(own) // 100)  # of the longer text, in common with the other
        lists = [self._lists[run] for run in rare if run in self._lists]
        sets = [self._bits[run] for run in common if run in self._bits]
        # So many of the common ones, or else more than the rest of the rare ones.
        bits = max(least - len(lists), (least + 1) // 2)
        met, columns = Counter(chain(*lists)), _added(sets)
        near = {one for one, n in met.items() if n > least - bits}
        near.update(_ones(_at_least(columns, bits)))
        self._add(rare, common)
        return [(one, met[one] + _number(columns, one)) for one in sorted(near)]

    def _add(self, rare: Iterable[int], common: Iterable[int]) -> None:
        for run in rare:
            self._lists[run].append(self._places)
        bit = 1 << self._places
        for run in common:
            self._bits[run] |= bit
        self._places += 1

    def _parted(self, own: Runs) -> tuple[list[int], list[int]]:
        """Sequences that few hold and that many do; without those that nobody else holds."""
        held, mask, few = self._held, self._mask, self._few
        rare, common = [], []
        for run in own:
            n = held[run & mask]
            if n > few:
                common.append(run)
            elif n > 1:
                rare.append(run)
        return rare, common


def _counted(texts: Iterable[Runs], mask: int) -> array[int]:
    """How many texts hold a sequence, at least: two that meet in one place count together."""
    counts = array("H", bytes(2 * (mask + 1)))
    for own in texts:
        for run in own:
            if counts[run & mask] < _MANY:
                counts[run & mask] += 1
    return counts


def _added(sets: Iterable[int]) -> list[int]:
    """In how many sets each is: the bits of these numbers, the lowest first, each for everyone."""
    worth: defaultdict[int, list[int]] = defaultdict(list)
    for one, n in Counter(sets).items():  # the sequences of one sentence are held by the same texts
        for place in _ones(n):
            worth[place].append(one)
    columns: list[int] = []
    while any(place >= len(columns) for place in worth):
        left, carried = worth[len(columns)], worth[len(columns) + 1]
        while len(left) > 1:
            one, two = left.pop(), left.pop()
            three = left.pop() if left else 0
            differ = one ^ two
            left.append(differ ^ three)
            carried.append(one & two | differ & three)
        columns.append(left[0] if left else 0)
        if not carried:
            del worth[len(columns)]
    return columns


def _at_least(columns: Sequence[int], number: int) -> int:
    """Those whose number is not smaller."""
    more, equal = 0, -1
    for place in reversed(range(max(len(columns), number.bit_length()))):
        column = columns[place] if place < len(columns) else 0
        if number >> place & 1:
            equal &= column
        else:
            more |= equal & column
            equal &= ~column
    return more | equal


def _number(columns: Sequence[int], one: int) -> int:
    return sum((column >> one & 1) << place for place, column in enumerate(columns))


def _ones(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
