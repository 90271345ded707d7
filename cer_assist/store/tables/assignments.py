"""Who is asked to read what, by name: all that promises a protocol to one coder is one table.

Rows are never deleted: what was answered or released stays, with the answer that closed it.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, one_of


class AssignmentKind(StrEnum):
    """Why a coder is asked, what is most urgent first."""

    returned = "returned"  # an adjudicator asks for a second look
    reread = "reread"  # once more: the rubric has changed since, or a lead wants to see
    assigned = "assigned"  # a lead dealt it to them


class AssignmentState(StrEnum):
    """What has become of it."""

    open = "open"
    answered = "answered"
    released = "released"  # taken back, or moved to another coder


class Assignment(Base):
    """A coder is asked to read a protocol, or to read it again."""

    __tablename__ = "assignment"
    __table_args__ = (
        one_of("kind", AssignmentKind),
        one_of("state", AssignmentState),
        # A coder is asked once at a time, whoever asks.
        Index(
            "uq_assignment_open",
            "protocol_id",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_assignment_project_id_account_id_state", "project_id", "account_id", "state"),
        Index("ix_assignment_protocol_id_account_id", "protocol_id", "account_id"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    due_on: Mapped[dt.date | None]
    note: Mapped[str] = mapped_column(Text())  # to the coder, who reads it with the protocol
    # Empty: the command line.
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[Instant]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("label_event.id"))  # that closed it
