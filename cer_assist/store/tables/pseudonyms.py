"""What coders and records are called in exports; given once, for ever."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base


class CoderPseudonym(Base):
    """The number that stands for a coder outside; it says nothing of when they came."""

    __tablename__ = "coder_pseudonym"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    number: Mapped[int]


class PseudonymKey(Base):
    """What a project's record numbers are hashed with, so that guessing one proves nothing."""

    __tablename__ = "pseudonym_key"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
