"""Tokens of scripts: shown once, kept as a hash, worth what their person may do today."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cer_assist.domain.digests import text_sha256
from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.scopes import Scope
from cer_assist.services import audit
from cer_assist.services.access import Visit
from cer_assist.services.accounts import TOUCH_EVERY, SignedIn, role_in
from cer_assist.store.tables import Account, ApiToken, Project
from cer_assist.store.types import now

PREFIX = "cer_"  # by which people and scanners know one that went where it should not
MOST_DAYS, USUAL_DAYS = 366, 90


@dataclass(frozen=True, slots=True)
class TokenVisit:
    """Who asks through a token, and for what it was made."""

    token_id: int
    visit: Visit
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token as its person sees it; the token itself nobody sees again."""

    id: int
    name: str
    project: str | None
    scopes: list[str]
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new token is for."""

    name: str
    scopes: Collection[str]
    project: str = ""  # its short name; empty: all of the person's
    days: int = USUAL_DAYS


def make(session: Session, account_id: int, wish: Wish, by: int | None) -> tuple[int, str]:
    """A new token and its number; only its hash is kept."""
    scopes = _checked(wish)
    project_id = _project(session, account_id, wish.project)
    token = PREFIX + secrets.token_urlsafe(32)
    made = ApiToken(
        account_id=account_id,
        project_id=project_id,
        name=wish.name.strip(),
        scopes=scopes,
        token_sha256=text_sha256(token),
        created_at=now(),
        expires_at=now() + dt.timedelta(days=wish.days),
    )
    session.add(made)
    session.flush()
    detail = {"account": account_id, "scopes": scopes, "days": wish.days}
    entry = audit.Entry("token.made", f"token:{made.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project_id)
    return made.id, token


def revoke(session: Session, token_id: int, by: int | None, owner: int | None = None) -> None:
    """Make it worth nothing; `owner`: only if it is theirs."""
    found = session.get(ApiToken, token_id)
    if found is None or (owner is not None and found.account_id != owner):
        raise NotFound("There is no such token.")
    if found.revoked_at is not None:
        return
    found.revoked_at = now()
    entry = audit.Entry("token.revoked", f"token:{token_id}", {"account": found.account_id})
    audit.append(session, entry, account_id=by, project_id=found.project_id)


def of_account(session: Session, account_id: int) -> list[TokenLine]:
    """A person's tokens, the newest first."""
    rows = session.execute(
        select(ApiToken, Project.slug)
        .outerjoin(Project, Project.id == ApiToken.project_id)
        .where(ApiToken.account_id == account_id)
        .order_by(ApiToken.id.desc())
    )
    return [
        TokenLine(
            one.id,
            one.name,
            slug,
            one.scopes,
            one.created_at,
            one.last_used_at,
            one.expires_at,
            one.revoked_at,
            one.revoked_at is None and one.expires_at > now(),
        )
        for one, slug in rows
    ]


def find_visit(session: Session, token: str, slug: str | None) -> TokenVisit | None:
    """Who a live token speaks for, in the project of the address if it and they belong there."""
    row = session.execute(
        select(ApiToken, Account)
        .join(Account, Account.id == ApiToken.account_id)
        .where(
            ApiToken.token_sha256 == text_sha256(token),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > now(),
            Account.disabled_at.is_(None),
        )
    ).first()
    if row is None:
        return None
    found, account = row.ApiToken, row.Account
    person = SignedIn(account.id, account.username, account.display_name, account.is_administrator)
    project = session.scalars(select(Project).where(Project.slug == slug)).first() if slug else None
    if project is not None and found.project_id not in (None, project.id):
        project = None
    role = role_in(session, project.id, account.id) if project is not None else None
    used = found.last_used_at
    is_due = used is None or used < now() - TOUCH_EVERY
    visit = Visit(person, is_due, project if role else None, role)
    return TokenVisit(found.id, visit, frozenset(Scope(one) for one in found.scopes))


def touch(session: Session, token_id: int) -> None:
    """Remember that it was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now()))


def _checked(wish: Wish) -> list[str]:
    if not 1 <= len(wish.name.strip()) <= 60:
        raise InvalidInput("Give the token a name of 1 to 60 characters, such as what it is for.")
    if not wish.scopes or not set(wish.scopes) <= set(Scope):
        raise InvalidInput(f"Choose what the token may do: {', '.join(Scope)}.")
    if not 1 <= wish.days <= MOST_DAYS:
        raise InvalidInput(f"A token lives for 1 to {MOST_DAYS} days.")
    return [str(scope) for scope in Scope if scope in wish.scopes]


def _project(session: Session, account_id: int, slug: str) -> int | None:
    if not slug:
        return None
    project = session.scalars(select(Project).where(Project.slug == slug)).first()
    if project is None or role_in(session, project.id, account_id) is None:
        raise InvalidInput("The token's person is not a member of such a project.")
    return project.id
