"""What adjudicators did, for the methods report: of protocols whose last act was a decision."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Reason, Track, track_of
from cer_assist.domain.labels import Action, Lane, Origin
from cer_assist.store.tables import Adjudication, CurrentLabel, LabelEvent

Facts = dict[str, Any]


def settling(session: Session, project_id: int) -> Facts:
    """Decisions that stand, by whom and why; what was sent back; final levels that were imported.

    The track is that of the readings between which the decision was made.
    """
    acts = list(
        session.scalars(
            select(Adjudication)
            .where(Adjudication.project_id == project_id)
            .order_by(Adjudication.id)
        )
    )
    newest = {act.protocol_id: act for act in acts}
    decided = [act for act in newest.values() if act.act == Act.decide]
    levels = _levels(session, project_id)
    tracks = Counter(
        track_of([levels[key] for key in act.between], is_sent_back=False)
        for act in decided
        if act.between
    )
    reasons = Counter(act.reason for act in decided)
    return {
        "decided": len(decided),
        "adjudicators": len({act.account_id for act in decided}),
        "by_party": sum(act.is_party for act in decided),
        "tracks": {str(one): tracks[one] for one in (Track.near, Track.far, Track.agreed)},
        "reasons": {str(reason): reasons[reason] for reason in Reason},
        "no_reason": reasons[None],
        "sent_back": len({act.protocol_id for act in acts if act.act == Act.send_back}),
        "imported": _imported(session, project_id),
    }


def _levels(session: Session, project_id: int) -> dict[int, int]:
    """Of all label events of coders."""
    rows = session.execute(
        select(LabelEvent.id, LabelEvent.level)
        .where(LabelEvent.project_id == project_id, LabelEvent.lane == Lane.coder)
        .where(LabelEvent.level.is_not(None))
    )
    return {key: level for key, level in rows if level is not None}


def _imported(session: Session, project_id: int) -> int:
    return session.execute(
        select(func.count(CurrentLabel.protocol_id.distinct()))
        .join(LabelEvent, LabelEvent.id == CurrentLabel.event_id)
        .where(CurrentLabel.project_id == project_id, CurrentLabel.lane == Lane.final)
        .where(CurrentLabel.action == Action.label, LabelEvent.origin == Origin.imported)
    ).scalar_one()
