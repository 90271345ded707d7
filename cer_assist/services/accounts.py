"""People, their roles and how they sign in. No account exists that a person did not make."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.digests import text_sha256
from cer_assist.domain.errors import InvalidInput, NotFound, SignInRefused, TooManyAttempts
from cer_assist.services import audit
from cer_assist.store.tables import (
    Account,
    Membership,
    Project,
    SignInAttempt,
    SignInLink,
    SignInSession,
)
from cer_assist.store.tables.accounts import Role
from cer_assist.store.types import now

MIN_PASSWORD = 12
MAX_PASSWORD = 200
ATTEMPTS_PER_NAME = 5
ATTEMPTS_PER_ADDRESS = 30
ATTEMPT_WINDOW = dt.timedelta(minutes=15)
LINK_LIFETIME = dt.timedelta(hours=1)
TOUCH_EVERY = dt.timedelta(minutes=1)
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")

_hasher = PasswordHasher()


@cache
def _dummy() -> str:
    """A hash to verify against when the name is unknown, so that timing does not tell names."""
    return _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is behind a request."""

    account_id: int
    username: str
    display_name: str
    is_administrator: bool


def add_account(
    session: Session,
    username: str,
    *,
    display_name: str = "",
    password: str | None = None,
    is_administrator: bool = False,
    by: int | None = None,
) -> Account:
    """Make an account; without a password it can only be entered by a one-time link."""
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise InvalidInput(
            f"The user name {username[:70]!r} cannot be used: take up to 60 small letters, digits, "
            "dots and hyphens, beginning with a letter or digit."
        )
    if session.scalars(select(Account.id).where(Account.username == username)).first():
        raise InvalidInput(f"There is already an account {username}.")
    account = Account(
        username=username,
        display_name=display_name.strip() or username,
        password_hash=None if password is None else hash_password(password),
        is_administrator=is_administrator,
        created_at=now(),
        disabled_at=None,
    )
    session.add(account)
    session.flush()  # the audit entry needs its id
    entry = audit.Entry(
        "account.added",
        f"account:{account.id}",
        {"username": username, "administrator": is_administrator},
    )
    audit.append(session, entry, account_id=by, project_id=None)
    return account


def hash_password(password: str) -> str:
    """Argon2id with the library's current defaults."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInput(f"Choose a password of {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    return _hasher.hash(password)


def find_account(session: Session, username: str) -> Account:
    """The account of this name."""
    account = session.scalars(select(Account).where(Account.username == username.lower())).first()
    if account is None:
        raise NotFound(f"There is no account {username}: `users list` shows all.")
    return account


def check_attempts(session: Session, username: str, address: str) -> None:
    """Refuse when this name or address has failed too often of late; every process counts alike."""
    since = now() - ATTEMPT_WINDOW
    for subject, allowed in _subjects(username, address):
        count, oldest = session.execute(
            select(func.count(), func.min(SignInAttempt.at)).where(
                SignInAttempt.subject == subject, SignInAttempt.at > since
            )
        ).one()
        if count >= allowed:
            wait = max(1, int((oldest + ATTEMPT_WINDOW - now()).total_seconds()))
            raise TooManyAttempts(
                f"Too many failed sign-ins. Wait {wait // 60 + 1} minutes, then try again, or ask "
                "your administrator for a one-time link.",
                wait,
            )


def note_failure(session: Session, username: str, address: str) -> None:
    """Count a failed sign-in and forget those past the window."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at < now() - ATTEMPT_WINDOW))
    for subject, _ in _subjects(username, address):
        session.add(SignInAttempt(subject=subject, at=now()))
    entry = audit.Entry("signin.failed", f"name:{text_sha256(username.lower())[:12]}", {})
    audit.append(session, entry, account_id=None, project_id=None)


def _subjects(username: str, address: str) -> list[tuple[str, int]]:
    return [
        (text_sha256(f"name:{username.lower()}"), ATTEMPTS_PER_NAME),
        (text_sha256(f"address:{address}"), ATTEMPTS_PER_ADDRESS),
    ]


def check_password(session: Session, username: str, password: str) -> Account:
    """The account, if the password is right; takes as long when there is no such account."""
    statement = select(Account).where(Account.username == username.strip().lower())
    account = session.scalars(statement).first()
    dummy = _dummy()  # made on the first sign-in whoever it is, not at every program start
    stored = account.password_hash if account and account.password_hash else dummy
    try:
        _hasher.verify(stored, password[:MAX_PASSWORD])
    except VerificationError:
        account = None
    if account is None or account.password_hash is None or account.disabled_at:
        raise SignInRefused("This name and password do not fit together. Try again.")
    return account


