"""Readings made under an older rubric and touched by its last change: read again, or kept.

Nothing is taken from anyone: a reading stands until its coder answers again. Protocols that still
want a reader are counted, whatever their level, and come onto the list once they are complete: to
be on it tells of a level, and whoever leads may code them as well. A request is open while the
reading it is about is still its coder's newest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, insert, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import assignments, audit, history
from cer_assist.store.tables import (
    Account,
    CurrentLabel,
    LabelEvent,
    Membership,
    Project,
    Protocol,
    RereadRequest,
    RubricVersion,
)
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.tables.rereading import RereadWish
from cer_assist.store.types import now

MAX_NOTE = 1000
CHANGED = "the rubric has changed"  # what coders are told, before the note
ASKED = {RereadWish.again: "rubric.reread", RereadWish.kept: "rubric.kept"}


@dataclass(frozen=True, slots=True)
class OldReading:
    """A coder's level that stands under an older version of the rubric."""

    event_id: int
    protocol_id: int
    external_id: str
    title: str
    account_id: int
    who: str
    level: int
    version: int
    is_member: bool  # who is none any more cannot read it again
    wish: RereadWish | None  # what was decided about it under the version in use


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the readings are that the last change touches."""

    undecided: int
    asked: int  # sent back and not yet read again
    kept: int
    reread: int


def affected(levels: Collection[int], scale: Sequence[int], *, adjacent: bool) -> set[int]:
    """The levels whose protocols are looked at: those touched and, if wanted, those beside them."""
    found = set(levels) & set(scale)
    if adjacent:
        found |= {level + step for level in found for step in (-1, 1)} & set(scale)
    return found


def old_readings(session: Session, project: Project, levels: Collection[int]) -> list[OldReading]:
    """Readings of an older version, of complete protocols that any coder gave one of these levels.

    What was kept under an earlier version is asked about anew.
    """
    touched = select(CurrentLabel.protocol_id).where(
        CurrentLabel.project_id == project.id,
        CurrentLabel.lane == Lane.coder,
        CurrentLabel.level.in_(levels),
    )
    statement = _readings(project).where(
        *_read_by_an_older(project),
        Protocol.coders_missing == 0,
        CurrentLabel.protocol_id.in_(touched),
    )
    ordered = statement.order_by(Protocol.external_id, Account.display_name)
    return [_old_reading(row) for row in session.execute(ordered)]


def _readings(project: Project) -> Select[*tuple[Any, ...]]:
    """Standing readings, each with its coder's role and the newest decision about it."""
    decided = (
        select(RereadRequest.event_id, func.max(RereadRequest.id).label("newest"))
        .where(RereadRequest.project_id == project.id)
        .where(RereadRequest.rubric_version_id == project.rubric_version_id)
        .group_by(RereadRequest.event_id)
        .subquery()
    )
    membership = (Membership.account_id == Account.id) & (Membership.project_id == project.id)
    return (
        select(
            LabelEvent.id,
            Protocol.id,
            Protocol.external_id,
            Protocol.title,
            Account.id,
            Account.display_name,
            LabelEvent.level,
            RubricVersion.version,
            Membership.role,
            RereadRequest.wish,
        )
        .select_from(CurrentLabel)
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .join(Account, Account.id == CurrentLabel.account_id)
        .join(RubricVersion, RubricVersion.id == LabelEvent.rubric_version_id)
        .outerjoin(Membership, membership)
        .outerjoin(decided, decided.c.event_id == LabelEvent.id)
        .outerjoin(RereadRequest, RereadRequest.id == decided.c.newest)
    )


def _old_reading(row: Any) -> OldReading:
    *read, role, wish = row
    is_member, wanted = role not in (None, Role.auditor), RereadWish(wish) if wish else None
    fields: tuple[Any, ...] = (*read, is_member, wanted)
    return OldReading(*fields)


def not_yet_listed(session: Session, project: Project) -> int:
    """Protocols with a reading of an older version that still want a reader."""
    return session.execute(
        select(func.count(CurrentLabel.protocol_id.distinct()))
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .where(*_read_by_an_older(project), Protocol.coders_missing > 0)
    ).scalar_one()


def _read_by_an_older(project: Project) -> tuple[ColumnElement[bool], ...]:
    """For a statement that reads current labels with their events."""
    return (
        CurrentLabel.project_id == project.id,
        CurrentLabel.lane == Lane.coder,
        CurrentLabel.action == Action.label,
        LabelEvent.rubric_version_id != project.rubric_version_id,
    )


def standing(session: Session, project: Project, found: Sequence[OldReading]) -> Standing:
    """Counts of what `old_readings` found, with those that were read again meanwhile."""
    read_again = select(func.count(RereadRequest.event_id.distinct())).where(
        RereadRequest.project_id == project.id,
        RereadRequest.rubric_version_id == project.rubric_version_id,
        RereadRequest.wish == RereadWish.again,
        exists().where(
            CurrentLabel.protocol_id == RereadRequest.protocol_id,
            CurrentLabel.account_id == RereadRequest.account_id,
            CurrentLabel.lane == Lane.coder,
            CurrentLabel.action == Action.label,
            LabelEvent.id == CurrentLabel.event_id,
            LabelEvent.rubric_version_id == project.rubric_version_id,
        ),
    )
    wishes = [one.wish for one in found]
    return Standing(
        wishes.count(None),
        wishes.count(RereadWish.again),
        wishes.count(RereadWish.kept),
        session.execute(read_again).scalar_one(),
    )


def note_seen(session: Session, found: Sequence[OldReading], account_id: int) -> None:
    """Record that a person was shown others' levels of these protocols."""
    for protocol_id in dict.fromkeys(
        one.protocol_id for one in found if one.account_id != account_id
    ):
        history.note_peer_view(session, session.get_one(Protocol, protocol_id), account_id)


def decide(
    session: Session,
    project: Project,
    found: Sequence[OldReading],
    wish: RereadWish,
    note: str,
    by: int | None,
) -> int:
    """Send readings back to their coders, or keep them; of how many it was decided.

    What is sent back already stays where it is in its coder's queue.
    """
    note = note.strip()[:MAX_NOTE]
    changed = [one for one in found if one.wish is not wish]
    if wish is RereadWish.again:
        changed = [one for one in changed if one.is_member]
    if not changed:
        raise InvalidInput("Choose protocols with a reading of which this is not decided already.")
    version_id = project.rubric_version_id
    same = {
        "project_id": project.id,
        "rubric_version_id": version_id,
        "wish": wish.value,
        "note": note,
        "asked_by": by,
        "at": now(),
    }
    own = ("protocol_id", "account_id", "event_id")
    rows = [same | {name: getattr(one, name) for name in own} for one in changed]
    session.execute(insert(RereadRequest), rows)
    pairs = [(one.protocol_id, one.account_id) for one in changed]
    if wish is RereadWish.again:
        told = (f"{CHANGED}: {note}" if note else CHANGED)[:MAX_NOTE]
        assignments.ask_again(session, project, pairs, AssignmentKind.reread, told, by)
    else:
        assignments.no_longer(session, pairs, AssignmentKind.reread)
    labels = ", ".join(str(one.event_id) for one in changed)
    number = session.get_one(RubricVersion, version_id).version
    detail = {"labels": labels, "rubric_version": number, "note": note}
    entry = audit.Entry(ASKED[wish], f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
    return len(changed)
