"""Protocols are read-only matter; what coders do with them stands in other tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Digest, Instant, Key, LongText, Name


def _characters(row: DefaultExecutionContext) -> int:
    return len(row.get_current_parameters()["text"])  # type: ignore[no-untyped-call]


class Protocol(Base):
    """A study protocol; `text` is exactly what pages show and offsets count."""

    __tablename__ = "protocol"
    __table_args__ = (
        UniqueConstraint("project_id", "external_id"),
        CheckConstraint("coders_missing >= 0", name="coders_missing_not_negative"),
        Index("ix_protocol_content_hash", "project_id", "content_hash"),
        # Covers lengths: no text is read to know how long it is.
        Index("ix_protocol_project_id_characters", "project_id", "characters"),
        # The queue looks only at protocols that still want a reader, in a fixed random order.
        Index(
            "ix_protocol_open",
            "project_id",
            "shuffle",
            sqlite_where=text("coders_missing > 0"),
            postgresql_where=text("coders_missing > 0"),
        ),
    )

    # Small columns stand before the long ones: SQLite reads a row from its beginning.
    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    external_id: Mapped[Name]
    content_hash: Mapped[Digest]
    shuffle: Mapped[int]
    coders_wanted: Mapped[int]
    coders_missing: Mapped[int]  # coders_wanted less the coders who have a current level
    created_at: Mapped[Instant]
    title: Mapped[str] = mapped_column(Text())
    # [[name, start, end], …] in code points of text
    sections: Mapped[list[list[Any]]] = mapped_column(JSON())
    details: Mapped[dict[str, str]] = mapped_column(JSON())  # year, department, … as imported
    text: Mapped[LongText]
    # Of the text. Not computed by SQLite: there no index covers a computed column.
    characters: Mapped[int] = mapped_column(default=_characters)
