"""Dealing protocols to train, validation and test: whole groups, each level in its share.

What belongs together (versions and copies of a study, near-copies, what has the same investigator)
is one group and goes one way. Groups are dealt one by one as in iterative stratification (Sechidis,
Tsoumakas & Vlahavas 2011, doi:10.1007/978-3-642-23808-6_10): of the level with the fewest protocols
left the group that has most of it, to the split that lacks most of what the group holds. Large
groups that hold several levels can leave that far from what is possible, so afterwards groups are
moved, or two exchanged, as long as levels come nearer to their shares. Chance decides only between
equals, by SHA-256 of the seed, so the same protocols are dealt the same way anywhere.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cer_assist.domain.errors import InvalidInput

TRAIN, VALIDATION, TEST = "train", "validation", "test"
FENCED = "fenced"  # the sample that models are measured on, as it was drawn
LEFT_OUT = "left_out"  # in a group with a fenced one, and so of no use to anyone
DEALT = (TRAIN, VALIDATION, TEST)
USED = (*DEALT, FENCED)
FAR = 0.05  # a share that is missed by more is told
FEW_GROUPS = 200  # of more, moving one by one comes near enough
NEARER = 1e-9  # of the sum of squares: less is rounding


@dataclass(frozen=True, slots=True)
class Piece:
    """A protocol that has a level, and what it must stay together with."""

    key: int
    group: int
    level: int
    is_fenced: bool = False


def joined(keys: Sequence[int], *ties: Mapping[int, Hashable | None]) -> dict[int, int]:
    """The group of each: the smallest of those that some tie gives the same value, by any path.

    Each tie says what a protocol has (a cluster, a study, an investigator); None ties to nothing.
    """
    parent = {key: key for key in keys}
    for tie in ties:
        first: dict[Hashable, int] = {}
        for key in sorted(keys):
            value = tie.get(key)
            if value is not None:
                _join(parent, first.setdefault(value, key), key)
    return {key: _root(parent, key) for key in keys}


def merged(groups: Mapping[int, int], pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Groups of `joined` of which some pairs have to stay together as well."""
    parent = dict(groups)
    for one, other in pairs:
        _join(parent, one, other)
    return {key: _root(parent, key) for key in parent}


def dealt(
    pieces: Iterable[Piece], shares: Mapping[str, float], seed: int, *, fenced_to: str = FENCED
) -> dict[int, str]:
    """The split of each protocol; `shares` are of what is not fenced, and add up to 1.

    Fenced ones go apart, to `fenced_to`; what is in a group with one of them is left out. Every
    split with a share gets a group, or nothing is dealt.
    """
    groups: dict[int, list[Piece]] = {}
    for piece in sorted(pieces, key=lambda piece: piece.key):
        groups.setdefault(piece.group, []).append(piece)
    apart = {group for group, own in groups.items() if any(piece.is_fenced for piece in own)}
    free = {group: own for group, own in groups.items() if group not in apart}
    names = [name for name in DEALT if shares.get(name, 0) > 0]
    if len(free) < len(names):
        fenced = f" ({len(apart)} more hold a protocol of the fenced sample)" if apart else ""
        raise InvalidInput(
            f"Nothing is dealt: {len(free)} groups of protocols with a level{fenced} are there for "
            f"{len(names)} splits. Settle more, keep fewer columns in one split, or give fewer "
            "splits a share."
        )
    split_of = _dealt(free, shares, names, seed)
    for group in apart:
        for piece in groups[group]:
            split_of[piece.key] = fenced_to if piece.is_fenced else LEFT_OUT
    return split_of


def _dealt(
    groups: Mapping[int, Sequence[Piece]],
    shares: Mapping[str, float],
    names: Sequence[str],
    seed: int,
) -> dict[int, str]:
    held = {group: Counter(piece.level for piece in own) for group, own in groups.items()}
    left: Counter[int] = sum(held.values(), Counter())
    of_level = dict(left)
    lacks = {name: {level: shares[name] * n for level, n in left.items()} for name in names}
    queues = {level: _largest_first(held, level, seed) for level in left}
    went: dict[int, str] = {}
    while left:
        level = min(left, key=lambda level: (left[level], level))
        group = next(one for one in queues[level] if one not in went)
        name = max(names, key=lambda name: _want(lacks[name], held[group], of_level))
        for own, n in held[group].items():
            lacks[name][own] -= n
        left = +(left - held[group])
        went[group] = name
    _fill(went, held, names, shares, seed)
    _Improved(went, held, shares).search(sorted(held, key=lambda group: _lot(seed, group)))
    return {piece.key: name for group, name in went.items() for piece in groups[group]}


def _fill(
    went: dict[int, str],
    held: Mapping[int, Counter[int]],
    names: Sequence[str],
    shares: Mapping[str, float],
    seed: int,
) -> None:
    """With few protocols of each level all may go to one split: the emptied ones get a group.

    It comes from the split that has most above its share, the smallest group of its most common
    levels.
    """
    total: Counter[int] = sum(held.values(), Counter())
    for name in names:
        if name in went.values():
            continue
        groups = Counter(went.values())
        sizes: Counter[str] = Counter()
        for group, own in went.items():
            sizes[own] += held[group].total()
        giver = max(
            (one for one in names if groups[one] > 1),
            key=lambda one: sizes[one] - shares[one] * total.total(),
        )
        own_groups = [group for group, own in went.items() if own == giver]
        went[min(own_groups, key=lambda g: _loss(held[g], total, seed, g))] = name


