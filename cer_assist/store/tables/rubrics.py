"""Rubric versions are kept as the exact text they were published with."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from cer_assist.store.types import Base, Digest, Instant, Key, LongText, Name


class RubricVersion(Base):
    """One immutable wording of a scale."""

    __tablename__ = "rubric_version"
    __table_args__ = (UniqueConstraint("rubric_id", "version"), UniqueConstraint("sha256"))

    id: Mapped[Key]
    rubric_id: Mapped[Name]
    version: Mapped[int]
    sha256: Mapped[Digest]
    text: Mapped[LongText]
    created_at: Mapped[Instant]
