"""Whether the suggestions help or steer, as the worker found; rebuildable at any time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant


class ExposureReport(Base):
    """What was found for a project, and up to which label event."""

    __tablename__ = "exposure_report"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    made_at: Mapped[Instant]
    last_event_id: Mapped[int]  # label events up to this one are in it
    found: Mapped[dict[str, Any]] = mapped_column(JSON())
