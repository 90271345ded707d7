"""Reading the audit chain as a list: newest first, filtered, a page at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from cer_assist.store.tables import Account, AuditEvent, Protocol

PAGE = 100


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What the list shows; the page keeps it in its address."""

    action: str = ""
    account_id: int | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class LogLine:
    """One audit event."""

    id: int
    at: dt.datetime
    who: str | None  # empty: the program itself, or a sign-in that failed
    action: str
    subject: str
    detail: str
    sha256: str


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the list and how many there are in all."""

    lines: list[LogLine]
    total: int
    page: int
    pages: int


def events(session: Session, project_id: int, filters: LogFilters) -> LogPage:
    """A page of a project's audit events, newest first."""
    where = _conditions(project_id, filters)
    total = session.execute(select(func.count()).select_from(AuditEvent).where(*where)).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, filters.page), pages)
    statement = (
        select(
            AuditEvent.id,
            AuditEvent.at,
            Account.display_name,
            AuditEvent.action,
            AuditEvent.subject,
            AuditEvent.detail,
            AuditEvent.sha256,
        )
        .outerjoin(Account, Account.id == AuditEvent.account_id)
        .where(*where)
        .order_by(AuditEvent.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    lines = [LogLine(*row) for row in session.execute(statement)]
    return LogPage(lines, total, page, pages)


def _conditions(project_id: int, filters: LogFilters) -> list[Any]:
    found: list[Any] = [AuditEvent.project_id == project_id]
    if filters.action:
        found.append(AuditEvent.action == filters.action)
    if filters.account_id is not None:
        found.append(AuditEvent.account_id == filters.account_id)
    return found


def actions(session: Session, project_id: int) -> list[str]:
    """The kinds of events a project has."""
    statement = select(AuditEvent.action).where(AuditEvent.project_id == project_id).distinct()
    return sorted(session.scalars(statement))


def people(session: Session, project_id: int) -> list[tuple[int, str]]:
    """Who caused events in a project."""
    statement = (
        select(Account.id, Account.display_name)
        .where(
            Account.id.in_(
                select(AuditEvent.account_id).where(AuditEvent.project_id == project_id).distinct()
            )
        )
        .order_by(Account.display_name)
    )
    return list(session.execute(statement))


def account_names(session: Session, subjects: Iterable[str]) -> dict[str, str]:
    """User names of those whom events are about, by the chain's name of them, such as account:6."""
    subject = func.concat("account:", cast(Account.id, String))
    rows = session.execute(select(subject, Account.username).where(subject.in_(subjects)))
    return {key: name for key, name in rows}  # noqa: C416 - rows are not pairs to mypy


_NUMBERED = ("account", "coder", "from", "to")  # what events say of accounts by their number


def name_people(session: Session, told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What events hold, with user names for the numbers of accounts."""
    wanted = {number for fields in told for number in _numbers(fields)}
    rows = session.execute(select(Account.id, Account.username).where(Account.id.in_(wanted)))
    names = {key: name for key, name in rows}  # noqa: C416 - rows are not pairs to mypy
    return [_named(fields, names) for fields in told]


def _numbers(fields: dict[str, Any]) -> list[int]:
    shares = fields.get("coders")
    dealt = [int(one) for one in shares if one.isdecimal()] if isinstance(shares, dict) else []
    return dealt + [fields[name] for name in _NUMBERED if type(fields.get(name)) is int]


def _named(fields: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: names.get(value, value) if name in _NUMBERED and type(value) is int else value
        for name, value in fields.items()
    }
    shares = fields.get("coders")
    if isinstance(shares, dict):
        by = ((names.get(int(key), key) if key.isdecimal() else key, shares[key]) for key in shares)
        found["coders"] = dict(by)
    return found


def protocol_names(session: Session, ids: set[int]) -> dict[int, str]:
    """The offices' own ids of protocols that events are about."""
    rows = session.execute(select(Protocol.id, Protocol.external_id).where(Protocol.id.in_(ids)))
    return {key: name for key, name in rows}  # noqa: C416 - rows are not pairs to mypy
