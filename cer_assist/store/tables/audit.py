"""The audit chain: every event's hash covers the one before, so an altered event names itself."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Digest, Instant, LongText

_NO_LABEL = text("action <> 'label.recorded'")


class AuditEvent(Base):
    """Something that happened, never changed afterwards (triggers keep it so)."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_project_id_id", "project_id", "id"),
        Index("ix_audit_event_subject", "subject"),
        # Labels, nearly all of it, are told from their rows: the rest in order of time.
        Index(
            "ix_audit_event_deeds",
            "project_id",
            "at",
            "id",
            sqlite_where=_NO_LABEL,
            postgresql_where=_NO_LABEL,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3, no gap
    at: Mapped[Instant]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))  # such as label:17
    detail: Mapped[LongText]  # canonical JSON text: it is hashed as it stands
    previous_sha256: Mapped[Digest]
    sha256: Mapped[Digest]


class AuditHead(Base):
    """The newest event: one row, locked while the chain grows; it shows a chain cut short."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int]
    sha256: Mapped[Digest]
