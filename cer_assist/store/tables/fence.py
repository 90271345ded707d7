"""The fenced sample: no model learns from it, so it tells how good each one is. It only ever grows.

Append-only, kept so by triggers: a protocol that could leave the sample could be learnt from after
models were measured on it.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant


class FencedProtocol(Base):
    """A protocol that was drawn at random before anyone had read it."""

    __tablename__ = "fenced_protocol"

    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    drawn_at: Mapped[Instant]
