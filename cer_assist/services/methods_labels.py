"""What coders did, for the methods report: counts of readings that stand, read once for all.

Final levels are counted of protocols that want no further reader: a count of few others would tell
a lead who also codes what somebody said of one they may still be given. What came unannounced has
no part in any of it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Exposure, Lane, Origin, final_level
from cer_assist.services.exposure_readings import SHOWN_WITHIN
from cer_assist.store.tables import (
    Assignment,
    CurrentLabel,
    DeskRow,
    Disclosure,
    LabelEvent,
    Membership,
    Project,
    Protocol,
    RubricVersion,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.accounts import LEADING
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.servings import Arm

Facts = dict[str, Any]
_SHOWN_AT = (
    select(func.min(Disclosure.at))
    .where(Disclosure.protocol_id == LabelEvent.protocol_id)
    .where(Disclosure.account_id == LabelEvent.account_id)
    .where(Disclosure.suggestion_id == LabelEvent.suggestion_id)
    .correlate(LabelEvent)
    .scalar_subquery()
)


class Reading(NamedTuple):
    """A coder's level that stands, as it came about."""

    protocol_id: int
    account_id: int
    exposure: str
    origin: str
    at: Any
    seconds: float | None  # of the whole sitting
    rubric: int
    arm: str | None  # what the lot said; None: none was drawn
    version_id: int | None  # of the suggestion that was there for it; None: there was none
    shown_at: dt.datetime | None  # when its coder was first shown that suggestion

    @property
    def was_shown(self) -> bool:
        """Whether it was shown before the answer or with what followed; later is another time."""
        return self.shown_at is not None and self.shown_at - self.at <= SHOWN_WITHIN


def readings(session: Session, project_id: int) -> list[Reading]:
    """Every coder's level that stands, by event."""
    rows = session.execute(
        select(
            CurrentLabel.protocol_id,
            CurrentLabel.account_id,
            LabelEvent.exposure,
            LabelEvent.origin,
            LabelEvent.recorded_at,
            DeskRow.seconds,
            RubricVersion.version,
            Serving.arm,
            Suggestion.model_version_id,
            _SHOWN_AT,
        )
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .outerjoin(DeskRow, DeskRow.event_id == LabelEvent.id)
        .join(RubricVersion, RubricVersion.id == LabelEvent.rubric_version_id)
        .outerjoin(Serving, Serving.id == LabelEvent.serving_id)
        .outerjoin(Suggestion, Suggestion.id == LabelEvent.suggestion_id)
        .where(CurrentLabel.project_id == project_id)
        .where(CurrentLabel.lane == Lane.coder, CurrentLabel.action == Action.label)
        .order_by(CurrentLabel.event_id)
    )
    return [Reading._make(row) for row in rows]


def protocols(session: Session, project: Project, given: Sequence[Reading]) -> Facts:
    """How many there are and how far they are read."""
    number, complete, first, last = session.execute(
        select(
            func.count(),
            func.count().filter(Protocol.coders_missing == 0),
            func.min(Protocol.created_at),
            func.max(Protocol.created_at),
        ).where(Protocol.project_id == project.id)
    ).one()
    labelled = len({one.protocol_id for one in given})
    return {
        "imported": number,
        "first_import": first,
        "last_import": last,
        "labelled": labelled,
        "unread": number - labelled,
        "complete": complete,
        "are_synthetic": project.is_synthetic,
    }


def coders(session: Session, project_id: int, given: Sequence[Reading]) -> Facts:
    """How many people read, when, and how much each; of imported readings only how many."""
    own = [one for one in given if one.origin != Origin.imported]
    each = Counter(one.account_id for one in own).values()
    seconds = [one.seconds for one in own if one.seconds is not None]
    return {
        "people": len(each),
        "people_imported": len({one.account_id for one in given} - {one.account_id for one in own}),
        "leads": len({one.account_id for one in own} & _leaders(session, project_id)),
        "fewest": min(each, default=None),
        "most": max(each, default=None),
        "first_day": min((one.at for one in own), default=None),
        "last_day": max((one.at for one in own), default=None),
        "median_seconds": median(seconds) if seconds else None,
        "timed": len(seconds),
    }


