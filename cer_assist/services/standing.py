"""What stands of one protocol: its readings, its final level, what adjudicators did last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import unannounced
from cer_assist.store.tables import (
    Account,
    Adjudication,
    CurrentLabel,
    ModelVersion,
    Suggestion,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A reading that stands."""

    account_id: int
    event_id: int
    level: int


@dataclass(frozen=True, slots=True)
class Final:
    """The final level that stands."""

    account_id: int
    by: str
    event_id: int
    level: int


NEWEST_SUGGESTION = (
    select(func.max(Suggestion.id))
    .join(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
    .where(ModelVersion.published_at.is_not(None))
)


def readings_of(session: Session, protocol_id: int) -> list[Said]:
    """The readings of a protocol that stand, by event."""
    rows = session.execute(
        select(CurrentLabel.account_id, CurrentLabel.event_id, CurrentLabel.level)
        .where(CurrentLabel.protocol_id == protocol_id, CurrentLabel.lane == Lane.coder)
        .where(CurrentLabel.action == Action.label)
        .order_by(CurrentLabel.event_id)
    )
    return [Said(who, event, level) for who, event, level in rows if level is not None]


def readings_for(
    session: Session, project_id: int, protocol_id: int, account_id: int
) -> list[Said]:
    """The same for somebody who may be a reader: none of what came back to them unannounced.

    They are answered as if they read it for the first time, when it still waits for readers.
    """
    if unannounced.hidden_in_hand(session, project_id, account_id) == protocol_id:
        return []
    return readings_of(session, protocol_id)


def last_act(session: Session, protocol_id: int) -> Adjudication | None:
    """What an adjudicator did last with a protocol."""
    return session.scalars(
        select(Adjudication)
        .where(Adjudication.protocol_id == protocol_id)
        .order_by(Adjudication.id.desc())
        .limit(1)
    ).first()


def newest_suggestion_id(session: Session, protocol_id: int) -> int | None:
    """The newest suggestion of a published version."""
    return session.execute(NEWEST_SUGGESTION.where(Suggestion.protocol_id == protocol_id)).scalar()


def final_of(session: Session, protocol_id: int) -> Final | None:
    """The final level of a protocol; of several the newest counts."""
    row = session.execute(
        select(
            CurrentLabel.account_id,
            Account.display_name,
            CurrentLabel.event_id,
            CurrentLabel.level,
        )
        .join(Account, Account.id == CurrentLabel.account_id)
        .where(CurrentLabel.protocol_id == protocol_id, CurrentLabel.lane == Lane.final)
        .where(CurrentLabel.action == Action.label)
        .order_by(CurrentLabel.event_id.desc())
        .limit(1)
    ).first()
    if row is None or row.level is None:
        return None
    return Final(row.account_id, row.display_name, row.event_id, row.level)


def proposals(session: Session, protocol_id: int, said: Sequence[Said]) -> dict[int, int]:
    """What each adjudicator last proposed over the answers that stand, by account."""
    newest = max(one.event_id for one in said)
    rows = session.execute(
        select(Adjudication.account_id, Adjudication.level)
        .where(Adjudication.protocol_id == protocol_id, Adjudication.act == Act.propose)
        .where(Adjudication.newest == newest)
        .order_by(Adjudication.id)
    )
    return {account: level for account, level in rows if level is not None}
