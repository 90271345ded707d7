"""What was put before whom: a serving is also the reservation that keeps a protocol from others."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.domain.labels import Lane
from cer_assist.store.types import Base, Instant, Key, one_of


class ServingState(StrEnum):
    """Whether the coder still has it."""

    open = "open"
    answered = "answered"
    released = "released"


class Arm(StrEnum):
    """Whether a reading may have a suggestion, as the policy says, or by lot gets none."""

    suggestion = "suggestion"
    none = "none"


class Disclosed(StrEnum):
    """What a person got to see of others' answers."""

    suggestion = "suggestion"
    peer_label = "peer_label"


class Serving(Base):
    """A protocol given to a coder, and why."""

    __tablename__ = "serving"
    __table_args__ = (
        one_of("state", ServingState),
        one_of("arm", Arm),
        one_of("lane", Lane),
        # One open protocol a coder and project: a reload shows the same one again.
        Index(
            "uq_serving_open",
            "project_id",
            "account_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_serving_protocol_id_state", "protocol_id", "state"),
        Index("ix_serving_account_id_served_at", "account_id", "served_at"),
        Index("ix_serving_in_time", "project_id", "served_at", "id"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    lane: Mapped[str] = mapped_column(String(10), default=Lane.coder)  # its answer is kept there
    strategy: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text())
    score: Mapped[float | None]
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestion.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    arm: Mapped[str | None] = mapped_column(String(10))  # None: no lot was drawn
    served_at: Mapped[Instant]
    reserved_until: Mapped[Instant]


class Disclosure(Base):
    """A person was shown the model's suggestion or another coder's label of a protocol."""

    __tablename__ = "disclosure"
    __table_args__ = (
        one_of("what", Disclosed),
        Index("ix_disclosure_protocol_id_account_id", "protocol_id", "account_id"),
        Index("ix_disclosure_account_id_at", "account_id", "at"),
        Index("ix_disclosure_in_time", "at", "id"),
    )

    id: Mapped[Key]
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    what: Mapped[str] = mapped_column(String(20))
    suggestion_id: Mapped[int | None] = mapped_column(ForeignKey("suggestion.id"), index=True)
    at: Mapped[Instant]
