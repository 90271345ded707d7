"""What is exported is one value: a source makes it, filters change it, a format writes it.

Rows are streamed anew each time they are iterated, so that nobody holds all texts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cer_assist.domain.labels import PseudonymSource
from cer_assist.exports.columns import Table

Row = Mapping[str, Any]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Stream(Generic[Item]):
    """Items that are made anew for each iteration."""

    make: Callable[[], Iterator[Item]]

    def __iter__(self) -> Iterator[Item]:
        """From the first."""
        return self.make()


@dataclass(frozen=True, slots=True)
class LevelName:
    """A level of the scale, as the rubric has it."""

    level: int
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class Record:
    """A protocol with all that was done with it, in the order recorded."""

    protocol: Row
    events: Sequence[Row]
    coders_in: PseudonymSource | None = None  # where coders are pseudonyms
    masked: Sequence[Row] | None = None  # what was masked in it, where something was to be


@dataclass(frozen=True)
class DataSet:
    """Tables by name, the same by protocol, and what the manifest says of them."""

    head: Mapping[str, Any]
    levels: tuple[LevelName, ...]  # the lowest first
    tables: Mapping[str, Table]
    records: Iterable[Record]
    masked: Callable[[], Mapping[str, int]] = dict  # places of each kind, once it is written
    people: Sequence[str] | None = None  # whom masks look for, where that was kept; never written
