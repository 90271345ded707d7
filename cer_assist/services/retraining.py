"""When to retrain is decided by a pure function, and the job waits until that time.

Forty labels in a row want one retraining after the fifth and so on, not forty: each label moves the
one waiting job's time.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action
from cer_assist.services import jobs
from cer_assist.store.tables import LabelEvent, ModelVersion, Project
from cer_assist.store.types import now, table_of

KIND = "retrain"


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
    )
    .limit(bindparam("enough"))
)
_NEW_LABELS = select(func.count()).select_from(_SOME_NEW.subquery())


def retrain_at(new_labels: int, *, every: int, idle: dt.timedelta, at: dt.datetime) -> dt.datetime:
    """Now when enough labels have come in, else when the coders have been idle for a while."""
    return at if new_labels >= every else at + idle


def labels_changed(session: Session, project: Project) -> None:
    """Let one retraining wait for the project; call it in the transaction that stores a label."""
    where = {"project": project.id, "enough": project.retrain_every}
    new_labels = session.execute(_NEW_LABELS, where).scalar_one()
    when = retrain_at(
        new_labels,
        every=project.retrain_every,
        idle=dt.timedelta(seconds=project.retrain_idle_seconds),
        at=now(),
    )
    jobs.enqueue(session, KIND, project.id, run_after=when)
