"""The answers of a coder that stand, as far as they are shown them: one a protocol."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, false, select
from sqlalchemy.orm import Session

from cer_assist.services import own_lane, unannounced
from cer_assist.store.tables import CurrentLabel, LabelEvent, Protocol


def standing(
    session: Session, project_id: int, account_id: int, after: int, limit: int
) -> list[Row[Any]]:
    """In the order of the protocols, those behind `after`; one in hand unannounced is left out."""
    hidden = unannounced.hidden_in_hand(session, project_id, account_id)
    is_hidden = Protocol.id == hidden if hidden is not None else false()
    statement = (
        select(
            LabelEvent.id.label("event_id"),
            Protocol.id.label("protocol_id"),
            Protocol.external_id,
            LabelEvent.action,
            LabelEvent.level,
            LabelEvent.confidence,
            LabelEvent.evidence,
            LabelEvent.note,
            LabelEvent.recorded_at,
        )
        .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .where(
            CurrentLabel.project_id == project_id,
            CurrentLabel.account_id == account_id,
            own_lane.IS_SHOWN,
            ~is_hidden,
            Protocol.id > after,
        )
        .order_by(Protocol.id)
        .limit(limit)
    )
    return list(session.execute(statement))
