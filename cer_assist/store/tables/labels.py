"""Label events are only ever added, kept so by triggers; the current label is derived."""

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

from cer_assist.domain.labels import Action, Exposure, Lane, Origin
from cer_assist.store.types import Base, Digest, Instant, Key, one_of


class LabelEvent(Base):
    """One thing one coder did with one protocol, with all that was so at that moment."""

    __tablename__ = "label_event"
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        one_of("lane", Lane),
        one_of("action", Action),
        one_of("exposure", Exposure),
        one_of("origin", Origin),
        CheckConstraint("(action = 'label') = (level IS NOT NULL)", name="level_with_label"),
        CheckConstraint("level BETWEEN 0 AND 7", name="level_range"),
        CheckConstraint("confidence BETWEEN 1 AND 3", name="confidence_range"),
        CheckConstraint("seconds >= 0", name="seconds_not_negative"),
        Index("ix_label_event_project_id_id", "project_id", "id"),
        Index("ix_label_event_protocol_id_id", "protocol_id", "id"),
        Index("ix_label_event_in_time", "project_id", "recorded_at", "id"),
        {"sqlite_autoincrement": True},  # an id is never used twice
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    lane: Mapped[str] = mapped_column(String(10))
    action: Mapped[str] = mapped_column(String(10))
    level: Mapped[int | None] = mapped_column(SmallInteger())
    confidence: Mapped[int | None] = mapped_column(SmallInteger())
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON())  # [{start, end, quote}]
    note: Mapped[str] = mapped_column(Text())  # with action "skip": the reason
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    rubric_sha256: Mapped[Digest]
    exposure: Mapped[str] = mapped_column(String(20))
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestion.id"), index=True)
    serving_id: Mapped[int | None] = mapped_column(ForeignKey("serving.id"))
    seconds: Mapped[float | None]  # of this step: from showing the protocol, or the suggestion
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("label_event.id"))
    idempotency_key: Mapped[str] = mapped_column(String(80))
    request_sha256: Mapped[Digest]
    origin: Mapped[str] = mapped_column(String(10))
    recorded_at: Mapped[Instant]
    made_at: Mapped[Instant | None]  # when it was made elsewhere, if an import knows
    sha256: Mapped[Digest]  # over the event's own fields; the audit chain repeats it


class CurrentLabel(Base):
    """Each coder's latest event on a protocol: rebuildable from label_event at any time."""

    __tablename__ = "current_label"
    __table_args__ = (
        # Covers the count of one's own answers, which the label page shows.
        Index("ix_current_label_mine", "account_id", "project_id", "lane", "action"),
        # Covers final levels, and leads from standing answers to their events.
        Index(
            "ix_current_label_standing",
            "project_id",
            "action",
            "lane",
            "protocol_id",
            "account_id",
            "event_id",
            "level",
        ),
    )

    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    lane: Mapped[str] = mapped_column(String(10), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("label_event.id"))
    action: Mapped[str] = mapped_column(String(10))
    level: Mapped[int | None] = mapped_column(SmallInteger())
