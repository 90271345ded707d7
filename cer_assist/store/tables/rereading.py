"""What is to become of readings that were made under an older rubric; a decision is a new row."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, LongText, one_of


class RereadWish(StrEnum):
    """What a lead wants of a reading."""

    again = "again"  # the same coder reads the protocol again
    kept = "kept"  # it stands as it is


class RereadRequest(Base):
    """A lead's decision about one reading; open while that reading is the coder's newest."""

    __tablename__ = "reread_request"
    __table_args__ = (
        one_of("wish", RereadWish),
        Index("ix_reread_request_account_id_project_id", "account_id", "project_id"),
        Index("ix_reread_request_event_id_id", "event_id", "id"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))  # whose reading it is
    event_id: Mapped[int] = mapped_column(ForeignKey("label_event.id"))
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    wish: Mapped[str] = mapped_column(String(10))
    note: Mapped[LongText]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]
