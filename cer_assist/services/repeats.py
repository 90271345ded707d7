"""What coders said of protocols that came back to them unannounced, beside what they had said.

Of the repeat its first answer counts: a second one may come of having looked up the first reading.
It is held against the answer that stood when the repeat was given, by the same rubric.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import Readings
from cer_assist.domain.labels import Action, Exposure, Lane
from cer_assist.store.tables import Account, LabelEvent, RubricVersion, Serving
from cer_assist.store.types import table_of

_event, _account, _serving = table_of(LabelEvent), table_of(Account), table_of(Serving)
_rubric = table_of(RubricVersion)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Two readings of one protocol by one coder."""

    coder: str
    first: int
    second: int
    is_blind: bool  # nothing of others' answers was seen before the second


def repeats(session: Session, project_id: int, wanted: Readings) -> list[Repeat]:
    """The pairs of a choice of readings, by when the second was given; `seen` chooses none."""
    again: dict[tuple[int, int], Any] = {}
    before: dict[tuple[int, int], list[Any]] = {}
    for row in session.execute(_events(project_id)):
        key = (row.protocol_id, row.account_id)
        if row.lane == Lane.coder:
            before.setdefault(key, []).append(row)
        elif row.action == Action.label:
            again.setdefault(key, row)
    found = []
    for key, second in again.items():
        first = _stood(before.get(key, []), second)
        if first is not None and _is_chosen(second, wanted):
            is_blind = second.exposure == Exposure.blind
            found.append(Repeat(second.username, first, second.level, is_blind))
    return found


def _events(project_id: int) -> Any:
    """Of readings that were repeated, in order; nothing where nothing was."""
    came_back = _event.alias("came_back")
    return (
        select(
            _event.c.id,
            _event.c.protocol_id,
            _event.c.account_id,
            _event.c.lane,
            _event.c.action,
            _event.c.level,
            _event.c.exposure,
            _event.c.rubric_version_id,
            _event.c.recorded_at,
            _account.c.username,
            _rubric.c.version,
            _serving.c.served_at,
        )
        .join(_account, _account.c.id == _event.c.account_id)
        .join(_rubric, _rubric.c.id == _event.c.rubric_version_id)
        .outerjoin(_serving, _serving.c.id == _event.c.serving_id)
        .where(
            _event.c.project_id == project_id,
            _event.c.lane.in_((Lane.coder, Lane.retest)),
            _event.c.action != Action.skip,
            select(came_back.c.id)
            .where(
                came_back.c.protocol_id == _event.c.protocol_id,
                came_back.c.account_id == _event.c.account_id,
                came_back.c.lane == Lane.retest,
            )
            .exists(),
        )
        .order_by(_event.c.id)
    )


def _stood(before: list[Any], second: Any) -> int | None:
    """The level that stood when the repeat was given; an imported one has no serving."""
    asked_at = second.served_at or second.recorded_at
    earlier = [row for row in before if row.id < second.id and row.recorded_at <= asked_at]
    if not earlier or earlier[-1].rubric_version_id != second.rubric_version_id:
        return None
    level: int | None = earlier[-1].level  # none of an answer that was taken back
    return level


def _is_chosen(second: Any, wanted: Readings) -> bool:
    day: dt.date = second.recorded_at.date()
    return (
        (not wanted.coders or second.username in wanted.coders)
        and (wanted.rubric is None or second.version == wanted.rubric)
        and (wanted.since is None or day >= wanted.since)
        and (wanted.until is None or day <= wanted.until)
    )
