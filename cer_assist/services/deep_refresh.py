"""A deep refresh is asked for by a lead, and what came of it is an event in the audit.

It takes half an hour of the worker's time and is honest only with enough labels, so nothing starts
it by itself. Its outcome is kept whether or not its encoder is used: the page shows the last one.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.model_kinds import MODEL_KINDS, READ_NO_STATES
from cer_assist.services import audit, jobs, training_data
from cer_assist.services.jobs import DEEP_REFRESH
from cer_assist.store.tables import AuditEvent, Job, Project
from cer_assist.store.tables.jobs import JobState

LEAST_LABELS = 150
ASKED, ENDED = "model.refresh_asked", "model.refreshed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a refresh ended; the figures of a comparison are there if it came to one."""

    at: dt.datetime
    labels: int
    decision: str
    figures: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RefreshStanding:
    """What the Model page says of deep refreshes."""

    refusal: str  # why none can be asked for now; empty: one can
    job: Job | None  # the one that waits or runs
    failed: Job | None  # the newest one, if errors ended it
    last: Outcome | None  # of one that came to an end


def standing(session: Session, project: Project) -> RefreshStanding:
    """Whether one can be asked for, what is under way, how the last one ended."""
    job = jobs.under_way(session, DEEP_REFRESH, project.id)
    refusal = _refusal(session, project, job, LEAST_LABELS)
    newest = session.scalars(_jobs_of(project.id).order_by(Job.id.desc()).limit(1)).first()
    failed = newest if newest is not None and newest.state == JobState.dead else None
    return RefreshStanding(refusal, job, failed, last_outcome(session, project.id))


def ask(session: Session, project: Project, by: int | None, *, least: int = LEAST_LABELS) -> None:
    """Queue one, or say why not; `least` labels are wanted."""
    job = jobs.under_way(session, DEEP_REFRESH, project.id)
    if refusal := _refusal(session, project, job, least):
        raise InvalidInput(refusal)
    run = secrets.token_hex(8)  # names its scratch, so another one never goes on from this one's
    jobs.enqueue(session, DEEP_REFRESH, project.id, payload={"run": run})
    entry = audit.Entry(ASKED, _subject(project.id), {})
    audit.append(session, entry, account_id=by, project_id=project.id)


def stop(session: Session, project: Project, by: int) -> None:
    """Ask the one that waits or runs to stop."""
    job = jobs.under_way(session, DEEP_REFRESH, project.id)
    if job is None:
        raise InvalidInput("No deep refresh is under way: there is nothing to stop.")
    jobs.request_cancel(session, job.id, by)


def record(session: Session, project_id: int, run: str, detail: dict[str, Any]) -> None:
    """Record how a refresh ended; once, however often its job is taken up again."""
    if all(json.loads(row.detail)["run"] != run for row in _ended(session, project_id)):
        entry = audit.Entry(ENDED, _subject(project_id), {**detail, "run": run})
        audit.append(session, entry, account_id=None, project_id=project_id)


def last_outcome(session: Session, project_id: int) -> Outcome | None:
    """How the project's last refresh ended, if there was one."""
    found = _ended(session, project_id)
    if not found:
        return None
    detail = json.loads(found[0].detail)
    return Outcome(found[0].at, detail["labels"], detail["decision"], detail.get("figures"))


def live_runs(session: Session) -> set[str]:
    """The refreshes that wait or run, in all projects."""
    live = Job.state.in_([JobState.queued, JobState.running])
    payloads = session.scalars(select(Job.payload).where(Job.kind == DEEP_REFRESH, live))
    return {payload["run"] for payload in payloads}


def _jobs_of(project_id: int) -> Select[Job]:
    return select(Job).where(Job.kind == DEEP_REFRESH, Job.project_id == project_id)


def _refusal(session: Session, project: Project, job: Job | None, least: int) -> str:
    if job is not None:
        runs = job.state == JobState.running
        return f"A deep refresh is {'under way' if runs else 'waiting for the worker'} already."
    row = session.get_one(Project, project.id)
    if row.model_kind in READ_NO_STATES:
        title = MODEL_KINDS[row.model_kind].title
        return f"The kind of model “{title}” knows words by their letters only: choose another."
    if row.pinned_version_id is not None:
        return "A version is pinned, so no other would be used: unpin it first."
    labels = len(training_data.settled_levels(session, project.id))
    if labels < least:
        return (
            f"A deep refresh needs at least {least} labelled protocols whose level is settled; "
            f"there are {labels}: label some more."
        )
    return ""


def _ended(session: Session, project_id: int) -> Sequence[Row[dt.datetime, str]]:
    """The events of refreshes that ended, the newest first."""
    return session.execute(
        select(AuditEvent.at, AuditEvent.detail)
        .where(AuditEvent.subject == _subject(project_id), AuditEvent.action == ENDED)
        .order_by(AuditEvent.id.desc())
    ).all()


def _subject(project_id: int) -> str:
    return f"refresh:{project_id}"
