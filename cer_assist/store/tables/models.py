"""A model version is published whole: its rows come first, `published_at` makes them count."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Digest, Instant, Key, Structure


class ModelVersion(Base):
    """A trained classifier of a project, with what it was measured on."""

    __tablename__ = "model_version"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("ix_model_version_project_id_published_at", "project_id", "published_at"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    label_count: Mapped[int]  # protocols with a level it learned from
    last_event_id: Mapped[int]  # it knows label events up to this one
    metrics: Mapped[Structure]
    words: Mapped[Structure]  # {level: [{word, weight, n_documents, …}]}
    # As `explain.version_scores` has it; empty for versions made before it was kept.
    word_scores: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    artefact: Mapped[str] = mapped_column(String(200))  # folder under the home's models/
    sha256: Mapped[Digest]
    seconds: Mapped[float]
    created_at: Mapped[Instant]
    published_at: Mapped[Instant | None]  # empty: recorded, but worse than the one in use
    decision: Mapped[str] = mapped_column(Text())  # why it was published or not


class Suggestion(Base):
    """What a model version says of a protocol."""

    __tablename__ = "suggestion"
    __table_args__ = (
        UniqueConstraint("model_version_id", "protocol_id"),
        Index("ix_suggestion_model_version_id_uncertainty", "model_version_id", "uncertainty"),
        Index("ix_suggestion_protocol_id", "protocol_id"),
    )

    id: Mapped[Key]
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"))
    level: Mapped[int] = mapped_column(SmallInteger())
    probabilities: Mapped[list[float]] = mapped_column(JSON())  # in the order of the scale
    uncertainty: Mapped[float]  # variance of the level under the probabilities


class Marks(StrEnum):
    """What of a protocol is marked; rows are short, for there are many."""

    words = "words"  # [start, end, weight, attention, what it adds to each level]
    sentences = "sentences"  # [start, end, weight]
    sections = "sections"  # [start, end, weight, attention], of all their words
    gatherings = "gatherings"  # [sentence's rank, start, end, how much it looks at each other]


class Highlight(Base):
    """The words, sentences or sections behind a suggestion; they may come after it."""

    __tablename__ = "highlight"

    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"), primary_key=True)
    method: Mapped[str] = mapped_column(String(20), primary_key=True)
    # See `Marks`; those that carry the level first, in order of their weight.
    words: Mapped[list[list[Any]]] = mapped_column(JSON())
    evidence_strength: Mapped[float]  # 0 (no better than random words) to 1


class Explanation(Base):
    """What a version says of a protocol that has no suggestion of its, because someone asked.

    It may have learnt from the protocol's own level: no coder is served it.
    """

    __tablename__ = "explanation"

    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    asked_at: Mapped[Instant]
    said: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # empty: not yet
