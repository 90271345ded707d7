"""Remarks on the model's words are only ever added, as labels are: the newest of a place counts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.domain.remarks import Remark
from cer_assist.store.types import Base, Digest, Instant, Key, LongText, one_of


class WordRemark(Base):
    """A coder contests a highlighted word, adds one that was missed, or takes that back."""

    __tablename__ = "word_remark"
    __table_args__ = (
        one_of("remark", Remark),
        CheckConstraint('start >= 0 AND start < "end"', name="span"),
        Index("ix_word_remark_project_id_id", "project_id", "id"),
        Index("ix_word_remark_protocol_id_account_id", "protocol_id", "account_id"),
        {"sqlite_autoincrement": True},  # an id is never used twice
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"), index=True)
    level: Mapped[int] = mapped_column(SmallInteger())  # that the suggestion is for
    remark: Mapped[str] = mapped_column(String(20))
    start: Mapped[int]  # code points in the protocol's text
    end: Mapped[int]
    quote: Mapped[LongText]
    recorded_at: Mapped[Instant]
    sha256: Mapped[Digest]  # over its own fields; the audit chain repeats it
