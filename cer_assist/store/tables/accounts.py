"""A session lives in the database, so signing out ends it everywhere; only its hash is kept."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cer_assist.store.types import Base, Digest, Instant, Key, Name, one_of


class Role(StrEnum):
    """What a member of a project may do, the most first."""

    administrator = "administrator"
    lead = "lead"
    coder = "coder"
    auditor = "auditor"


CODING = (Role.coder, Role.lead, Role.administrator)
LEADING = (Role.lead, Role.administrator)
OVERSEEING = (*LEADING, Role.auditor)


class Account(Base):
    """A person, or the name an imported label was made under (then without a password)."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("username"),)

    id: Mapped[Key]
    username: Mapped[Name]
    display_name: Mapped[Name]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    # Runs the installation: accounts, projects, jobs, backups. Not a right to read protocols.
    is_administrator: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    disabled_at: Mapped[Instant | None]


class Membership(Base):
    """A person's role in a project; no row, no access."""

    __tablename__ = "membership"
    __table_args__ = (one_of("role", Role),)

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(20))
    # What a coder knows of, in free words: protocols that speak of it can be dealt to them first.
    tags: Mapped[list[str]] = mapped_column(JSON(), default=list)


class SignInSession(Base):
    """A signed-in browser."""

    __tablename__ = "sign_in_session"
    __table_args__ = (UniqueConstraint("token_sha256"),)

    id: Mapped[Key]
    token_sha256: Mapped[Digest]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]


class SignInLink(Base):
    """A link that signs in once, printed by `demo` and by `users reset`."""

    __tablename__ = "sign_in_link"
    __table_args__ = (UniqueConstraint("token_sha256"),)

    id: Mapped[Key]
    token_sha256: Mapped[Digest]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class SignInAttempt(Base):
    """A failed sign-in; kept in the database so that every web process counts the same."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_subject_at", "subject", "at"),)

    id: Mapped[Key]
    # SHA-256 of the name or address tried: a mistyped password in the name field stays unknown.
    subject: Mapped[Digest]
    at: Mapped[Instant]
