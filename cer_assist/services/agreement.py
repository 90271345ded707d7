"""Agreement between coders: which readings count, and the figures that the worker makes of them.

Only protocols count whose readings are all in: figures of few protocols would else tell a lead who
also codes what somebody said of one they may still be given. Final levels have no part in it, so
that settling a disagreement never improves agreement.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import Readings, Seen, midnight
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Exposure, Lane
from cer_assist.services import jobs, training_data
from cer_assist.services.reports import NOTHING, Report, Stored, numbered
from cer_assist.store.tables import (
    Account,
    AgreementReport,
    Assignment,
    CurrentLabel,
    LabelEvent,
    Protocol,
    RubricVersion,
)
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.types import now, table_of
from cer_assist.store.upsert import upsert

MAIN = "alpha_ordinal"
KEPT = 40  # choices of readings for which a project's figures are kept
_COUNTED = {
    Seen.independent: (Exposure.blind,),
    Seen.elsewhere: (Exposure.blind, Exposure.unknown),
}
_event, _protocol = table_of(LabelEvent), table_of(Protocol)
_label, _rubric = table_of(CurrentLabel), table_of(RubricVersion)
_account = table_of(Account)


@dataclass(frozen=True, slots=True)
class Reading:
    """One coder's level of one protocol."""

    protocol_id: int
    coder: str
    level: int
    at: dt.datetime
    rubric: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """The readings that a figure is of."""

    readings: list[Reading]  # by protocol, then in the order of recording
    waiting: int  # protocols left out because another reader is still wanted
    last_event_id: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen among."""

    coders: list[tuple[str, str]]  # user name and name
    rubrics: list[int]


def chosen(session: Session, project_id: int, wanted: Readings) -> Chosen:
    """The readings of a choice, of protocols whose readings are all in."""
    complete, waiting = _complete(session, project_id)
    last = training_data.last_event_id(session, project_id)
    standing: dict[tuple[int, str], Reading | None] = {}
    for row in session.execute(_events(project_id, wanted)):
        if row.protocol_id in complete:
            said = None if row.level is None else Reading(*row)
            standing[row.protocol_id, row.username] = said
    found = [reading for reading in standing.values() if reading is not None]
    return Chosen(sorted(found, key=lambda one: one.protocol_id), waiting, last)


def _events(project_id: int, wanted: Readings) -> Any:
    """What was said, in order; a withdrawn answer has no level."""
    statement = (
        select(
            _event.c.protocol_id,
            _account.c.username,
            _event.c.level,
            _event.c.recorded_at,
            _rubric.c.version,
        )
        .join(_account, _account.c.id == _event.c.account_id)
        .join(_rubric, _rubric.c.id == _event.c.rubric_version_id)
        .where(
            _event.c.project_id == project_id,
            _event.c.lane == Lane.coder,
            _event.c.action != Action.skip,
        )
        .order_by(_event.c.id)
    )
    if wanted.seen in _COUNTED:
        statement = statement.where(_event.c.exposure.in_(_COUNTED[wanted.seen]))
    if wanted.rubric is not None:
        statement = statement.where(_rubric.c.version == wanted.rubric)
    if wanted.since is not None:
        statement = statement.where(_event.c.recorded_at >= midnight(wanted.since))
    if wanted.until is not None:
        statement = statement.where(
            _event.c.recorded_at < midnight(wanted.until + dt.timedelta(days=1))
        )
    if wanted.coders:
        statement = statement.where(_account.c.username.in_(wanted.coders))
    return statement


def _complete(session: Session, project_id: int) -> tuple[set[int], int]:
    """Protocols with as many readers as they want, whatever was settled of them, and the others.

    One that somebody is still asked to read by name is not complete either.
    """
    rows = session.execute(
        select(_protocol.c.id, _protocol.c.coders_wanted, func.count())
        .join(_label, _label.c.protocol_id == _protocol.c.id)
        .where(
            _protocol.c.project_id == project_id,
            _label.c.lane == Lane.coder,
            _label.c.action == Action.label,
        )
        .group_by(_protocol.c.id, _protocol.c.coders_wanted)
    ).all()
    asked = set(
        session.scalars(
            select(Assignment.protocol_id).where(
                Assignment.project_id == project_id,
                Assignment.state == AssignmentState.open,
                Assignment.kind == AssignmentKind.assigned,
            )
        )
    )
    complete = {key for key, wanted, labels in rows if labels >= wanted} - asked
    return complete, len(rows) - len(complete)


def choices(session: Session, project_id: int) -> Choices:
    """Who has read protocols here, and under which versions of the rubric."""
    where = (_event.c.project_id == project_id, _event.c.lane == Lane.coder)
    coders = (
        select(_account.c.username, _account.c.display_name)
        .where(_account.c.id.in_(select(_event.c.account_id).where(*where)))
        .order_by(_account.c.display_name)
    )
    rubrics = (
        select(_rubric.c.version)
        .where(_rubric.c.id.in_(select(_event.c.rubric_version_id).where(*where)))
        .order_by(_rubric.c.version)
    )
    return Choices([tuple(row) for row in session.execute(coders)], [*session.scalars(rubrics)])


def report(session: Session, project_id: int, wanted: Readings) -> Report:
    """The newest figures of a choice; those that are out of date are shown until others are."""
    row = session.scalars(_of(project_id, wanted)).first()
    if row is None:
        return NOTHING
    is_current = row.last_event_id == training_data.last_event_id(session, project_id)
    return Report.of(Stored.agreement, row.found, row.made_at, is_current=is_current)


def main_figure(session: Session, project_id: int) -> dict[str, Any] | None:
    """Ordinal alpha of independent readings as it was last made; None while there is none."""
    found = report(session, project_id, Readings()).found
    if not found or found["coefficients"][MAIN]["value"] is None:
        return None
    return dict(found["coefficients"][MAIN])


def ask(session: Session, project_id: int, wanted: Readings) -> None:
    """Have the worker make the figures of a choice; call it when `report` says it is waiting."""
    if len(wanted.key) > AgreementReport.readings.type.length:
        raise InvalidInput("These are too many coders to choose: choose fewer, or all.")
    upsert(
        session,
        AgreementReport,
        {"project_id": project_id, "readings": wanted.key, "asked_at": now()},
        conflict=("project_id", "readings"),
        replace=("asked_at",),
    )
    jobs.enqueue(session, jobs.AGREEMENT, project_id, unless_waiting=True)


def keep_current(session: Session, project_id: int) -> None:
    """Have the figures of independent readings made anew if labels have come since."""
    if report(session, project_id, Readings()).is_waiting:
        ask(session, project_id, Readings())


def unanswered(session: Session, project_id: int) -> list[Readings]:
    """Choices that somebody has asked for since their figures were made, the oldest first."""
    rows = session.scalars(
        select(AgreementReport.readings)
        .where(AgreementReport.project_id == project_id)
        .where(
            AgreementReport.made_at.is_(None) | (AgreementReport.made_at < AgreementReport.asked_at)
        )
        .order_by(AgreementReport.asked_at)
    )
    return [Readings.from_key(key) for key in rows]


def store(
    session: Session, project_id: int, wanted: Readings, last_event: int, found: dict[str, Any]
) -> None:
    """Keep figures in place of earlier ones, and of the choices that were asked for last."""
    row = session.scalars(_of(project_id, wanted)).one()
    row.made_at, row.last_event_id = now(), last_event
    row.found = numbered(Stored.agreement, found)
    session.flush()  # it counts among those that are kept
    others = session.scalars(
        select(AgreementReport)
        .where(AgreementReport.project_id == project_id)
        .where(AgreementReport.readings != Readings().key)
        .order_by(AgreementReport.asked_at.desc())
        .offset(KEPT)
    )
    for other in others:
        session.delete(other)


def _of(project_id: int, wanted: Readings) -> Any:
    return select(AgreementReport).where(
        AgreementReport.project_id == project_id, AgreementReport.readings == wanted.key
    )
