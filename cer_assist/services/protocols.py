"""Finding protocols: full-text search and filters, one page at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal_column, select, text
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import Action
from cer_assist.services import own_lane, unannounced
from cer_assist.store.tables import (
    CurrentLabel,
    Protocol,
)

PAGE = 50


class State(StrEnum):
    """Where a protocol stands for the team."""

    open = "open"
    complete = "complete"


class Mine(StrEnum):
    """Where a protocol stands for one coder."""

    answered = "answered"
    skipped = "skipped"
    none = "none"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list shows; the page keeps it in its address."""

    query: str = ""
    state: State | None = None
    mine: Mine | None = None
    level: int | None = None  # my level
    page: int = 1


@dataclass(frozen=True, slots=True)
class ListedProtocol:
    """One row of the list."""

    id: int
    external_id: str
    title: str
    details: dict[str, str]
    is_complete: bool
    my_action: str | None
    my_level: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list and how many there are in all."""

    rows: list[ListedProtocol]
    total: int
    page: int
    pages: int


def find(session: Session, project_id: int, protocol_id: int) -> Protocol:
    """A protocol of this project."""
    protocol = session.get(Protocol, protocol_id)
    if protocol is None or protocol.project_id != project_id:
        raise NotFound("This protocol is not part of the project.")
    return protocol


def find_by_name(session: Session, project_id: int, name: str) -> Protocol:
    """A protocol of this project by its own id."""
    known = Protocol.project_id == project_id, Protocol.external_id == name
    protocol = session.scalars(select(Protocol).where(*known)).first()
    if protocol is None:
        raise InvalidInput(f"This project has no protocol {name[:60]}.")
    return protocol


def search(session: Session, project_id: int, account_id: int, filters: Filters) -> Listing:
    """A page of protocols that fit the filters, in the order of import."""
    statement = _listed(session, project_id, account_id, filters)
    total = session.execute(
        select(func.count()).select_from(statement.order_by(None).subquery())
    ).scalar_one()
    pages = max(1, -(-total // PAGE))
    page = min(max(1, filters.page), pages)
    rows = session.execute(statement.order_by(Protocol.id).limit(PAGE).offset((page - 1) * PAGE))
    return Listing([ListedProtocol(*row) for row in rows], total, page, pages)


def following(
    session: Session, project_id: int, account_id: int, filters: Filters, after: int, limit: int
) -> list[ListedProtocol]:
    """Those that fit behind a protocol, for scripts."""
    statement = _listed(session, project_id, account_id, filters).where(Protocol.id > after)
    rows = session.execute(statement.order_by(Protocol.id).limit(limit))
    return [ListedProtocol(*row) for row in rows]


def as_listed(
    session: Session, project_id: int, account_id: int, protocol_id: int
) -> ListedProtocol:
    """One protocol as the list has it."""
    find(session, project_id, protocol_id)
    statement = _listed(session, project_id, account_id, Filters())
    return ListedProtocol(*session.execute(statement.where(Protocol.id == protocol_id)).one())


def _listed(
    session: Session, project_id: int, account_id: int, filters: Filters
) -> Select[*tuple[Any, ...]]:
    # One that came to them unannounced is listed as any that they read for the first time.
    hidden = unannounced.hidden_in_hand(session, project_id, account_id)
    is_hidden = Protocol.id == hidden if hidden is not None else false()
    mine = and_(
        CurrentLabel.protocol_id == Protocol.id,
        CurrentLabel.account_id == account_id,
        own_lane.IS_SHOWN,
        ~is_hidden,
    )
    is_complete = and_(Protocol.coders_missing == 0, ~is_hidden)
    statement: Select[*tuple[Any, ...]] = (
        select(
            Protocol.id,
            Protocol.external_id,
            Protocol.title,
            Protocol.details,
            is_complete.label("is_complete"),
            CurrentLabel.action.label("my_action"),
            CurrentLabel.level.label("my_level"),
        )
        .outerjoin(CurrentLabel, mine)
        .where(Protocol.project_id == project_id, *_conditions(filters, is_complete))
    )
    return _matching(session, statement, filters.query)


def _conditions(filters: Filters, is_complete: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.state is State.open:
        found.append(~is_complete)
    elif filters.state is State.complete:
        found.append(is_complete)
    if filters.mine is Mine.answered:
        found.append(CurrentLabel.action == Action.label)
    elif filters.mine is Mine.skipped:
        found.append(CurrentLabel.action == Action.skip)
    elif filters.mine is Mine.none:
        found.append(CurrentLabel.action.is_(None) | (CurrentLabel.action == Action.withdraw))
    if filters.level is not None:
        found.append(CurrentLabel.level == filters.level)
    return found


def _matching(
    session: Session, statement: Select[*tuple[Any, ...]], query: str
) -> Select[*tuple[Any, ...]]:
    """Words are looked for in texts, stemmed; an id or its beginning matches as well."""
    words = re.findall(r"\w+", query)
    if not words:
        return statement
    by_id = Protocol.external_id.istartswith(query.strip(), autoescape=True)
    if session.get_bind().dialect.name == "sqlite":
        hits: Select[*tuple[Any, ...]] = select(literal_column("rowid")).select_from(
            text("protocol_search")
        )
        hits = hits.where(text("protocol_search MATCH :words"))
        quoted = " ".join(f'"{word}"' for word in words)
        return statement.where(by_id | Protocol.id.in_(hits)).params(words=quoted)
    matches = text("protocol.search @@ plainto_tsquery('english', :words)")
    return statement.where(by_id | matches).params(words=" ".join(words))
