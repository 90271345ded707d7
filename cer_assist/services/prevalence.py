"""How many protocols are on each level: the worker's newest report, by a column or by none.

A report is out of date once a label, a protocol, a version or a draw has come since. Looking at one
that is, or at none, asks for another.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import jobs, training_data
from cer_assist.services.models import current_version_id
from cer_assist.services.reports import NOTHING, Report, Stored, numbered
from cer_assist.store.tables import (
    FencedProtocol,
    FencedScore,
    PrevalenceReport,
    Protocol,
    Suggestion,
)
from cer_assist.store.types import now
from cer_assist.store.upsert import upsert


def report(session: Session, project_id: int, by: str) -> Report:
    """The newest report; one that is out of date is shown until another is made."""
    row = session.get(PrevalenceReport, (project_id, by))
    if row is None:
        return NOTHING
    is_current = row.basis == basis(session, project_id)
    return Report.of(Stored.prevalence, row.found, row.made_at, is_current=is_current)


def columns(session: Session, project_id: int) -> list[str]:
    """Details that tell protocols apart: of two different values at least."""
    values: dict[str, set[str]] = {}
    for (details,) in session.execute(
        select(Protocol.details).where(Protocol.project_id == project_id)
    ):
        for name, value in details.items():
            values.setdefault(name, set()).add(value)
    return sorted(name for name, found in values.items() if len(found) > 1)


def check(session: Session, project_id: int, by: str) -> str:
    """A column that there is, or empty."""
    if by and by not in (there := columns(session, project_id)):
        raise InvalidInput(
            f"There is no such column: choose one of {', '.join(there)}."
            if there
            else "These protocols have no columns to compare by: import some with them."
        )
    return by


def ask(session: Session, project_id: int, by: str) -> None:
    """Have the worker make the report; call it when `report` says it is waiting."""
    upsert(
        session,
        PrevalenceReport,
        {"project_id": project_id, "by": by, "asked_at": now()},
        conflict=("project_id", "by"),
        replace=("asked_at",),
    )
    jobs.enqueue(session, jobs.PREVALENCE, project_id, unless_waiting=True)


def unanswered(session: Session, project_id: int) -> list[str]:
    """Columns that somebody has asked for since their report was made, the oldest first."""
    made, asked = PrevalenceReport.made_at, PrevalenceReport.asked_at
    return list(
        session.scalars(
            select(PrevalenceReport.by)
            .where(PrevalenceReport.project_id == project_id, made.is_(None) | (made < asked))
            .order_by(asked)
        )
    )


def store(session: Session, project_id: int, by: str, stood: str, found: dict[str, Any]) -> None:
    """Keep a report in place of the one before."""
    row = session.get_one(PrevalenceReport, (project_id, by))
    row.made_at, row.basis = now(), stood
    row.found = numbered(Stored.prevalence, found)


def basis(session: Session, project_id: int) -> str:
    """What a report rests on, in numbers that change when it does."""
    version_id = current_version_id(session, project_id)
    protocols = select(func.count()).where(Protocol.project_id == project_id)
    fenced = select(func.count()).where(FencedProtocol.project_id == project_id)
    said = select(func.count()).where(Suggestion.model_version_id == version_id)
    scored = select(func.count()).where(FencedScore.model_version_id == version_id)
    counts = [session.execute(one).scalar_one() for one in (protocols, fenced, said, scored)]
    last = training_data.last_event_id(session, project_id)
    return ":".join(map(str, (last, version_id or 0, *counts)))
