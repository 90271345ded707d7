"""A person can see where they are signed in and end it everywhere."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cer_assist.services import audit
from cer_assist.store.tables import SignInSession
from cer_assist.store.types import now


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser that is signed in."""

    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    is_this: bool


def open_sessions(
    session: Session, account_id: int, token: str, idle: dt.timedelta
) -> list[OpenSession]:
    """The account's live sessions, newest first; `token` is the asker's own."""
    at = now()
    own = hashlib.sha256(token.encode()).hexdigest()
    rows = session.scalars(
        select(SignInSession)
        .where(
            SignInSession.account_id == account_id,
            SignInSession.ended_at.is_(None),
            SignInSession.expires_at > at,
            SignInSession.last_seen_at > at - idle,
        )
        .order_by(SignInSession.id.desc())
    )
    return [
        OpenSession(row.created_at, row.last_seen_at, row.expires_at, row.token_sha256 == own)
        for row in rows
    ]


def end_everywhere(session: Session, account_id: int) -> None:
    """Sign out all of the account's browsers, this one too."""
    session.execute(
        update(SignInSession)
        .where(SignInSession.account_id == account_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now())
    )
    entry = audit.Entry("signin.ended_everywhere", f"account:{account_id}", {})
    audit.append(session, entry, account_id=account_id, project_id=None)
