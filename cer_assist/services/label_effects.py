"""What follows a label of either lane, in the transaction that stores it."""

from __future__ import annotations

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane
from cer_assist.services import fence, retraining
from cer_assist.store.tables import CurrentLabel, Project, Protocol
from cer_assist.store.types import table_of

_protocol, _label = table_of(Protocol), table_of(CurrentLabel)
_labels = (
    select(func.count())
    .select_from(_label)
    .where(_label.c.protocol_id == _protocol.c.id, _label.c.action == Action.label)
)
_missing = _protocol.c.coders_wanted - _labels.where(_label.c.lane == Lane.coder).scalar_subquery()
_SET_MISSING = (
    update(_protocol)
    .where(_protocol.c.id == bindparam("protocol"))
    .values(
        coders_missing=case(
            (_labels.where(_label.c.lane == Lane.final).scalar_subquery() > 0, 0),
            (_missing < 0, 0),
            else_=_missing,
        )
    )
)


def follow(session: Session, project: Project, protocol_id: int, action: Action) -> None:
    """Count the readers still wanted; unless it was a skip, learn and measure anew."""
    session.execute(_SET_MISSING, {"protocol": protocol_id})
    if action is not Action.skip:
        retraining.labels_changed(session, project)
        fence.measure_soon(session, project.id)
