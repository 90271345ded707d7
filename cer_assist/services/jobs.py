"""Jobs are enqueued in the transaction of their cause and claimed with a lease.

The attempt number is the fencing token: every write of a worker names it, and one whose lease was
taken over holds an old number and changes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from cer_assist.domain.errors import CerError, NotFound
from cer_assist.services import audit
from cer_assist.store.tables import Job
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.types import now
from cer_assist.store.upsert import upsert

DEEP_REFRESH = "deep_refresh"
EXPLAIN = "explain"
SIMULATE, LABEL_CHECK = "simulate", "label_check"
GIVING_WAY = (DEEP_REFRESH, SIMULATE, LABEL_CHECK)  # long, and nobody waits for them
FENCE, FENCE_DRAW = "fence", "fence_draw"  # measure the fenced sample, enlarge it
OUTLOOK, AGREEMENT, EXPOSURE = "outlook", "agreement", "exposure"
PREVALENCE = "prevalence"
MAX_ATTEMPTS = 3
RETRY_SECONDS = (5, 60)


class LeaseLost(CerError):
    """Another worker has taken this job over; what was computed is thrown away."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in a worker's hands; `attempt` fences every later write."""

    job_id: int
    attempt: int
    kind: str
    project_id: int
    payload: dict[str, Any]


def enqueue(
    session: Session,
    kind: str,
    project_id: int,
    *,
    run_after: dt.datetime | None = None,
    payload: dict[str, Any] | None = None,
    unless_waiting: bool = False,
) -> None:
    """Make sure one job of this kind waits for the project.

    One that waits already takes the new time and payload, or with `unless_waiting` keeps its own.
    """
    when = run_after or now()
    values = {
        "kind": kind,
        "project_id": project_id,
        "payload": payload or {},
        "state": JobState.queued,
        "attempt": 0,
        "run_after": when,
        "progress": 0.0,
        "progress_note": "",
        "cancel_requested": False,
        "error": "",
        "created_at": now(),
    }
    upsert(
        session,
        Job,
        values,
        conflict=("kind", "project_id"),
        replace=() if unless_waiting else ("run_after", "payload"),
        where="state = 'queued'",
    )


def is_due(session: Session, *, before_long_ones: bool = False) -> bool:
    """Whether a claim would find something: a cheap look before the row is locked.

    `before_long_ones` is how a job that gives way asks whether it is in the way of another.
    """
    found = select(Job.id).where(_claimable(now())).limit(1)
    if before_long_ones:
        found = found.where(Job.kind.not_in(GIVING_WAY))
    return session.execute(found).first() is not None


def _claimable(at: dt.datetime) -> ColumnElement[bool]:
    same = aliased(Job)
    under_way = exists().where(
        same.kind == Job.kind,
        same.project_id == Job.project_id,
        same.state == JobState.running,
        same.lease_until >= at,
    )
    return or_(
        (Job.state == JobState.queued) & (Job.run_after <= at) & ~under_way,
        (Job.state == JobState.running) & (Job.lease_until < at),
    )