def _leaders(session: Session, project_id: int) -> set[int]:
    statement = select(Membership.account_id).where(
        Membership.project_id == project_id, Membership.role.in_(LEADING)
    )
    return set(session.scalars(statement))


def labels(session: Session, project_id: int, given: Sequence[Reading]) -> Facts:
    """Readings by what had been seen before them, and by lot with or without a suggestion."""
    seen = Counter(one.exposure for one in given)
    events = session.execute(
        select(func.count()).where(
            LabelEvent.project_id == project_id,
            LabelEvent.lane == Lane.coder,
            LabelEvent.action == Action.label,
        )
    ).scalar_one()
    return {
        "readings": len(given),
        "imported": sum(one.origin == Origin.imported for one in given),
        "corrections": events - len(given),
        "seen": {str(exposure): seen[exposure] for exposure in Exposure},
        "share": {str(one): seen[one] / len(given) if given else None for one in Exposure},
        "by_lot": _by_lot(given),
        "by_rubric": {str(n): held for n, held in sorted(Counter(o.rubric for o in given).items())},
    }


def _by_lot(given: Sequence[Reading]) -> Facts:
    """Readings by what was drawn for them; of those that might have a suggestion, what came of it.

    The lot decides that a reading has none, never that it has one: there may be none to show.
    """
    drawn = Counter(one.arm for one in given)
    might = [one for one in given if one.arm == Arm.suggestion]
    return {str(arm): drawn[arm] for arm in Arm} | {
        "shown": sum(one.was_shown for one in might),
        "nothing": sum(one.version_id is None for one in might),
    }


def double(given: Sequence[Reading]) -> Facts:
    """How many protocols more than one person read."""
    each = Counter(one.protocol_id for one in given)
    twice = sum(number > 1 for number in each.values())
    return {
        "protocols": twice,
        "share": twice / len(each) if each else None,
        "more_than_two": sum(number > 2 for number in each.values()),
    }


def finals(session: Session, project_id: int, scale: Sequence[int]) -> Facts:
    """Final levels of protocols whose readings are all in, and how they came about."""
    adjudicated: dict[int, int] = {}
    said: dict[int, dict[int, int]] = {}
    waiting: set[int] = set()
    asked = set(session.scalars(_asked(project_id)))
    for row in session.execute(_levels(project_id)):
        if row.coders_missing or row.protocol_id in asked:
            waiting.add(row.protocol_id)
        elif row.lane == Lane.final:
            adjudicated[row.protocol_id] = row.level
        else:
            said.setdefault(row.protocol_id, {})[row.account_id] = row.level
    found = [
        final_level(adjudicated.get(key), said.get(key, {}))
        for key in adjudicated.keys() | said.keys()
    ]
    levels, ways = Counter(level for level, _ in found), Counter(how for _, how in found)
    return {
        "protocols": len(found) - ways["disagreed"],
        "by_level": {str(level): levels[level] for level in scale},
        **{how: ways[how] for how in ("adjudicated", "agreed", "single", "disagreed")},
        "waiting": len(waiting),
    }


def _levels(project_id: int) -> Any:
    return (
        select(
            CurrentLabel.protocol_id,
            CurrentLabel.account_id,
            CurrentLabel.lane,
            CurrentLabel.level,
            Protocol.coders_missing,
        )
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .where(CurrentLabel.project_id == project_id, CurrentLabel.action == Action.label)
        .where(CurrentLabel.lane.in_((Lane.coder, Lane.final)))
        .order_by(CurrentLabel.event_id)  # of several final levels the newest counts
    )


def _asked(project_id: int) -> Any:
    """Protocols that somebody is still asked to read by name."""
    return select(Assignment.protocol_id).where(
        Assignment.project_id == project_id,
        Assignment.state == AssignmentState.open,
        Assignment.kind == AssignmentKind.assigned,
    )
