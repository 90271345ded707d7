"""A reading with and without the model: what a coder said before the suggestion, and after it.

The suggestion's part in a reading is what the coder saw, not what the project's policy was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sight(StrEnum):
    """When a coder saw the model's suggestion."""

    none = "none"
    after = "after"  # their own answer
    shown = "shown"  # from the start


@dataclass(frozen=True, slots=True)
class Reading:
    """One coder's reading of one protocol; levels are None where there is none."""

    protocol: int
    coder: int
    sight: Sight
    by_lot: bool  # whether the lot decided that it be so
    first: int | None  # the last level before anything was seen
    suggested: int | None  # the level that was seen
    last: int  # the level that stands
    seconds: float | None  # of the whole reading, the second look included
    withheld: bool  # of a protocol that is read without, even where suggestions are shown
    truth: int | None  # a level that this coder had no part in
    peers: tuple[int, ...] = ()  # what others said who had seen nothing
