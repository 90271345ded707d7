"""Which protocols belong to one study: later versions of a text, and copies of it.

A link says one thing of two protocols and moves nothing: each keeps its text and its labels. That
it was made or taken back stands in the audit.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.domain.studies import LinkKind
from cer_assist.store.types import Base, Digest, Instant, one_of

_IS_VERSION = text("kind = 'version'")


class ProtocolLink(Base):
    """A protocol amends an earlier one, or is a copy of one; each has one link at most.

    An earlier one is amended by one at most, so that versions of a study stand in a row.
    """

    __tablename__ = "protocol_link"
    __table_args__ = (
        one_of("kind", LinkKind),
        CheckConstraint("protocol_id <> earlier_id", name="two_protocols"),
        Index(
            "uq_protocol_link_amended",
            "earlier_id",
            unique=True,
            sqlite_where=_IS_VERSION,
            postgresql_where=_IS_VERSION,
        ),
    )

    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    earlier_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    # The one of the two that no longer counts: superseded, or a copy. Empty: both are read.
    left_id: Mapped[int | None] = mapped_column(ForeignKey("protocol.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]


class RefusedGroup(Base):
    """A lead has said of exactly these near-copies that they are none."""

    __tablename__ = "refused_group"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    members: Mapped[Digest] = mapped_column(primary_key=True)  # SHA-256 of their sorted numbers
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]
