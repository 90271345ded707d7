"""What has been done in a project, counted: by day, by level, by person, and by why it was served.

Counted are the answers that stand, so a corrected label counts once, on the day of its correction.
Of people there are numbers and times, never how good they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane
from cer_assist.services.queue import REASONS_TOLD
from cer_assist.store.tables import Account, CurrentLabel, LabelEvent, Serving
from cer_assist.store.tables.servings import ServingState

MOST_DAYS = 60  # shown one by one; a longer time is shown by weeks


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day or a week and the labels given in it."""

    first_day: str  # as 2026-03-31
    days: int
    labels: int
    so_far: int


@dataclass(frozen=True, slots=True)
class CoderLine:
    """What one person has answered."""

    name: str
    labels: int
    skips: int
    median_seconds: float | None  # None: never told, as with imported labels


@dataclass(frozen=True, slots=True)
class ServedLine:
    """What one reason for serving has come to."""

    words: str
    served: int
    answered: int
    skipped: int


_standing = (CurrentLabel.lane == Lane.coder) & (CurrentLabel.action == Action.label)


def by_day(session: Session, project_id: int) -> dict[dt.date, int]:
    """Coders' labels that stand, by the day (UTC) on which they were recorded."""
    at = LabelEvent.recorded_at
    utc = at if session.get_bind().dialect.name == "sqlite" else func.timezone("UTC", at)
    day = func.date(utc)
    rows = session.execute(
        select(day, func.count())
        .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
        .where(CurrentLabel.project_id == project_id, _standing)
        .group_by(day)
    )
    return {_as_date(key): number for key, number in rows}


def _as_date(value: str | dt.date) -> dt.date:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def stretches(days: dict[dt.date, int]) -> list[Stretch]:
    """Every day from the first label to the last, or every week when those are many; pure."""
    if not days:
        return []
    first, last = min(days), max(days)
    step = 1 if (last - first).days < MOST_DAYS else 7
    if step > 1:  # weeks begin on Mondays
        first -= dt.timedelta(days=first.weekday())
    found, so_far = [], 0
    for start in range(0, (last - first).days + 1, step):
        these = [first + dt.timedelta(days=start + more) for more in range(step)]
        number = sum(days.get(day, 0) for day in these)
        so_far += number
        found.append(Stretch(these[0].isoformat(), step, number, so_far))
    return found


def by_level(session: Session, project_id: int, scale: Sequence[int]) -> dict[int, int]:
    """Coders' labels that stand, by level."""
    rows = session.execute(
        select(CurrentLabel.level, func.count())
        .where(CurrentLabel.project_id == project_id, _standing)
        .group_by(CurrentLabel.level)
    )
    found = {level: number for level, number in rows}  # noqa: C416 - rows are not pairs to mypy
    return {level: found.get(level, 0) for level in scale}


def by_coder(session: Session, project_id: int) -> list[CoderLine]:
    """How much each person has answered, by name: no ranking."""
    counted = (
        select(
            CurrentLabel.account_id,
            func.count().filter(CurrentLabel.action == Action.label).label("labels"),
            func.count().filter(CurrentLabel.action == Action.skip).label("skips"),
        )
        .where(CurrentLabel.project_id == project_id, CurrentLabel.lane == Lane.coder)
        .group_by(CurrentLabel.account_id)
        .subquery()
    )
    medians = _median_seconds(session, project_id)
    rows = session.execute(
        select(Account.id, Account.display_name, counted.c.labels, counted.c.skips)
        .join(counted, counted.c.account_id == Account.id)
        .where(counted.c.labels + counted.c.skips > 0)
        .order_by(Account.display_name, Account.id)
    )
    return [CoderLine(name, labels, skips, medians.get(key)) for key, name, labels, skips in rows]


def _median_seconds(session: Session, project_id: int) -> dict[int, float]:
    """Of each person's standing labels whose time is known."""
    each = CurrentLabel.account_id
    timed = (
        select(
            each,
            LabelEvent.seconds,
            func.row_number().over(order_by=LabelEvent.seconds, partition_by=each).label("place"),
            func.count().over(partition_by=each).label("number"),
        )
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .where(CurrentLabel.project_id == project_id, _standing, LabelEvent.seconds.is_not(None))
        .subquery()
    )
    twice = 2 * timed.c.place
    middle = and_(twice >= timed.c.number, twice <= timed.c.number + 2)
    rows = session.execute(
        select(timed.c.account_id, func.avg(timed.c.seconds))
        .where(middle)
        .group_by(timed.c.account_id)
    )
    return {key: float(value) for key, value in rows}


def by_reason(session: Session, project_id: int) -> list[ServedLine]:
    """What was served, by why, the most frequent reason first."""
    skipped = case((LabelEvent.action == Action.skip, 1), else_=0)
    skips: dict[str, int] = {}
    for name, number in session.execute(
        select(Serving.strategy, func.sum(skipped))
        .join(LabelEvent, LabelEvent.serving_id == Serving.id)
        .where(LabelEvent.project_id == project_id)
        .group_by(Serving.strategy)
    ):
        skips[name] = number
    rows = session.execute(
        select(
            Serving.strategy,
            func.count(),
            func.count().filter(Serving.state == ServingState.answered),
        )
        .where(Serving.project_id == project_id)
        .group_by(Serving.strategy)
        .order_by(func.count().desc(), Serving.strategy)
    )
    return [
        ServedLine(
            REASONS_TOLD.get(name, name), served, answered - skips.get(name, 0), skips.get(name, 0)
        )
        for name, served, answered in rows
    ]
