"""An attention check: a protocol whose level is known, given to its coder like any other.

It is the source of a practice protocol in use, which the coder has never had before them, neither
to read nor to practise on, and of which they have seen nothing that others or the model said. As a
repeat it takes the place of one from the pool, and only where a repeat would not be known
(`unannounced`). Its answer stands in a lane of its own and tells of the coder alone.
"""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.services import training_rounds
from cer_assist.services.queue_wishes import IS_HELD
from cer_assist.services.unannounced import IS_ASKED_FOR, Sought, would_be_known
from cer_assist.store.tables import (
    Comment,
    Disclosure,
    LabelEvent,
    Project,
    Protocol,
    Serving,
    TrainingItem,
    TrainingUse,
)
from cer_assist.store.types import table_of

_protocol, _item, _use = table_of(Protocol), table_of(TrainingItem), table_of(TrainingUse)
_newer = _item.alias("newer")
_account: BindParameter[int] = bindparam("account")
_last_use = (
    select(func.max(_use.c.id)).where(_use.c.item_id == _item.c.id).correlate(_item)
).scalar_subquery()
_known = [
    exists().where(table.c.protocol_id == _protocol.c.id, table.c.account_id == _account)
    for table in map(table_of, (Serving, LabelEvent, Disclosure, Comment))
]
_DUE = (
    select(_protocol.c.id)
    .select_from(_item)
    .join(_use, _use.c.id == _last_use)
    .join(_protocol, _protocol.c.id == _item.c.protocol_id)
    .where(
        _item.c.project_id == bindparam("project"),
        _use.c.is_used,
        ~exists().where(_newer.c.replaces_id == _item.c.id),
        # One that wants readers again is read for its level.
        _protocol.c.coders_missing == 0,
        *(~one for one in _known),
        ~IS_ASKED_FOR,
        ~IS_HELD,
    )
    .order_by(_protocol.c.shuffle < bindparam("pivot"), _protocol.c.shuffle)
)


def due(session: Session, project: Project, asked: Sought) -> int | None:
    """A protocol that may check this coder now without their knowing it by anything."""
    if would_be_known(project, asked):
        return None
    where = {"account": asked.account_id, "project": project.id, "pivot": asked.pivot}
    found = list(session.execute(_DUE, where).scalars())
    # It is practised on no more, so it must not be the last that this coder could practise on.
    if not found or len(training_rounds.drawable(session, project, asked.account_id)) < 2:
        return None
    practised = training_rounds.practised(session, project.id, asked.account_id)
    return next((one for one in found if one not in practised), None)
