"""Who is dealt which protocol is decided here, by chance and by nothing that a model says.

One rule serves all ways: protocols come one after the other, and each goes to whoever has least.
The ways differ in the order of protocols and in whose least counts: of all, of the same stratum, or
of those who know the matter.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class By(StrEnum):
    """How protocols find their coders."""

    random = "random"
    stratum = "stratum"  # everyone gets the same mix
    tags = "tags"  # first to those who know the matter
    hand = "hand"  # all of these to each of those


@dataclass(frozen=True, slots=True)
class Candidate:
    """A protocol that may be dealt."""

    key: int
    wants: int  # readers, of whom none is promised yet
    not_for: frozenset[int] = frozenset()  # coders who have it, or answered it
    stratum: str = ""
    known_to: frozenset[int] = frozenset()  # coders with a tag that it speaks of


@dataclass(frozen=True, slots=True)
class Coder:
    """Someone to deal to."""

    key: int
    room: int  # protocols that they may get at most


@dataclass(slots=True)
class _Table:
    """What has been dealt so far."""

    coders: Sequence[Coder]
    seed: str
    of_all: Counter[int] = field(default_factory=Counter)
    of_stratum: Counter[tuple[int, str]] = field(default_factory=Counter)

    def readers(self, candidate: Candidate, by: By) -> list[int]:
        """Who gets this one."""
        free = [
            coder.key
            for coder in self.coders
            if coder.key not in candidate.not_for and self.of_all[coder.key] < coder.room
        ]
        if by is not By.hand:
            free = sorted(free, key=lambda key: self._rank(candidate, key, by))[: candidate.wants]
        for key in free:
            self.of_all[key] += 1
            self.of_stratum[key, candidate.stratum] += 1
        return free

    def _rank(self, candidate: Candidate, key: int, by: By) -> tuple[bool, int, int, str]:
        knows = by is By.tags and key in candidate.known_to
        mix = self.of_stratum[key, candidate.stratum] if by is By.stratum else 0
        return (not knows, mix, self.of_all[key], _chance(self.seed, candidate.key, key))


def deal(
    candidates: Iterable[Candidate], coders: Sequence[Coder], by: By, seed: str
) -> list[tuple[int, int]]:
    """(protocol, coder) pairs; the same seed deals the same again, and whatever is missing since
    changes only what it must."""
    table = _Table(coders, seed)
    return [
        (candidate.key, key)
        for candidate in _in_turn(candidates, by, seed)
        for key in table.readers(candidate, by)
    ]


def drawn(keys: Iterable[int], seed: str, most: int) -> list[int]:
    """At most so many protocols, at random."""
    return sorted(keys, key=lambda key: _chance(seed, key))[:most]


def is_drawn(seed: str, key: int, share: float) -> bool:
    """Whether a protocol is among those, a share of all, that one coder more reads."""
    return int(_chance(seed, key), 16) < share * 16**64


def _in_turn(candidates: Iterable[Candidate], by: By, seed: str) -> list[Candidate]:
    shuffled = sorted(candidates, key=lambda one: _chance(seed, one.key))
    if by is By.tags:
        return sorted(shuffled, key=lambda one: not one.known_to)
    if by is not By.stratum:
        return shuffled
    # Strata take turns by their size, so that the mix is right wherever the coders are full.
    sizes = Counter(one.stratum for one in shuffled)
    passed: Counter[str] = Counter()
    places = {}
    for one in shuffled:
        places[one.key] = (passed[one.stratum] + 0.5) / sizes[one.stratum]
        passed[one.stratum] += 1
    return sorted(shuffled, key=lambda one: places[one.key])


def _chance(seed: str, *keys: int) -> str:
    """As good as random, and the same for the same seed: no dice, whose next throw depends on how
    often they were thrown."""
    return hashlib.sha256(f"{seed}:{keys}".encode()).hexdigest()
