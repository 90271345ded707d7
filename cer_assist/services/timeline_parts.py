"""What a timeline is made of: a line, what it is about, which part of it is asked for and by whom.

Every source gives its lines in one order, that of (time, source, number), and no more than a page
of them from a place on. So a page costs the same wherever in the timeline it stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, and_, exists, or_, true

from cer_assist.domain.agreement import midnight
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import HIDDEN_LANES
from cer_assist.store.tables import Assignment, Project, Protocol
from cer_assist.store.tables.assignments import AssignmentState
from cer_assist.store.types import is_among, table_of

PAGE = 50
LARGEST = 2**31 - 1  # of what a column of whole numbers holds
_asked = table_of(Assignment).alias("asked")  # sources have the table themselves


class About(StrEnum):
    """What a timeline can be about."""

    protocol = "protocol"
    coder = "coder"
    rubric = "rubric"
    model = "model"
    project = "project"


class State(StrEnum):
    """What the audit chain says of a line."""

    checked = "checked"  # its hash, computed anew, is the one in the chain
    altered = "altered"  # it is another
    missing = "missing"  # the chain should hold it and does not
    outside = "outside"  # lines of this kind are not in the chain


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing of a project: its kind, its row, and what people call it."""

    about: About
    id: int
    name: str
    number: int = 0  # of a rubric or model version


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks. None: the command line, which has the database anyway."""

    account_id: int | None
    may_code: bool
    hidden: int | None = None  # what they have open without knowing that it is a repeat

    @property
    def sees_hidden(self) -> bool:
        """Whether they may know which readings were unannounced: nobody who could be given one."""
        return not self.may_code


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a timeline: after this line."""

    at: dt.datetime
    rank: int
    id: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """As an address has it."""
        if not text:
            return None
        try:
            at, rank, number = text.split("~")
            when = dt.datetime.fromisoformat(at)
            if when.tzinfo is None or not 0 <= int(number) <= LARGEST:
                raise ValueError(text)
            return cls(when.astimezone(dt.UTC), int(rank), int(number))
        except (ValueError, OverflowError) as error:
            raise InvalidInput("This page of the timeline does not exist: begin anew.") from error

    def __str__(self) -> str:
        at = self.at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{at}Z~{self.rank}~{self.id}"


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a timeline is asked for."""

    since: dt.date | None = None  # UTC, this day included
    until: dt.date | None = None  # this day included
    newest_first: bool = False
    after: Place | None = None
    size: int = PAGE

    def of(
        self,
        statement: Select[*tuple[Any, ...]],
        rank: int,
        at: Any,
        key: Any,
    ) -> Select[*tuple[Any, ...]]:
        """The rows of a source from the place on, one more than a page holds."""
        if self.since is not None:
            statement = statement.where(at >= midnight(self.since))
        if self.until is not None:
            statement = statement.where(at < midnight(self.until + dt.timedelta(days=1)))
        statement = statement.where(self._follows(rank, at, key)).limit(self.size + 1)
        if self.newest_first:
            return statement.order_by(at.desc(), key.desc())
        return statement.order_by(at, key)

    def _follows(self, rank: int, at: Any, key: Any) -> ColumnElement[bool]:
        place = self.after
        if place is None:
            return true()
        later = at < place.at if self.newest_first else at > place.at
        if rank == place.rank:
            next_one = key < place.id if self.newest_first else key > place.id
            return or_(later, and_(at == place.at, next_one))
        follows = rank < place.rank if self.newest_first else rank > place.rank
        return or_(later, at == place.at) if follows else later


WHOLE = Window(size=LARGEST - 1)  # of a single protocol: all at once


@dataclass(slots=True)
class Line:
    """One thing that happened, with what it replaced and what the chain says of it."""

    at: dt.datetime
    source: str  # label, adjudication, comment, remark, serving, …
    rank: int  # of the source: equal times keep one order
    id: int
    kind: str  # what was done, such as label, skip, or the chain's own name of it
    account_id: int | None  # None: the program or the command line
    who: str = ""
    protocol_id: int | None = None
    protocol: str = ""  # its own id
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    own_sha256: str = ""  # of the row, computed anew; kept in the chain under `held_as`
    row_sha256: str = ""
    suggestion_id: int | None = None  # whose level it tells
    held_as: str = ""  # the chain's subject
    event: int | None = None
    state: State = State.outside

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.at, self.rank, self.id)

    @property
    def key(self) -> tuple[dt.datetime, int, int]:
        """What lines are ordered by."""
        return self.at, self.rank, self.id


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to all sources."""

    project: Project
    subject: Subject
    window: Window
    viewer: Viewer
    only: int | None = None  # nothing but what this person did

    def is_about(self, *kinds: About) -> bool:
        """Whether the timeline is about one of these."""
        return self.subject.about in kinds

    def open_to_viewer(self) -> list[ColumnElement[bool]]:
        """Of a statement that joins Protocol: only what the viewer may not still read themselves.

        As on the Agreement page: as long as a reading is missing, or they are asked for one, what
        others answered could sway it.
        """
        if not self.viewer.may_code:
            return []
        is_asked = exists().where(
            _asked.c.protocol_id == Protocol.id,
            _asked.c.account_id == self.viewer.account_id,
            _asked.c.state == AssignmentState.open,
        )
        return [
            Protocol.coders_missing == 0,
            Protocol.id.is_distinct_from(self.viewer.hidden),
            ~is_asked,
        ]

    def shown_lanes(self, lane: Any) -> list[ColumnElement[bool]]:
        """Without what was answered unannounced, for whom it could be told apart by it."""
        return [] if self.viewer.sees_hidden else [~is_among(lane, HIDDEN_LANES)]


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """A page of lines, and the place from which the next goes on."""

    lines: Sequence[Line]
    next: Place | None
    left_out: int  # protocols that the viewer may still read: nothing is told of them
