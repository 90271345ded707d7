"""Which readings an agreement figure is of: part of the figure, so it travels with it as one text.

The text is the query of the page's address, in one order, so that equal questions are equal texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qsl, urlencode

from cer_assist.domain.errors import InvalidInput


class Seen(StrEnum):
    """What a coder may have seen before a reading that counts."""

    independent = "independent"  # nothing: the last answer before anything was shown
    elsewhere = "elsewhere"  # nothing, or it was made elsewhere and nobody knows
    anything = "anything"  # the answer that stands now


@dataclass(frozen=True, slots=True)
class Readings:
    """A choice among the readings of a project."""

    seen: Seen = Seen.independent
    rubric: int | None = None  # version number
    since: dt.date | None = None  # of recording, UTC, this day included
    until: dt.date | None = None  # this day included
    coders: tuple[str, ...] = ()  # user names; empty: all

    @classmethod
    def of(cls, given: Mapping[str, str], coders: tuple[str, ...] = ()) -> Self:
        """Parse an address's query or a command's options; empty values are no filter."""
        seen = given.get("seen") or Seen.independent.value
        if seen not in set(Seen):
            raise InvalidInput(f"“{seen}” is none of {', '.join(Seen)}: choose one of these.")
        rubric = given.get("rubric") or ""
        if rubric and not rubric.isdecimal():
            raise InvalidInput("A rubric version is a number, such as 1.")
        return cls(
            Seen(seen),
            int(rubric) if rubric else None,
            _date(given.get("since") or ""),
            _date(given.get("until") or ""),
            tuple(sorted(set(filter(None, coders)))),
        )

    @classmethod
    def from_key(cls, key: str) -> Self:
        """The choice that a stored text means."""
        pairs = parse_qsl(key)
        return cls.of(dict(pairs), tuple(value for name, value in pairs if name == "coder"))

    @property
    def key(self) -> str:
        """The choice as a query: what is the default is left out."""
        values = {"rubric": self.rubric, "since": self.since, "until": self.until}
        pairs = [("seen", self.seen.value)] if self.seen is not Seen.independent else []
        pairs += [(name, str(value)) for name, value in values.items() if value is not None]
        return urlencode([*pairs, *(("coder", name) for name in self.coders)])


def _date(value: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if value else None
    except ValueError:
        raise InvalidInput(f"“{value[:40]}” is no date: write it as 2026-11-30.") from None


def midnight(day: dt.date) -> dt.datetime:
    """Its beginning, in UTC, as days are counted everywhere."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
