"""When to retrain is decided by a pure function, and the job waits until that time.

Forty labels in a row want one retraining after the fifth and so on, not forty: each label moves the
one waiting job's time. While coders work, the model in use learns on; once they pause there is time
to fit everything anew, which alone measures, so that figures are fresh when someone looks.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES, Action
from cer_assist.services import jobs
from cer_assist.store.tables import Job, LabelEvent, ModelVersion, Project
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.types import is_among, now, table_of

KIND = "retrain"
IN_FULL = "in_full"  # in a job's payload: why everything is to be fitted anew, whatever has come
PAUSED = "nobody has labelled for a while"


_KNOWN = (
    select(func.coalesce(func.max(ModelVersion.last_event_id), 0))
    .where(ModelVersion.project_id == bindparam("project"))
    .scalar_subquery()
)
# Counted no further than the answer needs: without a worker the new labels only ever grow.
_SOME_NEW = (
    select(table_of(LabelEvent).c.id)
    .where(
        LabelEvent.project_id == bindparam("project"),
        LabelEvent.id > _KNOWN,
        LabelEvent.action != Action.skip,
        ~is_among(table_of(LabelEvent).c.lane, HIDDEN_LANES),
    )
    .limit(bindparam("enough"))
)
_NEW_LABELS = select(func.count()).select_from(_SOME_NEW.subquery()).scalar_subquery()
_job = table_of(Job)
_IS_DUE = exists().where(
    _job.c.kind == KIND,
    _job.c.project_id == bindparam("project"),
    _job.c.state == JobState.queued,
    _job.c.run_after <= bindparam("at"),
)
_STATE = select(_NEW_LABELS, _IS_DUE)


def retrain_at(new_labels: int, *, every: int, idle: dt.timedelta, at: dt.datetime) -> dt.datetime:
    """Now when enough labels have come in, else when the coders have been idle for a while."""
    return at if new_labels >= every else at + idle


def labels_changed(session: Session, project: Project) -> None:
    """Let one retraining wait for the project; call it in the transaction that stores a label."""
    at = now()
    where = {"project": project.id, "enough": project.retrain_every, "at": at}
    new_labels, is_due = session.execute(_STATE, where).one()
    # One that is due waits for a worker, who will read this label too. That is sure only where
    # there is one writer at a time: elsewhere a worker may be taking the job at this moment.
    if is_due and new_labels >= project.retrain_every and _has_one_writer(session):
        return
    idle = dt.timedelta(seconds=project.retrain_idle_seconds)
    when = retrain_at(new_labels, every=project.retrain_every, idle=idle, at=at)
    payload = {IN_FULL: PAUSED} if when > at else {}
    jobs.enqueue(session, KIND, project.id, run_after=when, payload=payload)


def measure_when_idle(session: Session, project_id: int) -> None:
    """Let a full fit wait for coders to pause, unless a retraining waits already."""
    project = session.get_one(Project, project_id)
    when = now() + dt.timedelta(seconds=project.retrain_idle_seconds)
    payload = {IN_FULL: PAUSED}
    jobs.enqueue(session, KIND, project_id, run_after=when, payload=payload, unless_waiting=True)


def fit_anew(session: Session, project_id: int, why: str) -> None:
    """Have everything fitted anew at once, in the transaction of what makes it necessary."""
    jobs.enqueue(session, KIND, project_id, payload={IN_FULL: why})


def _has_one_writer(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
