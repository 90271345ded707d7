"""Prevalence reports as the worker made them; rebuildable from labels and suggestions any time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant


class PrevalenceReport(Base):
    """What was found for a project, by one column of its protocols' details or by none."""

    __tablename__ = "prevalence_report"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    by: Mapped[str] = mapped_column(String(200), primary_key=True)  # a column, or empty
    asked_at: Mapped[Instant]
    made_at: Mapped[Instant | None]  # before asked_at: the worker has still to answer
    basis: Mapped[str | None] = mapped_column(String(100))  # `services.prevalence.basis`
    found: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
