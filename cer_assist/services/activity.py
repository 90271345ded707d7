"""What has been done in a project, counted: by day, by level, by person, and by why it was served.

Counted are the answers that stand, so a corrected label counts once, on the day of its correction.
Of people there are numbers and times, never how good they are.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from sqlalchemy import String, case, cast, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.serving import CHECK, RANDOM, REASONS_TOLD, RETEST
from cer_assist.store.tables import Account, CurrentLabel, DeskRow, LabelEvent, Serving
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


class Answer(NamedTuple):
    """A coder's answer that stands."""

    account_id: int
    is_label: bool  # else it was skipped
    level: int | None
    day: str
    seconds: float | None  # of the whole sitting; of a skip none


def answers(session: Session, project_id: int) -> list[Answer]:
    """Every coder's answer that stands, read once for all that is counted of them."""
    at = LabelEvent.recorded_at
    utc = at if session.get_bind().dialect.name == "sqlite" else func.timezone("UTC", at)
    rows = session.execute(
        select(
            CurrentLabel.account_id,
            CurrentLabel.action == Action.label,
            CurrentLabel.level,
            cast(func.date(utc), String),
            DeskRow.seconds,
        )
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .outerjoin(DeskRow, DeskRow.event_id == LabelEvent.id)  # a skip has none
        .where(
            CurrentLabel.project_id == project_id,
            CurrentLabel.lane == Lane.coder,
            CurrentLabel.action != Action.withdraw,
        )
    )
    return [Answer(*row) for row in rows]


def stretches(given: Iterable[Answer]) -> list[Stretch]:
    """Labels of every day (UTC) from the first to the last, or of every week if those are many."""
    days = {dt.date.fromisoformat(day): n for day, n in Counter(_days(given)).items()}
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


def _days(given: Iterable[Answer]) -> Iterator[str]:
    return (answer.day for answer in given if answer.is_label)


def by_level(given: Iterable[Answer], scale: Sequence[int]) -> dict[int, int]:
    """Labels of each level."""
    found = Counter(answer.level for answer in given if answer.is_label)
    return {level: found[level] for level in scale}


def by_coder(session: Session, given: Iterable[Answer]) -> list[CoderLine]:
    """How much each person has answered, by name: no ranking."""
    theirs: dict[int, list[Answer]] = {}
    for answer in given:
        theirs.setdefault(answer.account_id, []).append(answer)
    people = session.execute(
        select(Account.id, Account.display_name)
        .where(Account.id.in_(theirs))
        .order_by(Account.display_name, Account.id)
    )
    return [_line(name, theirs[key]) for key, name in people]


def _line(name: str, given: list[Answer]) -> CoderLine:
    labels = [answer for answer in given if answer.is_label]
    seconds = [answer.seconds for answer in labels if answer.seconds is not None]
    return CoderLine(
        name, len(labels), len(given) - len(labels), median(seconds) if seconds else None
    )


def by_reason(session: Session, project_id: int) -> list[ServedLine]:
    """What was served, by why, the most frequent reason first."""
    # Leads code, too: what came unannounced is told as the random one it looks like.
    told = case((Serving.strategy.in_((RETEST, CHECK)), RANDOM), else_=Serving.strategy)
    skips: dict[str, int] = {}
    for name, number in session.execute(
        select(told, func.count())
        .join(LabelEvent, LabelEvent.serving_id == Serving.id)
        .where(LabelEvent.project_id == project_id, LabelEvent.action == Action.skip)
        .group_by(told)
    ):
        skips[name] = number
    rows = session.execute(
        select(
            told,
            func.count(),
            func.count().filter(Serving.state == ServingState.answered),
        )
        .where(Serving.project_id == project_id)
        .group_by(told)
        .order_by(func.count().desc(), told)
    )
    return [
        ServedLine(
            REASONS_TOLD.get(name, name), served, answered - skips.get(name, 0), skips.get(name, 0)
        )
        for name, served, answered in rows
    ]
