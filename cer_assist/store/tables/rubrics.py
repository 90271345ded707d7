"""Rubric versions are kept as the exact text they were published with.

What leads to a version is kept as well: who published it and why, and what coders had proposed.
Only a draft may change, for it is nobody's rubric yet.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import (
    Base,
    Digest,
    Instant,
    Key,
    LongText,
    Name,
    Structure,
    one_of,
)


class Outcome(StrEnum):
    """What became of a proposal."""

    taken_up = "taken_up"
    declined = "declined"


class RubricVersion(Base):
    """One immutable wording of a scale."""

    __tablename__ = "rubric_version"
    __table_args__ = (UniqueConstraint("rubric_id", "version"), UniqueConstraint("sha256"))

    id: Mapped[Key]
    rubric_id: Mapped[Name]
    version: Mapped[int]
    sha256: Mapped[Digest]
    text: Mapped[LongText]
    created_at: Mapped[Instant]


class RubricDraft(Base):
    """What a project's next version is to say, as far as its leads have come."""

    __tablename__ = "rubric_draft"
    __table_args__ = (UniqueConstraint("project_id"),)

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    based_on_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    wording: Mapped[Structure]
    note: Mapped[LongText]  # what changes and why, for the change log
    # Names the saving: a form says which one it was filled in over.
    revision: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    updated_at: Mapped[Instant]


class RubricPublication(Base):
    """A project went from one version to the next."""

    __tablename__ = "rubric_publication"
    __table_args__ = (UniqueConstraint("project_id", "rubric_version_id"),)

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    previous_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    note: Mapped[LongText]
    touched: Mapped[list[int]] = mapped_column(JSON())  # levels that the change touches
    at: Mapped[Instant]


class RubricProposal(Base):
    """Someone who codes or adjudicates found a gap in the rubric."""

    __tablename__ = "rubric_proposal"
    __table_args__ = (Index("ix_rubric_proposal_project_id_id", "project_id", "id"),)

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    protocol_id: Mapped[int | None] = mapped_column(ForeignKey("protocol.id"))
    level: Mapped[int | None] = mapped_column(SmallInteger())  # None: a rule, or the whole
    text: Mapped[LongText]
    at: Mapped[Instant]


class RubricProposalOutcome(Base):
    """What a lead made of a proposal; the newest counts."""

    __tablename__ = "rubric_proposal_outcome"
    __table_args__ = (
        one_of("outcome", Outcome),
        Index("ix_rubric_proposal_outcome_proposal_id_id", "proposal_id", "id"),
    )

    id: Mapped[Key]
    proposal_id: Mapped[int] = mapped_column(ForeignKey("rubric_proposal.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[LongText]
    version: Mapped[int | None]  # number of the version that it went, or is to go, into
    at: Mapped[Instant]