def open_session(session: Session, account_id: int, lifetime: dt.timedelta) -> str:
    """Start a session and return its token, which is stored as a hash only."""
    token = secrets.token_urlsafe(32)
    at = now()
    session.add(
        SignInSession(
            token_sha256=text_sha256(token),
            account_id=account_id,
            created_at=at,
            last_seen_at=at,
            expires_at=at + lifetime,
        )
    )
    entry = audit.Entry("signin.opened", f"account:{account_id}", {})
    audit.append(session, entry, account_id=account_id, project_id=None)
    return token


def touch(session: Session, token: str) -> None:
    """Note that the session is in use; done once a minute, not at each request."""
    session.execute(
        update(SignInSession)
        .where(SignInSession.token_sha256 == text_sha256(token))
        .values(last_seen_at=now())
    )


def end_session(session: Session, token: str) -> None:
    """Sign out: the token is worth nothing from now on."""
    session.execute(
        update(SignInSession)
        .where(SignInSession.token_sha256 == text_sha256(token), SignInSession.ended_at.is_(None))
        .values(ended_at=now())
    )


def make_link(session: Session, account: Account, by: int | None = None) -> str:
    """A token that signs in once within the hour; links made before it are worth nothing now."""
    _end_links(session, account.id)
    token = secrets.token_urlsafe(32)
    session.add(
        SignInLink(
            token_sha256=text_sha256(token), account_id=account.id, expires_at=now() + LINK_LIFETIME
        )
    )
    entry = audit.Entry("signin.link_made", f"account:{account.id}", {})
    audit.append(session, entry, account_id=by, project_id=None)
    return token


def use_link(session: Session, token: str) -> int:
    """The account a one-time link belongs to; it works once."""
    used = session.execute(
        update(SignInLink)
        .where(
            SignInLink.token_sha256 == text_sha256(token),
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > now(),
        )
        .values(used_at=now())
        .returning(SignInLink.account_id)
    ).first()
    account = session.get(Account, used.account_id) if used else None
    if account is None or account.disabled_at:
        raise SignInRefused(
            "This link has been used or is too old. Ask your administrator for a new one "
            "(`python3 manage.py users reset NAME`)."
        )
    if account.password_hash is not None:  # forgotten: a new one is set without it
        account.password_hash = None
        _end_all(session, account.id)
        entry = audit.Entry("account.password_cleared", f"account:{account.id}", {})
        audit.append(session, entry, account_id=account.id, project_id=None)
    return account.id


def set_password(session: Session, account_id: int, password: str, by: int | None) -> None:
    """Change a password and end all sessions and unused links of the account."""
    account = session.get_one(Account, account_id)
    account.password_hash = hash_password(password)
    _end_all(session, account_id)
    entry = audit.Entry("account.password_set", f"account:{account_id}", {})
    audit.append(session, entry, account_id=by, project_id=None)


def disable(session: Session, account: Account, by: int | None) -> None:
    """Keep an account from signing in; its labels stay as they are."""
    account.disabled_at = now()
    _end_all(session, account.id)
    entry = audit.Entry("account.disabled", f"account:{account.id}", {})
    audit.append(session, entry, account_id=by, project_id=None)


def _end_all(session: Session, account_id: int) -> None:
    _end_links(session, account_id)
    session.execute(
        update(SignInSession)
        .where(SignInSession.account_id == account_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now())
    )


def _end_links(session: Session, account_id: int) -> None:
    session.execute(
        update(SignInLink)
        .where(SignInLink.account_id == account_id, SignInLink.used_at.is_(None))
        .values(used_at=now())
    )


def set_role(
    session: Session, project: Project, account: Account, role: Role | None, by: int | None
) -> None:
    """Give a person a role in a project, or with None take it away."""
    row = session.get(Membership, (project.id, account.id))
    if role is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(Membership(project_id=project.id, account_id=account.id, role=role))
    else:
        row.role = role
    session.flush()  # later checks in this transaction must see the change
    entry = audit.Entry(
        "membership.set", f"account:{account.id}", {"role": str(role) if role else None}
    )
    audit.append(session, entry, account_id=by, project_id=project.id)


def role_in(session: Session, project_id: int, account_id: int) -> Role | None:
    """A person's role in a project."""
    found = session.scalars(
        select(Membership.role).where(
            Membership.project_id == project_id, Membership.account_id == account_id
        )
    ).first()
    return Role(found) if found else None
