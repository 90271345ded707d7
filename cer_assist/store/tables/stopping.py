"""What the worker foresees of a project, and what its leads decided: to stop labelling or go on.

Decisions are append-only, kept so by triggers: to reopen is a new decision, not the end of one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, LongText, Structure


class Outlook(Base):
    """The newest forecast of a project; the web process has no numerics to make one itself."""

    __tablename__ = "outlook"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    made_at: Mapped[Instant]
    said: Mapped[Structure]  # as `foreseeing` has it


class StoppingDecision(Base):
    """A lead's answer to "stop labelling?", with what they had been shown."""

    __tablename__ = "stopping_decision"
    __table_args__ = (Index("ix_stopping_decision_project_id_id", "project_id", "id"),)

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    stops: Mapped[bool]  # False: labelling goes on
    reason: Mapped[LongText]
    signals: Mapped[dict[str, Any]] = mapped_column(JSON())  # which held at that moment
    decided_at: Mapped[Instant]
