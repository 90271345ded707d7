"""Practice protocols whose level is known, and what coders answered on them.

Only ever added: an item that is mended becomes a new one, so an answer keeps what it answered, and
a round its mark. These answers are no labels and stand apart from them: nothing else reads them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, LongText, Name


class TrainingItem(Base):
    """A practice protocol: a copy of its own, with its level and why it is that."""

    __tablename__ = "training_item"
    __table_args__ = (
        CheckConstraint("also_level <> level", name="also_level_is_another"),
        CheckConstraint("explanation <> ''", name="explanation_given"),
        Index("ix_training_item_project_id_id", "project_id", "id"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    # Whose copy it is; empty: it was typed in or uploaded.
    protocol_id: Mapped[int | None] = mapped_column(ForeignKey("protocol.id"), index=True)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("training_item.id"), index=True)
    name: Mapped[Name]  # for leads; coders are shown the title
    level: Mapped[int] = mapped_column(SmallInteger())
    also_level: Mapped[int | None] = mapped_column(SmallInteger())  # counts as right, too
    is_synthetic: Mapped[bool]  # written for practice; no real study
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]
    title: Mapped[str] = mapped_column(Text())
    explanation: Mapped[LongText]
    evidence: Mapped[list[Any]] = mapped_column(JSON())  # [[start, end], …] in code points of text
    sections: Mapped[list[Any]] = mapped_column(JSON())  # as a protocol's
    text: Mapped[LongText]


class TrainingUse(Base):
    """Whether an item is given to coders; the newest row of an item counts."""

    __tablename__ = "training_use"
    __table_args__ = (Index("ix_training_use_item_id_id", "item_id", "id"),)

    id: Mapped[Key]
    item_id: Mapped[int] = mapped_column(ForeignKey("training_item.id"))
    is_used: Mapped[bool]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]


class TrainingRound(Base):
    """One run of a coder through some items, with the mark that it began under."""

    __tablename__ = "training_round"
    __table_args__ = (
        UniqueConstraint("project_id", "account_id", "number"),
        CheckConstraint("pass_mark BETWEEN 0 AND 1", name="pass_mark_range"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[int]
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    items: Mapped[list[int]] = mapped_column(JSON())  # in the order in which they come
    pass_mark: Mapped[float]
    no_far: Mapped[bool]  # fails with an answer more than one level off
    at: Mapped[Instant]


class TrainingAnswer(Base):
    """What a coder said of an item; feedback follows, so it never changes."""

    __tablename__ = "training_answer"
    __table_args__ = (
        UniqueConstraint("round_id", "item_id"),
        UniqueConstraint("account_id", "idempotency_key"),
        Index("ix_training_answer_item_id", "item_id"),
    )

    id: Mapped[Key]
    round_id: Mapped[int] = mapped_column(ForeignKey("training_round.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("training_item.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    level: Mapped[int] = mapped_column(SmallInteger())
    off: Mapped[int] = mapped_column(
        SmallInteger()
    )  # levels from the nearest right one, 0 is right
    seconds: Mapped[float | None]
    idempotency_key: Mapped[str] = mapped_column(String(80))
    at: Mapped[Instant]


class TrainingResult(Base):
    """How a round ended, stored with its last answer."""

    __tablename__ = "training_result"

    round_id: Mapped[int] = mapped_column(ForeignKey("training_round.id"), primary_key=True)
    right: Mapped[int]
    asked: Mapped[int]
    has_passed: Mapped[bool]
    at: Mapped[Instant]


class TrainingPermit(Base):
    """A lead lets a coder have one round more."""

    __tablename__ = "training_permit"
    __table_args__ = (
        Index("ix_training_permit_project_id_account_id", "project_id", "account_id"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    allowed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]
