"""The auditor's desk: suggestion against label against final level, each count with its list.

Three tables come from one statement. What a lead who codes may still read is left out for them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Exposure
from cer_assist.services import history, unannounced
from cer_assist.services.desk_filters import Answers, DeskFilters, Signal
from cer_assist.services.desk_readings import (
    NEEDED,
    Desk,
    Viewer,
    account,
    before,
    cannot_know,
    event,
    finals,
    protocol,
    rubric,
    serving,
    suggestion,
    version,
)
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import Project

PAGE = 50
_CHUNK = 500
PAIRS = (("suggested", "level"), ("suggested", "final"), ("level", "final"))


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of readings by two levels."""

    rows: str  # names of filters, so that a cell's address is the table's and its two levels
    columns: str
    counts: dict[tuple[int, int], int]

    @property
    def total(self) -> int:
        """Readings that have both."""
        return sum(self.counts.values())

    def within(self, distance: int) -> int:
        """Those whose levels lie no farther apart."""
        return sum(n for (one, other), n in self.counts.items() if abs(one - other) <= distance)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the desk opens with."""

    readings: int
    without: int  # no suggestion was made
    seen: int  # the coder had been shown the suggestion
    single: int  # their final level is their own reader's word
    left_out: int  # protocols that the viewer may still read
    tables: tuple[Table, ...]
    signals: dict[Signal, int]  # readings that show each; empty where one is chosen


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


def overview(session: Session, desk: Desk) -> Overview:
    """The three tables, what they leave out and the signals, in one pass over the readings."""
    shown = () if desk.filters.signal else tuple(Signal)
    also = tuple(sorted(set().union(*(NEEDED.get(one, set()) for one in shown))))
    seen = and_(
        event.c.exposure.in_([Exposure.after_suggestion, Exposure.prefilled]),
        suggestion.c.id.is_not(None),
    )
    single = ~desk.final.c.is_settled & (desk.final.c.readers == 1)
    flags: Any = literal_column("0")
    for place, flag in enumerate((seen, single, *map(desk.has, shown))):
        flags += case((flag, literal_column(str(1 << place))), else_=literal_column("0"))
    levels = (suggestion.c.level, event.c.level, desk.final.c.level)
    # Grouped here: SQLite would carry all columns, texts with them, through a sort.
    counted = Counter(map(tuple, session.execute(desk.select(*levels, flags, also=also))))
    rows = [(*row[:3], n, row[3]) for row, n in counted.items()]
    places = {"suggested": 0, "level": 1, "final": 2}
    return Overview(
        readings=sum(row[3] for row in rows),
        without=sum(row[3] for row in rows if row[0] is None),
        seen=_having(rows, 0),
        single=_having(rows, 1),
        left_out=left_out(session, desk),
        tables=tuple(_table(rows, pair, places) for pair in PAIRS),
        signals={one: _having(rows, place) for place, one in enumerate(shown, 2)},
    )


def _having(rows: list[Any], place: int) -> int:
    return sum(row[3] for row in rows if row[4] >> place & 1)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _table(rows: Any, pair: tuple[str, str], places: Mapping[str, int]) -> Table:
    counts = Counter[tuple[int, int]]()
    for row in rows:
        one, other = (row[places[name]] for name in pair)
        if one is not None and other is not None:
            counts[one, other] += row[3]
    return Table(*pair, dict(counts))


def left_out(session: Session, desk: Desk) -> int:
    """Protocols of which this viewer is told nothing, answered or not: that too would tell."""
    if not desk.viewer.codes:
        return 0
    open_ones = select(func.count()).where(
        protocol.c.project_id == desk.project_id, ~desk.is_over()
    )
    return session.execute(open_ones).scalar_one()


SORTS = ("newest", "oldest", "protocol", "coder", "farthest", "fastest")


def lines(session: Session, desk: Desk, page: int, sort: str) -> Lines:
    """A page of readings."""
    sort = (
        sort
        if sort in SORTS
        else "farthest"
        if desk.filters.signal == Signal.confident
        else SORTS[0]
    )
    counted = desk.select(func.count(), final=False)
    total = session.execute(counted).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    ids = session.scalars(_ids(desk, sort).limit(PAGE).offset((page - 1) * PAGE)).all()
    return Lines(_lines_of(session, desk, ids), total, page, pages, sort)


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
    about = select(event.c.protocol_id).where(event.c.id.in_(ids))
    shown = replace(
        desk, filters=DeskFilters(answers=Answers.all), final=finals(desk.project_id, about)
    )
    rows = session.execute(_lines(shown).where(event.c.id.in_(ids)))
    found = {row.id: _line(row) for row in rows}
    return [found[key] for key in ids]


def _ids(desk: Desk, sort: str) -> Select[Any]:
    distance = func.coalesce(func.abs(event.c.level - suggestion.c.level), -1)
    order: dict[str, tuple[Any, ...]] = {
        "oldest": (event.c.id,),
        "protocol": (protocol.c.external_id,),
        "coder": (account.c.display_name,),
        "farthest": (distance.desc(), func.coalesce(desk.probability, -1).desc()),
        "fastest": (func.coalesce(desk.words_a_minute, -1).desc(),),
    }
    needed = {"protocol": ("protocol",), "coder": ("account",), "fastest": ("protocol",)}
    statement = desk.select(event.c.id, final=False, also=needed.get(sort, ()))
    return statement.order_by(*order.get(sort, ()), event.c.id.desc())


def _lines(desk: Desk) -> Select[Any]:
    return desk.select(
        event.c.id,
        event.c.protocol_id,
        protocol.c.external_id,
        account.c.display_name,
        account.c.username,
        event.c.recorded_at,
        event.c.level,
        before.c.level.label("was"),
        suggestion.c.level.label("suggested"),
        desk.probability.label("probability"),
        version.c.number,
        case((version.c.id.is_(None), null()), else_=cannot_know()).label("cannot_know"),
        desk.strength.label("strength"),
        desk.final.c.level.label("final"),
        desk.final.c.is_settled,
        desk.final.c.readers,
        event.c.exposure,
        serving.c.arm,
        rubric.c.version.label("rubric"),
        event.c.seconds,
        desk.words_a_minute.label("words_a_minute"),
        suggestion.c.id.label("suggestion_id"),
        also=("protocol", "account", "version", "rubric", "serving", "before", "words"),
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


@dataclass(frozen=True, slots=True)
class Share:
    """A coder's readings that show a signal, of those that could."""

    username: str
    name: str
    shown: int
    of: int


def by_coder(session: Session, desk: Desk, signal: Signal) -> list[Share]:
    """By name, never by how many: with few readings a share says nothing of a person."""
    plain = replace(desk, filters=replace(desk.filters, signal=""))
    could = (
        event.c.seconds.is_not(None) if signal in (Signal.fast, Signal.unread) else literal(True)
    )
    also = ("account", *sorted(NEEDED.get(signal, set())))
    names = (account.c.username, account.c.display_name)
    rows = session.execute(
        plain.select(*names, _sum(desk.has(signal)), _sum(could), also=also, final=False)
        .group_by(*names)
        .order_by(account.c.display_name, account.c.username)
    )
    return [Share(*row) for row in rows]


def note_seen(session: Session, project_id: int, rows: list[Line], viewer: Viewer) -> None:
    """Record what a list has shown of others' answers and of suggestions: roles change."""
    history.disclose_listed(
        session,
        project_id,
        viewer.account_id,
        {one.protocol_id for one in rows},
        {one.suggestion_id for one in rows if one.suggestion_id is not None},
    )
