"""The days that an audit report tells of: they must have begun, and better be over.

Of days that are over nothing more can happen, so a report of them can be made again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cer_assist.domain.agreement import midnight
from cer_assist.domain.errors import InvalidInput
from cer_assist.store.types import now


@dataclass(frozen=True, slots=True)
class Period:
    """Days in UTC, both included."""

    since: dt.date
    until: dt.date

    @classmethod
    def parse(cls, since: str, until: str) -> Period:
        """As an address or a command has it."""
        try:
            found = cls(dt.date.fromisoformat(since), dt.date.fromisoformat(until))
            midnight(found.until + dt.timedelta(days=1))
        except (ValueError, OverflowError) as error:
            raise InvalidInput("Give both days as YYYY-MM-DD, such as 2026-11-30.") from error
        if found.since > found.until:
            raise InvalidInput("The period ends before it begins: exchange the two days.")
        if found.since > now().date():
            raise InvalidInput("The period begins in the future: choose days that have been.")
        return found

    @classmethod
    def last_month(cls, today: dt.date) -> Period:
        """The last one that is over, so that its report can be made again."""
        until = today.replace(day=1) - dt.timedelta(days=1)
        return cls(until.replace(day=1), until)

    def is_over(self, today: dt.date) -> bool:
        """Nothing more can happen in it."""
        return self.until < today

    def holds(self, column: Any) -> list[Any]:
        """Of a statement: within these days."""
        end = midnight(self.until + dt.timedelta(days=1))
        return [column >= midnight(self.since), column < end]
