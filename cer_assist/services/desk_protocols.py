"""What the auditor's desk asks of protocols: final level, length, and whether a viewer may know.

Readings are five times as many as protocols: what concerns a protocol is found once, in one table
of the statement, whose columns come out of indexes. The final level is the settled one, else what
all readers agree on, as exports have it; with one reader it is that reader's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    func,
    select,
    true,
)

from cer_assist.domain.labels import Action, Lane
from cer_assist.store.tables import Assignment, CurrentLabel, LabelEvent, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentState
from cer_assist.store.types import as_written, table_of

_ROOM = 10  # an event's id and its level in one number, so that the newest brings its level along

protocol = table_of(Protocol)
_current, _asked = table_of(CurrentLabel), table_of(Assignment)
_wanting, _earlier = table_of(Protocol).alias("wanting"), table_of(LabelEvent).alias("earlier")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a lead who codes is told nothing of protocols that they may still read."""

    account_id: int
    role: Role

    @property
    def codes(self) -> bool:
        """Whether they could be given a protocol."""
        return self.role is not Role.auditor


def written(text: str) -> ColumnElement[Any]:
    """A constant of ours in the statement itself."""
    return as_written(f"'{text}'")


def is_over(
    project_id: int, viewer: Viewer, in_hand: int | None, key: ColumnElement[int] = protocol.c.id
) -> ColumnElement[bool]:
    """Whether this viewer can no longer be given the protocol of this key."""
    if not viewer.codes:
        return true()
    wanting = select(_wanting.c.id).where(
        _wanting.c.project_id == project_id, _wanting.c.coders_missing > as_written("0")
    )
    waiting = select(_asked.c.protocol_id).where(
        _asked.c.project_id == project_id,
        _asked.c.account_id == viewer.account_id,
        _asked.c.state == written(AssignmentState.open),
    )
    over = and_(key.not_in(wanting), key.not_in(waiting))
    return over if in_hand is None else and_(over, key != in_hand)


def about_protocols(
    project_id: int,
    *,
    only: Select[Any] | None = None,
    levels: bool = True,
    first: bool = True,
) -> FromClause:
    """By protocol its length and, where asked, its final level and the number of its first answer.

    Without what is not asked, a list takes half as long.
    """
    joined: Any = protocol
    columns = [protocol.c.id.label("protocol_id"), protocol.c.characters]
    if levels:
        settled = _settled(project_id, only).cte("settled")
        agreed = _agreed(project_id, only).cte("agreed")
        joined = joined.outerjoin(settled, settled.c.protocol_id == protocol.c.id)
        joined = joined.outerjoin(agreed, agreed.c.protocol_id == protocol.c.id)
        columns += [
            func.coalesce(settled.c.level, agreed.c.level).label("level"),
            settled.c.level.is_not(None).label("is_settled"),
            func.coalesce(agreed.c.readers, 0).label("readers"),
        ]
    if first:
        columns.append(_first_answer().label("first_answer"))
    found = select(*columns).select_from(joined).where(protocol.c.project_id == project_id)
    if only is not None:
        found = found.where(protocol.c.id.in_(only))
    # Else SQLite looks up each reading's protocol by its number, and reads its text for its length.
    return found.cte("about").prefix_with("MATERIALIZED")


def _first_answer() -> ColumnElement[Any]:
    return (
        select(func.min(_earlier.c.id))
        .where(
            _earlier.c.protocol_id == protocol.c.id,
            _earlier.c.action == written(Action.label),
            _earlier.c.lane.in_([written(Lane.coder), written(Lane.final)]),
        )
        .scalar_subquery()
    )


def _settled(project_id: int, only: Select[Any] | None) -> Select[Any]:
    newest = func.max(cast(_current.c.event_id, BigInteger) * _ROOM + _current.c.level)
    return _of_lane(Lane.final, project_id, only, (newest % _ROOM).label("level"))


def _agreed(project_id: int, only: Select[Any] | None) -> Select[Any]:
    lowest, highest = func.min(_current.c.level), func.max(_current.c.level)
    level = case((lowest == highest, lowest)).label("level")
    return _of_lane(Lane.coder, project_id, only, level, func.count().label("readers"))


def _of_lane(
    lane: Lane, project_id: int, only: Select[Any] | None, *columns: ColumnElement[Any]
) -> Select[Any]:
    found = select(_current.c.protocol_id, *columns).where(
        _current.c.project_id == project_id,
        _current.c.action == written(Action.label),
        _current.c.lane == written(lane),
    )
    if only is not None:
        found = found.where(_current.c.protocol_id.in_(only))
    return found.group_by(_current.c.protocol_id)
