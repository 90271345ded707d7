"""What an installation's administrator sees: accounts and jobs, never protocol texts or labels."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import NotFound
from cer_assist.services import audit
from cer_assist.store.tables import Account, Job, Membership, Project, SignInSession
from cer_assist.store.tables.jobs import JobState

JOBS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of the list."""

    id: int
    username: str
    display_name: str
    is_administrator: bool
    has_password: bool
    disabled_at: dt.datetime | None
    projects: int
    last_seen_at: dt.datetime | None


def account_lines(session: Session) -> list[AccountLine]:
    """All accounts by name."""
    projects = select(func.count()).where(Membership.account_id == Account.id).scalar_subquery()
    last_seen = (
        select(func.max(SignInSession.last_seen_at))
        .where(SignInSession.account_id == Account.id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Account.id,
            Account.username,
            Account.display_name,
            Account.is_administrator,
            Account.password_hash.is_not(None),
            Account.disabled_at,
            projects,
            last_seen,
        ).order_by(Account.username)
    )
    return [AccountLine(*row) for row in rows]


def find_account_by_id(session: Session, account_id: int) -> Account:
    """An account an administrator clicked on."""
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("This account does not exist.")
    return account


def enable(session: Session, account: Account, by: int | None) -> None:
    """Let a disabled account sign in again."""
    account.disabled_at = None
    entry = audit.Entry("account.enabled", f"account:{account.id}", {})
    audit.append(session, entry, account_id=by, project_id=None)


def recent_jobs(session: Session) -> list[tuple[Job, str]]:
    """Jobs with their project's name: what waits or runs first, then the newest."""
    live = Job.state.in_([JobState.queued, JobState.running])
    rows = session.execute(
        select(Job, Project.name)
        .join(Project, Project.id == Job.project_id)
        .order_by(live.desc(), Job.id.desc())
        .limit(JOBS_SHOWN)
    )
    return list(rows)