def claim(
    session: Session, worker: str, lease: dt.timedelta, *, only: tuple[str, int] | None = None
) -> Claim | None:
    """Take the most urgent job that is due, or whose worker has fallen silent.

    `only` narrows it to one kind and project, for a command that does the work itself.
    """
    at = now()
    _bury_exhausted(session, at)
    due = (
        select(Job)
        .where(_claimable(at))
        # Retraining before encoding: coders wait for the one, nobody for the other. What takes
        # a moment comes before both, figures that a lead waits for between them, and what takes
        # half an hour and gives way to all comes last.
        .order_by(
            (Job.kind == EXPLAIN).desc(),
            (Job.kind == "retrain").desc(),
            Job.kind.in_((AGREEMENT, EXPOSURE, PREVALENCE)).desc(),
            Job.kind.in_(GIVING_WAY),
            Job.run_after,
        )
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        due = due.where(Job.kind == only[0], Job.project_id == only[1])
    job = session.scalars(due).first()
    if job is None:
        return None
    job.state, job.attempt, job.worker = JobState.running, job.attempt + 1, worker
    job.lease_until, job.started_at = at + lease, at
    job.progress, job.progress_note = 0.0, ""
    session.flush()  # the row must carry the new attempt before the caller reads it
    return Claim(job.id, job.attempt, job.kind, job.project_id, dict(job.payload))


def _bury_exhausted(session: Session, at: dt.datetime) -> None:
    session.execute(
        update(Job)
        .where(Job.state == JobState.running, Job.lease_until < at, Job.attempt >= MAX_ATTEMPTS)
        .values(
            state=JobState.dead,
            finished_at=at,
            error="The worker died each time it ran this; see its log, then run it again.",
        )
    )


def heartbeat(
    session: Session, held: Claim, lease: dt.timedelta, progress: float, note: str
) -> bool:
    """Renew the lease and report progress; True when someone asked for the job to stop."""
    row = _update_held(
        session, held, lease_until=now() + lease, progress=progress, progress_note=note
    )
    return bool(row.cancel_requested)


def finish(session: Session, held: Claim, note: str = "") -> None:
    """Mark a job done, in the transaction that publishes its result."""
    _update_held(
        session, held, state=JobState.done, finished_at=now(), progress=1.0, progress_note=note
    )


def cancelled(session: Session, held: Claim) -> None:
    """Mark a job as stopped on request."""
    _update_held(session, held, state=JobState.cancelled, finished_at=now())


def give_back(session: Session, held: Claim) -> None:
    """Let another worker start the work at once: this one is shutting down.

    It becomes a new job: the attempt number is a fence and must never count backwards.
    """
    _update_held(
        session, held, state=JobState.cancelled, finished_at=now(), error="The worker was stopped."
    )
    enqueue(session, held.kind, held.project_id, payload=held.payload)


def fail(session: Session, held: Claim, reason: str) -> None:
    """Let a job wait for another try, or bury it with its reason after the last."""
    dead: dict[str, Any] = {"state": JobState.dead, "finished_at": now()}
    pause = RETRY_SECONDS[min(held.attempt, len(RETRY_SECONDS)) - 1]
    later = {"state": JobState.queued, "run_after": now() + dt.timedelta(seconds=pause)}
    final = held.attempt >= MAX_ATTEMPTS or _waiting(session, held)
    try:
        with session.begin_nested():
            _update_held(
                session, held, error=reason, lease_until=None, **(dead if final else later)
            )
    except IntegrityError:  # a label has just put another one in the queue: that one will do
        _update_held(session, held, error=reason, lease_until=None, **dead)


def hold(session: Session, held: Claim) -> None:
    """Raise LeaseLost unless this worker still has the job; locks it until the commit."""
    _update_held(session, held, worker=Job.worker)


def _waiting(session: Session, held: Claim) -> bool:
    statement = select(Job.id).where(
        Job.kind == held.kind, Job.project_id == held.project_id, Job.state == JobState.queued
    )
    return session.execute(statement).first() is not None


def _update_held(session: Session, held: Claim, **values: Any) -> Row[Any]:
    row = session.execute(
        update(Job)
        .where(Job.id == held.job_id, Job.attempt == held.attempt, Job.state == JobState.running)
        .values(**values)
        .returning(Job.cancel_requested)
    ).first()
    if row is None:
        raise LeaseLost(f"job {held.job_id} is no longer this worker's")
    return row


def under_way(session: Session, kind: str, project_id: int) -> Job | None:
    """The job of a kind that runs, or else waits."""
    return session.scalars(
        select(Job)
        .where(Job.kind == kind, Job.project_id == project_id)
        .where(Job.state.in_([JobState.queued, JobState.running]))
        .order_by(Job.state == JobState.queued, Job.id.desc())
        .limit(1)
    ).first()


def has_failed(session: Session, kind: str, project_id: int) -> bool:
    """Whether the newest job of a kind ended in errors."""
    newest = session.scalars(
        select(Job.state)
        .where(Job.kind == kind, Job.project_id == project_id)
        .order_by(Job.id.desc())
        .limit(1)
    ).first()
    return newest == JobState.dead


def run_again(session: Session, job_id: int, account_id: int) -> None:
    """Queue a dead or cancelled job anew; its history stays."""
    job = session.get(Job, job_id)
    if job is None or job.state not in (JobState.dead, JobState.cancelled):
        raise NotFound("Only a job that failed or was stopped can be run again.")
    enqueue(session, job.kind, job.project_id, payload=dict(job.payload))
    entry = audit.Entry("job.run_again", f"job:{job.id}", {"kind": job.kind})
    audit.append(session, entry, account_id=account_id, project_id=job.project_id)


def request_cancel(session: Session, job_id: int, account_id: int) -> None:
    """Ask a job to stop: at once when it waits, at its next heartbeat when it runs."""
    job = session.get(Job, job_id)
    if job is None or job.state not in (JobState.queued, JobState.running):
        raise NotFound("This job has already ended.")
    if job.state == JobState.queued:
        job.state, job.finished_at = JobState.cancelled, now()
    job.cancel_requested = True
    entry = audit.Entry("job.cancel", f"job:{job.id}", {"kind": job.kind})
    audit.append(session, entry, account_id=account_id, project_id=job.project_id)
