"""The fenced sample: no model learns from it, so it tells how good each one is. It only ever grows.

Append-only, kept so by triggers: a protocol that could leave the sample could be learnt from after
models were measured on it.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Instant, Key, Structure


class FencedProtocol(Base):
    """A protocol that was drawn at random before anyone had read it."""

    __tablename__ = "fenced_protocol"

    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    drawn_at: Mapped[Instant]


class FencedScore(Base):
    """The level that a version says of a fenced protocol.

    Not a suggestion: no page shows it, and a protocol that has one looks like any other to coders.
    """

    __tablename__ = "fenced_score"

    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger())
    uncertainty: Mapped[float | None]  # as of a suggestion; older scores have none


class FencedFigures(Base):
    """How good a version was on the fenced protocols that had been read by then."""

    __tablename__ = "fenced_figures"

    id: Mapped[Key]
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), index=True)
    made_at: Mapped[Instant]
    n: Mapped[int]  # protocols with a settled level
    size: Mapped[int]  # protocols in the sample
    # accuracy, qwk and mae as {value, low, high}; bounds of the accuracy; what is missing and why
    figures: Mapped[Structure]
