"""What the queue goes by: the orders that the worker computed, near-copies, and leads' wishes.

The web process computes nothing: it serves the first free protocol of an order.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, one_of


class Wish(StrEnum):
    """What a lead wants of a protocol."""

    pinned = "pinned"  # served next, to whoever comes first
    held = "held"  # not served


class QueuePlace(Base):
    """The place of a protocol in a strategy's order, by a model version; pruned with old ones."""

    __tablename__ = "queue_place"

    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True)
    strategy: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    score: Mapped[float]  # by the strategy


class NearCopy(Base):
    """That a protocol's text was compared with all others of its project, and what came of it."""

    __tablename__ = "near_copy"

    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    # The first protocol of its cluster of near-copies; empty: it has none.
    cluster: Mapped[int | None] = mapped_column(index=True)


class QueueWish(Base):
    """A lead has put a protocol first, or holds it; gone once released, the audit keeps it."""

    __tablename__ = "queue_wish"
    __table_args__ = (one_of("wish", Wish),)

    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    wish: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]
