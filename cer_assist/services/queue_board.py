"""What the queue will serve and has served, for leads.

A lead may code, too: nothing here says which level is expected of a protocol. Of the rare strategy
even the list would say it, so `rare` is read only for whom the dossier lets see suggestions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action
from cer_assist.domain.serving import RARE
from cer_assist.services import history, queue, queue_order
from cer_assist.store.tables import (
    Account,
    LabelEvent,
    ModelVersion,
    Project,
    Protocol,
    QueuePlace,
    Serving,
    Suggestion,
)
from cer_assist.store.tables.servings import Disclosed, ServingState
from cer_assist.store.types import now

SHOWN = 10  # places of each order
NOBODY = 0  # free for whoever comes


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A protocol that a strategy serves next."""

    place: int
    protocol_id: int
    external_id: str
    title: str
    uncertainty: float  # variance of the level


@dataclass(frozen=True, slots=True)
class Order:
    """What a strategy serves next by the version in use; None: not for this person's eyes."""

    strategy: str
    share: float
    upcoming: list[Upcoming] | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the servings of one strategy."""

    strategy: str
    served: int
    answered: int  # with a level
    skipped: int
    open: int
    expired: int  # still open, but the time for which it was kept is over
    given_back: int


@dataclass(frozen=True, slots=True)
class InHand:
    """A protocol that someone has open."""

    who: str
    protocol_id: int
    external_id: str
    title: str
    strategy: str
    served_at: dt.datetime
    reserved_until: dt.datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Protocols that want readers, and of these the half read ones."""

    open: int
    half_read: int


def orders(
    session: Session, project: Project, version: ModelVersion | None, *, rare: bool
) -> list[Order]:
    """What each strategy serves next, those first that look at the model."""
    if version is None:
        return []
    return [
        Order(
            name,
            project.shares.of(name),
            _upcoming(session, version.id, name) if rare or name != RARE else None,
        )
        for name in queue_order.strategies_of(version.label_count)
    ]


def note_rare_seen(
    session: Session, version_id: int, found: Sequence[Order], account_id: int
) -> None:
    """Record that this person was shown of which protocols a rare level is expected."""
    ids = [
        one.protocol_id for order in found if order.strategy == RARE for one in order.upcoming or ()
    ]
    rows = session.execute(
        select(Suggestion.protocol_id, Suggestion.id).where(
            Suggestion.model_version_id == version_id, Suggestion.protocol_id.in_(ids)
        )
    )
    for protocol_id, suggestion_id in rows.all():
        history.disclose(session, protocol_id, account_id, Disclosed.suggestion, suggestion_id)


def waiting(session: Session, project_id: int) -> Waiting:
    """How many protocols the queue has to choose from."""
    read = Protocol.coders_missing < Protocol.coders_wanted
    row = session.execute(
        select(func.count(), func.count().filter(read)).where(
            Protocol.project_id == project_id, Protocol.coders_missing > 0
        )
    ).one()
    return Waiting(*row)


def tallies(session: Session, project_id: int) -> list[Tally]:
    """What was served so far by each strategy, the most served first."""
    at = now()
    is_open = Serving.state == ServingState.open
    served = session.execute(
        select(
            Serving.strategy,
            func.count(),
            func.count().filter(Serving.state == ServingState.answered),
            func.count().filter(and_(is_open, Serving.reserved_until > at)),
            func.count().filter(and_(is_open, Serving.reserved_until <= at)),
            func.count().filter(Serving.state == ServingState.released),
        )
        .where(Serving.project_id == project_id)
        .group_by(Serving.strategy)
        .order_by(func.count().desc(), Serving.strategy)
    ).all()
    skipped = {row.strategy: row.number for row in session.execute(_SKIPPED, {"of": project_id})}
    return [
        Tally(name, count, answered - skipped.get(name, 0), skipped.get(name, 0), *rest)
        for name, count, answered, *rest in served
    ]


def in_hand(session: Session, project_id: int) -> list[InHand]:
    """Who has what open, the longest first."""
    rows = session.execute(
        select(
            Account.display_name,
            Protocol.id,
            Protocol.external_id,
            Protocol.title,
            Serving.strategy,
            Serving.served_at,
            Serving.reserved_until,
        )
        .join(Account, Account.id == Serving.account_id)
        .join(Protocol, Protocol.id == Serving.protocol_id)
        .where(Serving.project_id == project_id, Serving.state == ServingState.open)
        .order_by(Serving.served_at)
    )
    return [InHand(*row) for row in rows]


# By way of the events: servings are many, skips are few.
_SKIPPED = (
    select(Serving.strategy, func.count().label("number"))
    .select_from(LabelEvent)
    .join(Serving, Serving.id == LabelEvent.serving_id)
    .where(LabelEvent.project_id == bindparam("of"), LabelEvent.action == Action.skip)
    .where(Serving.state == ServingState.answered)
    .group_by(Serving.strategy)
)


_UPCOMING = (
    select(
        QueuePlace.place,
        Protocol.id,
        Protocol.external_id,
        Protocol.title,
        Suggestion.uncertainty,
    )
    .join(Protocol, Protocol.id == QueuePlace.protocol_id)
    .join(Suggestion, queue_order.SAME)
    .where(QueuePlace.model_version_id == bindparam("version"))
    .where(QueuePlace.strategy == bindparam("strategy"), *queue.IS_FREE, ~queue.IS_FENCED)
    .order_by(QueuePlace.place)
    .limit(SHOWN)
)


def _upcoming(session: Session, version_id: int, strategy: str) -> list[Upcoming]:
    where = {"version": version_id, "strategy": strategy, "account": NOBODY, "at": now()}
    return [Upcoming(*row) for row in session.execute(_UPCOMING, where)]
