"""A snapshot of a project's data: which protocols, labels and splits a result rests on.

Append-only, kept so by triggers, and in the audit chain by its hash. What may change later, a name,
a link, a suggestion, is stored here; the rest follows from rows that never change.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Digest, Instant, Key, LongText, Name, Structure


class Snapshot(Base):
    """An immutable version of a project's data set."""

    __tablename__ = "snapshot"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        UniqueConstraint("project_id", "name"),
    )

    id: Mapped[Key]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    number: Mapped[int]
    name: Mapped[Name]
    notes: Mapped[LongText]
    asked: Mapped[Structure]  # filters and how it was to be split
    cutoff: Mapped[int]  # it knows label events up to this one
    rubric_version_id: Mapped[int] = mapped_column(ForeignKey("rubric_version.id"))
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    # Counts, names of coders and of whom masks look for, columns, members with their SHA-256,
    # lineage, what the check found.
    said: Mapped[Structure]
    content_sha256: Mapped[Digest]
    rows_sha256: Mapped[Digest]  # over the hashes of its protocols
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[Instant]
    sha256: Mapped[Digest]  # over its own fields; the audit chain repeats it


class SnapshotProtocol(Base):
    """A protocol of a snapshot, as it stood."""

    __tablename__ = "snapshot_protocol"

    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), primary_key=True)
    protocol_id: Mapped[int] = mapped_column(ForeignKey("protocol.id"), primary_key=True)
    split: Mapped[str | None] = mapped_column(String(20))  # empty: in none
    group_id: Mapped[int | None]  # what stays together with it; empty: nothing was split
    level: Mapped[int | None] = mapped_column(SmallInteger())
    said: Mapped[Structure]  # its row but for what the protocol itself holds
    content_sha256: Mapped[Digest]  # over its whole row
    sha256: Mapped[Digest]  # over its own fields
