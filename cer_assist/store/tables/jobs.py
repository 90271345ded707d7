"""Jobs live beside labels so that neither can exist alone; we pay with polling.

A job is claimed with a lease; its attempt number is the fencing token: a worker that was thought
dead and wakes up again holds an old number and can publish nothing.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, Structure, one_of


class JobState(StrEnum):
    """Where a job stands."""

    queued = "queued"
    running = "running"
    done = "done"
    dead = "dead"  # failed too often; its reason is shown to administrators
    cancelled = "cancelled"


class Job(Base):
    """A piece of background work."""

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", JobState),
        # At most one waiting of a kind and project: forty labels want one retraining, not forty.
        Index(
            "uq_job_waiting",
            "kind",
            "project_id",
            unique=True,
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index("ix_job_state_run_after", "state", "run_after"),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(40))
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    payload: Mapped[Structure]
    state: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[Instant]
    lease_until: Mapped[Instant | None]
    worker: Mapped[str | None] = mapped_column(String(100))
    progress: Mapped[float] = mapped_column(default=0.0)  # 0 to 1
    progress_note: Mapped[str] = mapped_column(Text(), default="")
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str] = mapped_column(Text(), default="")
    created_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
