"""Figures of agreement as the worker made them; rebuildable from label events at any time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key


class AgreementReport(Base):
    """What was found for one choice of readings, and up to which label event."""

    __tablename__ = "agreement_report"
    __table_args__ = (UniqueConstraint("project_id", "readings"),)

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    readings: Mapped[str] = mapped_column(String(1000))  # `domain.agreement.Readings.key`
    asked_at: Mapped[Instant]
    made_at: Mapped[Instant | None]  # before asked_at: the worker has still to answer
    last_event_id: Mapped[int | None]  # label events up to this one are in it
    found: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
