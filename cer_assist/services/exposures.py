"""Do suggestions help or steer? What the worker found last, and asking it again.

A report is out of date once an answer has come since. Looking at one that is, or at none, asks.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from cer_assist.services import jobs, training_data
from cer_assist.services.reports import NOTHING, Report, Stored, numbered
from cer_assist.store.tables import ExposureReport
from cer_assist.store.types import now
from cer_assist.store.upsert import upsert


def report(session: Session, project_id: int) -> Report:
    """The newest report; one that is out of date is shown until another is made."""
    row = session.get(ExposureReport, project_id)
    if row is None:
        return NOTHING
    is_current = row.last_event_id == training_data.last_event_id(session, project_id)
    return Report.of(Stored.exposure, row.found, row.made_at, is_current=is_current)


def ask(session: Session, project_id: int) -> None:
    """Have the worker make the report; call it when `report` says it is waiting."""
    jobs.enqueue(session, jobs.EXPOSURE, project_id, unless_waiting=True)


def store(session: Session, project_id: int, last_event: int, found: dict[str, Any]) -> None:
    """Keep a report in place of the one before."""
    values = {
        "project_id": project_id,
        "made_at": now(),
        "last_event_id": last_event,
        "found": numbered(Stored.exposure, found),
    }
    replaced = ("made_at", "last_event_id", "found")
    upsert(session, ExposureReport, values, conflict=("project_id",), replace=replaced)
