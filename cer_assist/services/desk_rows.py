"""Keeps `desk_row`, the rows behind the auditor's desk, as label events say.

A label changes what is said of all readings of its protocol: which stand, and the final level. So
they are written anew, in the transaction that stores the label. The final level is the settled one,
else what all readers agree on, as exports have it; with one reader it is that reader's.

A reading's seconds are those of its whole sitting. For the page counts anew at each step: a second
look at a suggestion takes three seconds, and says nothing of how long the text was read before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.serving import TAKEN_BACK
from cer_assist.services import rubrics
from cer_assist.store.tables import (
    CurrentLabel,
    DeskRow,
    LabelEvent,
    Project,
    Protocol,
    Serving,
    Suggestion,
)
from cer_assist.store.types import as_written, is_among, table_of

COUNTED = (Lane.coder, Lane.final)
_ROOM = 10  # an event's id and its level in one number, so that the newest brings its level along
_LEVELS = 8  # a scale has no more

_row, _protocol = table_of(DeskRow), table_of(Protocol)
_event, _before = table_of(LabelEvent).alias("e"), table_of(LabelEvent).alias("before")
_earlier, _current = table_of(LabelEvent).alias("earlier"), table_of(CurrentLabel)
_suggestion, _serving = table_of(Suggestion), table_of(Serving)
_step, _given = table_of(LabelEvent).alias("step"), table_of(Serving).alias("given")
_project = bindparam("project", type_=Integer)
_first = bindparam("first", type_=Integer)  # level of the project's scale

Chosen = Callable[[Any], ColumnElement[bool]]  # the rows of a table that are asked for


def _of_project(table: Any) -> ColumnElement[bool]:
    return table.c.project_id == _project  # type: ignore[no-any-return]


def _of_protocol(table: Any) -> ColumnElement[bool]:
    """By the protocol alone: were the project named too, SQLite would look through all of it."""
    column = table.c.id if table is _protocol else table.c.protocol_id
    return column == bindparam("protocol", type_=Integer)


def derived(chosen: Chosen = _of_project) -> Select[Any]:
    """Readings as label events say; takes `project`, and `first`, the lowest level of its scale."""
    about = _about(chosen)
    said = {
        "project_id": _event.c.project_id,
        "protocol_id": _event.c.protocol_id,
        "event_id": _event.c.id,
        "account_id": _event.c.account_id,
        "is_standing": _current.c.event_id.is_not(None),
        "level": _event.c.level,
        "was": _before.c.level,
        "was_exposure": _before.c.exposure,
        "suggestion_id": _suggestion.c.id,
        "suggested": _suggestion.c.level,
        "probability": _probability(),
        "model_version_id": _suggestion.c.model_version_id,
        "exposure": _event.c.exposure,
        "arm": _serving.c.arm,
        "rubric_version_id": _event.c.rubric_version_id,
        "seconds": _seconds(),
        "recorded_at": _event.c.recorded_at,
        **{name: about.c[name] for name in _OF_PROTOCOL},
    }
    joined = (
        _event.join(about, about.c.protocol_id == _event.c.protocol_id)
        .outerjoin(_current, _stands())
        .outerjoin(_suggestion, _suggestion.c.id == _event.c.suggestion_id)
        .outerjoin(_serving, _serving.c.id == _event.c.serving_id)
        .outerjoin(_before, _before.c.id == _event.c.supersedes_id)
    )
    columns = [said[column.name].label(column.name) for column in _row.c]
    return (
        select(*columns).select_from(joined).where(chosen(_event), *_with_level(_event, Lane.coder))
    )


_OF_PROTOCOL = ("characters", "first_answer", "final", "is_settled", "readers")


def _stands() -> ColumnElement[bool]:
    return and_(
        _current.c.protocol_id == _event.c.protocol_id,
        _current.c.account_id == _event.c.account_id,
        _current.c.lane == _event.c.lane,
        _current.c.event_id == _event.c.id,
    )


# What a coder was given anew between an earlier answer and this one ends that answer's sitting; who
# takes an answer back goes on where they were. Imported answers were given by no serving.
_given_anew = (
    select(_given.c.id)
    .where(
        _given.c.protocol_id == _event.c.protocol_id,
        _given.c.account_id == _event.c.account_id,
        _given.c.id > func.coalesce(_step.c.serving_id, as_written("0")),
        _given.c.id <= func.coalesce(_event.c.serving_id, as_written("0")),
        _given.c.strategy != as_written(f"'{TAKEN_BACK}'"),
    )
    .correlate(_step, _event)
    .exists()
)


def _seconds() -> ColumnElement[Any]:
    """Of this answer and those before it in its sitting; of unknown length if one of them is.

    Most answers replace none: they are not asked for others.
    """
    # To the thousandth, as events have it: every database then says the same.
    total = cast(func.round(cast(func.sum(_step.c.seconds), Numeric), as_written("3")), Double)
    of_sitting = (
        select(case((func.count(_step.c.seconds) == func.count(), total)))
        .where(
            _step.c.protocol_id == _event.c.protocol_id,
            _step.c.account_id == _event.c.account_id,
            _step.c.id <= _event.c.id,
            *_with_level(_step, Lane.coder),
            ~_given_anew,
        )
        .correlate(_event)
        .scalar_subquery()
    )
    return case((_event.c.supersedes_id.is_(None), _event.c.seconds), else_=of_sitting)


def _probability() -> ColumnElement[Any]:
    """Of the suggested level: probabilities are in the order of the scale, which has no gaps."""
    chances = _suggestion.c.probabilities
    by_place = {place: chances[place].as_float() for place in range(_LEVELS)}
    return case(by_place, value=_suggestion.c.level - _first)


def _with_level(answers: Any, *lanes: Lane) -> list[ColumnElement[bool]]:
    return [answers.c.action == as_written(f"'{Action.label}'"), is_among(answers.c.lane, lanes)]


def _about(chosen: Chosen) -> Any:
    """Of each protocol what its readings share."""
    settled = _settled(chosen).cte("settled")
    agreed = _agreed(chosen).cte("agreed")
    first = _first_answers(chosen).cte("firsts")
    joined: Any = _protocol.join(first, first.c.protocol_id == _protocol.c.id)
    for more in (settled, agreed):
        joined = joined.outerjoin(more, more.c.protocol_id == _protocol.c.id)
    found = select(
        _protocol.c.id.label("protocol_id"),
        _protocol.c.characters,
        first.c.first_answer,
        func.coalesce(settled.c.level, agreed.c.level).label("final"),
        settled.c.level.is_not(None).label("is_settled"),
        func.coalesce(agreed.c.readers, 0).label("readers"),
    ).select_from(joined)
    # Else SQLite looks up each reading's protocol by its number, and reads its text for its length.
    return found.where(chosen(_protocol)).cte("about").prefix_with("MATERIALIZED")


def _settled(chosen: Chosen) -> Select[Any]:
    newest = func.max(cast(_current.c.event_id, BigInteger) * _ROOM + _current.c.level)
    return _by_protocol(_current, chosen, Lane.final).add_columns((newest % _ROOM).label("level"))


def _agreed(chosen: Chosen) -> Select[Any]:
    lowest, highest = func.min(_current.c.level), func.max(_current.c.level)
    level = case((lowest == highest, lowest)).label("level")
    found = _by_protocol(_current, chosen, Lane.coder)
    return found.add_columns(level, func.count().label("readers"))


def _first_answers(chosen: Chosen) -> Select[Any]:
    found = _by_protocol(_earlier, chosen, *COUNTED)
    return found.add_columns(func.min(_earlier.c.id).label("first_answer"))


def _by_protocol(answers: Any, chosen: Chosen, *lanes: Lane) -> Select[Any]:
    found = select(answers.c.protocol_id).where(chosen(answers), *_with_level(answers, *lanes))
    return found.group_by(answers.c.protocol_id)


def _rewrite(chosen: Chosen) -> tuple[Any, Any]:
    names = [column.name for column in _row.c]
    return (
        delete(_row).where(_of_project(_row), chosen(_row)),
        insert(_row).from_select(names, derived(chosen)),
    )


_WHOLE, _ONE = _rewrite(_of_project), _rewrite(_of_protocol)


def rewrite_protocol(session: Session, project_id: int, protocol_id: int) -> None:
    """After a label: all readings of its protocol."""
    asked = of_project(session, session.get_one(Project, project_id)) | {"protocol": protocol_id}
    for statement in _ONE:
        session.execute(statement, asked)


def rewrite_project(session: Session, project: Project) -> None:
    """After many labels at once."""
    asked = of_project(session, project)
    for statement in _WHOLE:
        session.execute(statement, asked)


def of_project(session: Session, project: Project) -> dict[str, int]:
    """What `derived` takes."""
    return {"project": project.id, "first": rubrics.project_rubric(session, project).scale[0]}


def fault(session: Session) -> str | None:
    """The first row that is not what label events say, or is missing."""
    for project in session.scalars(select(Project).order_by(Project.id)):
        asked, stored = of_project(session, project), select(_row).where(_of_project(_row))
        for one, other in ((stored, derived()), (derived(), stored)):
            differing = one.except_(other).subquery()
            event_id = session.execute(select(func.min(differing.c.event_id)), asked).scalar_one()
            if event_id is not None:
                return f"the desk's row of label event {event_id} is not what the events say"
    return None
