"""What the auditor's desk counts; rebuildable from label events at any time."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.domain.labels import Exposure
from cer_assist.store.types import Base, Instant, one_of


class DeskRow(Base):
    """A coder's answer with a level, beside what the model said of it and what became of it.

    The desk counts fifty thousand at a time: here is all that it asks of one, in one narrow row,
    and the rows of a project lie together.
    """

    __tablename__ = "desk_row"
    __table_args__ = (
        one_of("exposure", Exposure),
        Index("ix_desk_row_event_id", "event_id"),  # leads to a list's rows
        {"sqlite_with_rowid": False},
    )

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("label_event.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    is_standing: Mapped[bool] = mapped_column(Boolean())  # no later event of theirs replaced it
    level: Mapped[int] = mapped_column(SmallInteger())
    was: Mapped[int | None] = mapped_column(SmallInteger())  # the level that this answer replaced
    was_exposure: Mapped[str | None] = mapped_column(String(20))
    suggestion_id: Mapped[int | None]
    suggested: Mapped[int | None] = mapped_column(SmallInteger())
    probability: Mapped[float | None]  # of the suggested level
    model_version_id: Mapped[int | None]
    exposure: Mapped[str] = mapped_column(String(20))
    arm: Mapped[str | None] = mapped_column(String(10))
    rubric_version_id: Mapped[int]
    seconds: Mapped[float | None]  # of this answer and those before it in its sitting
    recorded_at: Mapped[Instant]
    # Of its protocol, the same in each of its readings:
    characters: Mapped[int]
    first_answer: Mapped[int]  # the first event that gave it a level, a coder's or a final one
    final: Mapped[int | None] = mapped_column(SmallInteger())  # settled, else what all agree on
    is_settled: Mapped[bool] = mapped_column(Boolean())
    readers: Mapped[int]  # whose answer stands
