"""The auditor's desk: the readings that somebody has chosen, as lists.

What a lead who codes may still read is left out; what a list shows is recorded as seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Select,
    case,
    func,
    null,
    select,
)
from sqlalchemy.orm import Session

from cer_assist.services import history, unannounced
from cer_assist.services.desk_filters import Answers, DeskFilters, Signal
from cer_assist.services.desk_protocols import Viewer, about_protocols, protocol
from cer_assist.services.desk_readings import (
    Desk,
    account,
    before,
    cannot_know,
    event,
    rubric,
    serving,
    suggestion,
    version,
)
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import Project

PAGE = 50
_CHUNK = 500
_external_id = (
    select(protocol.c.external_id).where(protocol.c.id == event.c.protocol_id).scalar_subquery()
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
    scale = project_rubric(session, project).scale
    return Desk.of(session, project.id, scale, filters, viewer, hidden)


SORTS = ("newest", "oldest", "protocol", "coder", "farthest", "fastest")


def lines(session: Session, desk: Desk, page: int, sort: str) -> Lines:
    """A page of readings; of a page beyond the last, the last."""
    sort = (
        sort
        if sort in SORTS
        else "farthest"
        if desk.filters.signal == Signal.confident
        else SORTS[0]
    )
    page = max(1, page)
    counted = _ids(desk, sort).add_columns(func.count().over())  # half as long as to count apart
    found = session.execute(counted.limit(PAGE).offset((page - 1) * PAGE)).all()
    if not found and page > 1:
        return lines(session, desk, max(1, -(-count(session, desk) // PAGE)), sort)
    total = found[0][1] if found else 0
    rows = _lines_of(session, desk, [row[0] for row in found])
    return Lines(rows, total, page, max(1, -(-total // PAGE)), sort)


def count(session: Session, desk: Desk) -> int:
    """How many readings there are."""
    total: int = session.execute(desk.select(func.count())).scalar_one()
    return total


def following(session: Session, desk: Desk, after: int, limit: int) -> list[Line]:
    """Readings behind this label event, in the order in which they were recorded."""
    behind = _ids(desk, "oldest").where(event.c.id > after).limit(limit)
    return _lines_of(session, desk, session.scalars(behind).all())


def all_lines(session: Session, desk: Desk, sort: str) -> Iterator[Line]:
    """Every reading, some hundreds at a time."""
    ids = session.scalars(_ids(desk, sort)).all()
    for start in range(0, len(ids), _CHUNK):
        yield from _lines_of(session, desk, ids[start : start + _CHUNK])


def _lines_of(session: Session, desk: Desk, ids: Sequence[int]) -> list[Line]:
    """These readings in this order: what is shown of a line is read of the page's lines only."""
    of = select(event.c.protocol_id).where(event.c.id.in_(ids))
    about = about_protocols(desk.project_id, only=of)
    shown = replace(desk, filters=DeskFilters(answers=Answers.all), about=about)
    rows = session.execute(_lines(shown).where(event.c.id.in_(ids)))
    found = {row.id: _line(row) for row in rows}
    return [found[key] for key in ids]


def _ids(desk: Desk, sort: str) -> Select[Any]:
    distance = func.coalesce(func.abs(event.c.level - suggestion.c.level), -1)
    order: dict[str, tuple[Any, ...]] = {
        "oldest": (event.c.id,),
        "protocol": (_external_id,),
        "coder": (account.c.display_name,),
        "farthest": (distance.desc(), func.coalesce(desk.probability, -1).desc()),
        "fastest": (func.coalesce(desk.words_a_minute, -1).desc(),),
    }
    needed = {"coder": {"account"}, "fastest": {"about"}}
    statement = desk.select(event.c.id, also=needed.get(sort, ()))
    return statement.order_by(*order.get(sort, ()), event.c.id.desc())


def _lines(desk: Desk) -> Select[Any]:
    return desk.select(
        event.c.id,
        event.c.protocol_id,
        _external_id.label("external_id"),
        account.c.display_name,
        account.c.username,
        event.c.recorded_at,
        event.c.level,
        before.c.level.label("was"),
        suggestion.c.level.label("suggested"),
        desk.probability.label("probability"),
        version.c.number,
        case((version.c.id.is_(None), null()), else_=cannot_know(desk.about)).label("cannot_know"),
        desk.strength.label("strength"),
        desk.about.c.level.label("final"),
        desk.about.c.is_settled,
        desk.about.c.readers,
        event.c.exposure,
        serving.c.arm,
        rubric.c.version.label("rubric"),
        event.c.seconds,
        desk.words_a_minute.label("words_a_minute"),
        suggestion.c.id.label("suggestion_id"),
        also=("about", "account", "version", "rubric", "serving", "before"),
    )


def _line(row: Any) -> Line:
    values = row._asdict()
    settled, readers, level = values["is_settled"], values["readers"], values["final"]
    source = "adjudicated" if settled else "disagreed" if level is None and readers else "none"
    if level is not None and not settled:
        source = "single" if readers == 1 else "agreed"
    known = values["cannot_know"]
    return Line(
        event_id=row.id,
        coder=row.display_name,
        at=row.recorded_at,
        version=row.number,
        cannot_know=None if known is None else bool(known),
        final_from=source,
        **{name: values[name] for name in _SAME},
    )


_SAME = (
    "protocol_id", "external_id", "username", "level", "was", "suggested", "probability",
    "strength", "final", "exposure", "arm", "rubric", "seconds", "words_a_minute", "suggestion_id",
)  # fmt: skip


def note_seen(session: Session, project_id: int, rows: list[Line], viewer: Viewer) -> None:
    """Record what a list has shown of others' answers and of suggestions: roles change."""
    history.disclose_listed(
        session,
        project_id,
        viewer.account_id,
        {one.protocol_id for one in rows},
        {one.suggestion_id for one in rows if one.suggestion_id is not None},
    )
