"""Who asks, in which project and as what is one joined read, because every request pays for it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cer_assist.services.accounts import TOUCH_EVERY, SignedIn
from cer_assist.store.tables import Account, Membership, Project, SignInSession
from cer_assist.store.tables.accounts import Role
from cer_assist.store.types import now


@dataclass(frozen=True, slots=True)
class Visit:
    """The person behind a request and their place in the project it names."""

    person: SignedIn
    touch_due: bool
    project: Project | None  # only when the person is a member
    role: Role | None


_PERSON = (
    select(
        Account.id,
        Account.username,
        Account.display_name,
        Account.is_administrator,
        SignInSession.last_seen_at,
    )
    .join(SignInSession, SignInSession.account_id == Account.id)
    .where(
        SignInSession.token_sha256 == bindparam("token"),
        SignInSession.ended_at.is_(None),
        SignInSession.expires_at > bindparam("at"),
        SignInSession.last_seen_at > bindparam("idle_since"),
        Account.disabled_at.is_(None),
    )
)
_MEMBER = (
    _PERSON.add_columns(Project, Membership.role)
    .outerjoin(Project, Project.slug == bindparam("slug"))
    .outerjoin(
        Membership,
        (Membership.project_id == Project.id) & (Membership.account_id == Account.id),
    )
)


def find_visit(session: Session, token: str, idle: dt.timedelta, slug: str | None) -> Visit | None:
    """The visit of a live session's token; None when the session has ended or is unknown."""
    at = now()
    where = {
        "token": hashlib.sha256(token.encode()).hexdigest(),
        "at": at,
        "idle_since": at - idle,
    }
    if slug is None:
        row = session.execute(_PERSON, where).first()
    else:
        row = session.execute(_MEMBER, where | {"slug": slug}).first()
    if row is None:
        return None
    person = SignedIn(row.id, row.username, row.display_name, row.is_administrator)
    touch_due = row.last_seen_at < at - TOUCH_EVERY
    if slug is None or row.role is None:
        return Visit(person, touch_due, None, None)
    return Visit(person, touch_due, row.Project, Role(row.role))
