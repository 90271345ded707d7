"""A token lets a script ask in a person's name; only its hash is kept."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Digest, Instant, Key, Name


class ApiToken(Base):
    """What a person gave a script."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("token_sha256"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    # None: all projects that the person is a member of.
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id"), index=True)
    name: Mapped[Name]
    scopes: Mapped[list[str]] = mapped_column(JSON())
    token_sha256: Mapped[Digest]
    created_at: Mapped[Instant]
    last_used_at: Mapped[Instant | None]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