class _Improved:
    """Groups in their splits, moved while that brings levels nearer to their shares.

    What is made smaller is the sum over splits and levels of (protocols - share of them)^2, divided
    by the protocols of the level: a rare level weighs as much as a common one.
    """

    def __init__(
        self, went: dict[int, str], held: Mapping[int, Counter[int]], shares: Mapping[str, float]
    ) -> None:
        self._went, self._held = went, held
        self._total: Counter[int] = sum(held.values(), Counter())
        self._groups = Counter(went.values())
        self._above = {
            name: {level: -shares[name] * n for level, n in self._total.items()}
            for name in self._groups
        }
        for group, name in went.items():
            for level, n in held[group].items():
                self._above[name][level] += n

    def search(self, order: Sequence[int]) -> None:
        """Until nothing gets better; exchanges only among few, for there every group weighs."""
        exchanged = order if len(order) <= FEW_GROUPS else ()
        pairs = list(itertools.combinations(exchanged, 2))
        while sum(map(self._moved, order)) or sum(itertools.starmap(self._exchanged, pairs)):
            pass

    def _moved(self, group: int) -> bool:
        here = self._went[group]
        if self._groups[here] == 1:
            return False  # every split keeps a group
        there = min(self._groups, key=lambda name: (self._change(group, name), name))
        if self._change(group, there) >= -NEARER:
            return False
        self._put(group, there)
        return True

    def _exchanged(self, one: int, other: int) -> bool:
        here, there = self._went[one], self._went[other]
        if here == there:
            return False
        change = self._change(one, there)
        self._put(one, there)
        if change + self._change(other, here) < -NEARER:
            self._put(other, here)
            return True
        self._put(one, here)
        return False

    def _change(self, group: int, there: str) -> float:
        """Of the sum, when a group goes to another split."""
        here = self._went[group]
        if here == there:
            return 0.0
        mine, theirs = self._above[here], self._above[there]
        return sum(
            2 * n * (n - mine[level] + theirs[level]) / self._total[level]
            for level, n in self._held[group].items()
        )

    def _put(self, group: int, there: str) -> None:
        here = self._went[group]
        for level, n in self._held[group].items():
            self._above[here][level] -= n
            self._above[there][level] += n
        self._groups[here] -= 1
        self._groups[there] += 1
        self._went[group] = there


def _loss(own: Counter[int], total: Mapping[int, int], seed: int, group: int) -> tuple[Any, ...]:
    """How much a split loses with a group: protocols, then how rare their levels are."""
    return own.total(), sum(n / total[level] for level, n in own.items()), _lot(seed, group)


def _want(lacks: Mapping[int, float], holds: Counter[int], of_level: Mapping[int, int]) -> float:
    """How much of what a group holds a split lacks; a rare level weighs as much as a common one."""
    return round(sum(n * lacks[level] / of_level[level] for level, n in holds.items()), 9)


def _largest_first(held: Mapping[int, Counter[int]], level: int, seed: int) -> Iterable[int]:
    """Groups with this level, gone through once: those passed stay passed."""
    own = [group for group in held if held[group][level]]
    return iter(
        sorted(
            own, key=lambda group: (-held[group][level], -held[group].total(), _lot(seed, group))
        )
    )


def _lot(seed: int, group: int) -> str:
    return hashlib.sha256(f"{seed}:{group}".encode()).hexdigest()


def unmet(
    split_of: Mapping[int, str], pieces: Sequence[Piece], shares: Mapping[str, float]
) -> list[str]:
    """What is not as it was asked for, in words: a share that is missed, and by which group."""
    sizes = Counter(split_of.values())
    total = sum(sizes[name] for name in DEALT if shares.get(name, 0) > 0)
    largest = max(Counter(piece.group for piece in pieces).values(), default=0)
    told = []
    for name, share in shares.items():
        if share <= 0 or not total:
            continue
        got = sizes[name] / total
        if abs(got - share) > FAR:
            told.append(
                f"{name} has {got * 100:.0f} % instead of {share * 100:.0f} %: groups stay whole, "
                f"and the largest holds {largest:,} of {len(pieces):,} protocols."
            )
        if lacking := _lacking(split_of, pieces, name, share):
            told.append(
                f"{name} holds nothing of level {', '.join(map(str, lacking))}, of which its share "
                "would be one protocol or more: groups stay whole."
            )
    return told


def _lacking(
    split_of: Mapping[int, str], pieces: Sequence[Piece], name: str, share: float
) -> list[int]:
    """Levels that a split has none of, though its share of them is a protocol at least."""
    dealt_out = [piece for piece in pieces if split_of.get(piece.key) in DEALT]
    there = Counter(piece.level for piece in dealt_out)
    own = Counter(piece.level for piece in dealt_out if split_of[piece.key] == name)
    return [level for level in sorted(there) if share * there[level] >= 1 and not own[level]]


def _join(parent: dict[int, int], one: int, other: int) -> None:
    first, second = sorted((_root(parent, one), _root(parent, other)))
    parent[second] = first


def _root(parent: dict[int, int], key: int) -> int:
    while parent[key] != key:
        parent[key] = parent[parent[key]]
        key = parent[key]
    return key
