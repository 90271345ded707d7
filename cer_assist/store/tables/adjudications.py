"""What was done about a disagreement and what was said of it: both only ever added, as labels are.

A final level is a label event like any other; the row here says between which answers it was made
and why. So an answer that comes later tells by its number that it was not among them.
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
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.domain.adjudication import Act, Reason
from cer_assist.store.types import Base, Digest, Instant, Key, LongText, one_of


class Adjudication(Base):
    """One thing an adjudicator did with a protocol."""

    __tablename__ = "adjudication"
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        one_of("act", Act),
        one_of("reason", Reason),
        CheckConstraint(
            "(act IN ('decide', 'propose')) = (level IS NOT NULL)", name="level_with_decision"
        ),
        Index("ix_adjudication_project_id_id", "project_id", "id"),
        Index("ix_adjudication_protocol_id_id", "protocol_id", "id"),
        {"sqlite_autoincrement": True},  # an id is never used twice
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    act: Mapped[str] = mapped_column(String(20))
    level: Mapped[int | None] = mapped_column(SmallInteger())
    label_event_id: Mapped[int | None] = mapped_column(ForeignKey("label_event.id"), index=True)
    reason: Mapped[str | None] = mapped_column(String(20))  # empty where the coders agreed
    note: Mapped[LongText]  # with send_back: what the coders are told
    between: Mapped[list[Any]] = mapped_column(JSON())  # label events that stood, by id
    newest: Mapped[int]  # of these: a higher one has come since
    is_party: Mapped[bool]  # one of these was the adjudicator's own
    idempotency_key: Mapped[str] = mapped_column(String(80))
    request_sha256: Mapped[Digest]
    recorded_at: Mapped[Instant]
    sha256: Mapped[Digest]  # over its own fields; the audit chain repeats it


class Comment(Base):
    """Something said in the discussion of a protocol."""

    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        Index("ix_comment_protocol_id_id", "protocol_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    text: Mapped[LongText]
    idempotency_key: Mapped[str] = mapped_column(String(80))
    recorded_at: Mapped[Instant]
    sha256: Mapped[Digest]  # over its own fields; the audit chain repeats it
