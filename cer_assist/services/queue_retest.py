"""A protocol that its coder answered long ago comes back, and nothing tells them that it did.

It takes the place of one the queue would have given from its pool: who has nothing left gets no
repeat, for they would know it by that. It is told as drawn at random, so only where other things
are; and it goes without a suggestion, before the answer and after, so only where others do. Given
are settled readings under the rubric in use that nobody has looked at, asked for or discussed
since. One of the fenced sample may come back like any other: its answer counts in a lane of its
own, where nothing is measured but the coder.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BindParameter, bindparam, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import HIDDEN_LANES, Action, Lane
from cer_assist.services.queue_wishes import IS_HELD
from cer_assist.services.unannounced import IS_ASKED_FOR, Sought, would_be_known
from cer_assist.store.tables import (
    Adjudication,
    Assignment,
    Comment,
    CurrentLabel,
    Disclosure,
    LabelEvent,
    Project,
    Protocol,
    QueueWish,
    Serving,
)
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import is_among, table_of

_protocol, _event, _serving = table_of(Protocol), table_of(LabelEvent), table_of(Serving)
_mine, _other = table_of(CurrentLabel), table_of(CurrentLabel).alias("other")
_asked, _seen, _wish = table_of(Assignment), table_of(Disclosure), table_of(QueueWish)
_account: BindParameter[int] = bindparam("account")
_came_back = exists().where(
    _serving.c.protocol_id == _protocol.c.id,
    _serving.c.account_id == _account,
    is_among(_serving.c.lane, HIDDEN_LANES),
)
_came_back_elsewhere = exists().where(  # imported
    _other.c.protocol_id == _protocol.c.id,
    _other.c.account_id == _account,
    is_among(_other.c.lane, HIDDEN_LANES),
)
_is_disputed = exists().where(
    _other.c.protocol_id == _protocol.c.id,
    _other.c.lane == Lane.coder,
    _other.c.level != _mine.c.level,
)
_is_settled = exists().where(_other.c.protocol_id == _protocol.c.id, _other.c.lane == Lane.final)
_peers_seen = exists().where(
    _seen.c.protocol_id == _protocol.c.id,
    _seen.c.account_id == _account,
    _seen.c.what == Disclosed.peer_label,
)
_is_talked_of = (
    exists().where(table_of(Adjudication).c.protocol_id == _protocol.c.id)
    | exists().where(table_of(Comment).c.protocol_id == _protocol.c.id)
)  # fmt: skip
_DUE = (
    select(_protocol.c.id)
    .select_from(_mine)
    .join(_protocol, _protocol.c.id == _mine.c.protocol_id)
    .join(_event, _event.c.id == _mine.c.event_id)
    .where(
        _mine.c.account_id == _account,
        _mine.c.project_id == bindparam("project"),
        _mine.c.lane == Lane.coder,
        _mine.c.action == Action.label,
        _event.c.recorded_at <= bindparam("before"),
        _event.c.rubric_version_id == bindparam("rubric"),
        ~_came_back,
        ~_came_back_elsewhere,
        ~_is_disputed,
        ~_is_settled,
        ~IS_ASKED_FOR,
        ~_peers_seen,
        ~_is_talked_of,
        ~IS_HELD,
    )
    .order_by(_protocol.c.shuffle < bindparam("pivot"), _protocol.c.shuffle)
    .limit(1)
)


def due(session: Session, project: Project, asked: Sought) -> int | None:
    """A protocol that may come back to this coder now without their knowing it by anything."""
    if would_be_known(project, asked):
        return None
    where = {
        "account": asked.account_id,
        "project": project.id,
        "before": asked.at - dt.timedelta(days=project.retest_after_days),
        "rubric": project.rubric_version_id,
        "pivot": asked.pivot,
    }
    found: int | None = session.execute(_DUE, where).scalar()
    return found
