"""The auditor's desk: the readings that somebody has chosen, as lists.

What a lead who codes may still read is left out; what a list shows is recorded as seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, null, select
from sqlalchemy.orm import Session

from cer_assist.services import history, unannounced
from cer_assist.services.desk_filters import DeskFilters, Signal
from cer_assist.services.desk_protocols import Viewer, protocol
from cer_assist.services.desk_readings import (
    Desk,
    account,
    cannot_know,
    joined_with,
    reading,
    rubric,
    strength,
    version,
    words_a_minute,
)
from cer_assist.store.tables import Project

PAGE = 50
_CHUNK = 500
_external_id = (
    select(protocol.c.external_id).where(protocol.c.id == reading.c.protocol_id).scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Line:
    """A reading."""

    event_id: int
    protocol_id: int
    external_id: str
    coder: str
    username: str
    at: dt.datetime
    level: int
    was: int | None  # the level that this answer replaced
    suggested: int | None
    probability: float | None
    version: int | None
    cannot_know: bool | None
    strength: float | None
    final: int | None
    final_from: str
    exposure: str
    arm: str | None
    rubric: int
    seconds: float | None
    words_a_minute: float | None
    suggestion_id: int | None


@dataclass(frozen=True, slots=True)
class Lines:
    """A page of readings and how many there are in all."""

    rows: list[Line]
    total: int
    page: int
    pages: int
    sort: str


def open_desk(session: Session, project: Project, filters: DeskFilters, viewer: Viewer) -> Desk:
    """The readings that a viewer has chosen, as far as they may see them."""
    hidden = None
    if viewer.codes:
        hidden = unannounced.hidden_in_hand(session, project.id, viewer.account_id)
    return Desk.of(session, project.id, filters, viewer, hidden)


SORTS = ("newest", "oldest", "protocol", "coder", "farthest", "fastest")


def lines(session: Session, desk: Desk, page: int, sort: str, size: int = PAGE) -> Lines:
    """A page of readings; of a page beyond the last, the last."""
    sort = (
        sort
        if sort in SORTS
        else "farthest"
        if desk.filters.signal == Signal.confident
        else SORTS[0]
    )
    total = count(session, desk)
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    ids = _ids(desk, sort).limit(size).offset((page - 1) * size)
    rows = _lines_of(session, session.scalars(ids).all())
    return Lines(rows, total, page, pages, sort)


def count(session: Session, desk: Desk) -> int:
    """How many readings there are."""
    total: int = session.execute(desk.select(func.count())).scalar_one()
    return total


def following(session: Session, desk: Desk, after: int, limit: int) -> list[Line]:
    """Readings behind this label event, in the order in which they were recorded."""
    behind = _ids(desk, "oldest").where(reading.c.event_id > after).limit(limit)
    return _lines_of(session, session.scalars(behind).all())


def all_lines(session: Session, desk: Desk, sort: str) -> Iterator[Line]:
    """Every reading, some hundreds at a time."""
    ids = session.scalars(_ids(desk, sort)).all()
    for start in range(0, len(ids), _CHUNK):
        yield from _lines_of(session, ids[start : start + _CHUNK])


def _lines_of(session: Session, ids: Sequence[int]) -> list[Line]:
    """These readings in this order."""
    rows = session.execute(_LINES.where(reading.c.event_id.in_(ids)))
    found = {row.event_id: _line(row) for row in rows}
    return [found[key] for key in ids]


def _ids(desk: Desk, sort: str) -> Select[Any]:
    distance = func.coalesce(func.abs(reading.c.level - reading.c.suggested), -1)
    order: dict[str, tuple[Any, ...]] = {
        "oldest": (reading.c.event_id,),
        "protocol": (_external_id,),
        "coder": (account.c.display_name,),
        "farthest": (distance.desc(), func.coalesce(reading.c.probability, -1).desc()),
        "fastest": (func.coalesce(words_a_minute, -1).desc(),),
    }
    statement = desk.select(reading.c.event_id, also={"account"} if sort == "coder" else ())
    return statement.order_by(*order.get(sort, ()), reading.c.event_id.desc())


_SAME = (
    "event_id", "protocol_id", "level", "was", "suggested", "probability", "final", "exposure",
    "arm", "seconds", "suggestion_id",
)  # fmt: skip
_COMPUTED = ("external_id", "username", "strength", "rubric", "words_a_minute")
_LINES = select(
    *(reading.c[name] for name in _SAME),
    reading.c.recorded_at,
    reading.c.is_settled,
    reading.c.readers,
    _external_id.label("external_id"),
    account.c.display_name,
    account.c.username,
    version.c.number,
    case((version.c.id.is_(None), null()), else_=cannot_know).label("cannot_know"),
    strength.label("strength"),
    rubric.c.version.label("rubric"),
    words_a_minute.label("words_a_minute"),
).select_from(joined_with(("account", "version", "rubric")))


def _line(row: Any) -> Line:
    values = row._asdict()
    settled, readers, level = values["is_settled"], values["readers"], values["final"]
    source = "adjudicated" if settled else "disagreed" if level is None and readers else "none"
    if level is not None and not settled:
        source = "single" if readers == 1 else "agreed"
    known = values["cannot_know"]
    return Line(
        coder=row.display_name,
        at=row.recorded_at,
        version=row.number,
        cannot_know=None if known is None else bool(known),
        final_from=source,
        **{name: values[name] for name in (*_SAME, *_COMPUTED)},
    )


def note_seen(session: Session, project_id: int, rows: list[Line], viewer: Viewer) -> None:
    """Record what a list has shown of others' answers and of suggestions: roles change."""
    history.disclose_listed(
        session,
        project_id,
        viewer.account_id,
        {one.protocol_id for one in rows},
        {one.suggestion_id for one in rows if one.suggestion_id is not None},
    )
