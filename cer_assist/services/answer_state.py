"""All that a new answer depends on is one statement, because a coder waits for each of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import BindParameter, bindparam, case, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import OWN_LANES, Exposure, Lane
from cer_assist.store.tables import (
    Assignment,
    CurrentLabel,
    Disclosure,
    LabelEvent,
    Protocol,
    Serving,
)
from cer_assist.store.tables.assignments import AssignmentState
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import as_written, is_among, table_of


@dataclass(frozen=True, slots=True)
class AnswerState:
    """One protocol and one coder, as they stand when an answer arrives."""

    text: str
    repeated_id: int | None  # the event already stored under the answer's idempotency key
    event_id: int | None  # the coder's latest event on the protocol
    level: int | None
    note: str | None
    recorded_at: dt.datetime | None
    serving_id: int | None
    served_suggestion_id: int | None  # what the model said when the protocol was served
    seen_suggestion_id: int | None  # what the coder was shown of it
    saw_suggestion: bool
    saw_peers: bool
    assignment_id: int | None  # the coder is asked to read the protocol
    lane: str  # where the answer is kept

    @property
    def exposure(self) -> Exposure:
        """What the coder has been shown of this protocol."""
        if self.saw_peers:
            return Exposure.after_peer
        return Exposure.after_suggestion if self.saw_suggestion else Exposure.blind

    @property
    def suggestion_id(self) -> int | None:
        """What the model said at the time, seen or not (the exposure tells which)."""
        return self.seen_suggestion_id or self.served_suggestion_id


_protocol, _serving = table_of(Protocol), table_of(Serving)
_disclosure, _current = table_of(Disclosure), table_of(CurrentLabel)
_event, _asked = table_of(LabelEvent).alias("event"), table_of(Assignment)
_repeated = table_of(LabelEvent).alias("repeated")
_mine: BindParameter[int] = bindparam("account")
_seen = (_disclosure.c.protocol_id == _protocol.c.id, _disclosure.c.account_id == _mine)
_seen_suggestion = (*_seen, _disclosure.c.what == Disclosed.suggestion)
# Who was shown several versions' suggestions goes by the one they were served with, if they saw it:
# the newest is another one after a roll-back.
_shown = case(
    (
        exists().where(*_seen_suggestion, _disclosure.c.suggestion_id == _serving.c.suggestion_id),
        _serving.c.suggestion_id,
    ),
    else_=select(func.max(_disclosure.c.suggestion_id)).where(*_seen_suggestion).scalar_subquery(),
)
_replaced, _given = table_of(LabelEvent).alias("replaced"), table_of(Serving).alias("given")
# An answer stands in the lane of what it replaces; a first one where what was served belongs, even
# if that was given back meanwhile. So what is open in one lane and in the other never mix.
_last_serving = (
    select(func.max(_given.c.id))
    .where(_given.c.protocol_id == _protocol.c.id, _given.c.account_id == _mine)
    .where(_given.c.lane == func.coalesce(_replaced.c.lane, _given.c.lane))
    .correlate(_protocol, _replaced)
    .scalar_subquery()
)
_lane = func.coalesce(_replaced.c.lane, _serving.c.lane, as_written(f"'{Lane.coder}'"))
_STATE = (
    select(
        _protocol.c.text,
        _repeated.c.id,
        _event.c.id,
        _event.c.level,
        _event.c.note,
        _event.c.recorded_at,
        _serving.c.id,
        _serving.c.suggestion_id,
        _shown,
        exists().where(*_seen_suggestion),
        exists().where(*_seen, _disclosure.c.what == Disclosed.peer_label),
        _asked.c.id,
        _lane,
    )
    .select_from(_protocol)
    .outerjoin(
        _repeated,
        (_repeated.c.account_id == _mine) & (_repeated.c.idempotency_key == bindparam("key")),
    )
    .outerjoin(
        _replaced,
        (_replaced.c.id == bindparam("supersedes"))
        & (_replaced.c.account_id == _mine)
        & (_replaced.c.protocol_id == _protocol.c.id)
        & is_among(_replaced.c.lane, OWN_LANES),
    )
    .outerjoin(_serving, _serving.c.id == _last_serving)
    .outerjoin(
        _current,
        (_current.c.protocol_id == _protocol.c.id)
        & (_current.c.account_id == _mine)
        & (_current.c.lane == _lane),
    )
    .outerjoin(
        _asked,
        (_asked.c.protocol_id == _protocol.c.id)
        & (_asked.c.account_id == _mine)
        & (_asked.c.state == as_written(f"'{AssignmentState.open}'")),
    )
    .outerjoin(_event, _event.c.id == _current.c.event_id)
    .where(_protocol.c.id == bindparam("protocol"), _protocol.c.project_id == bindparam("project"))
)
# Not the key: others may meanwhile be served this protocol, which refers to it.
_LOCK = (
    select(_protocol.c.id)
    .where(_protocol.c.id == bindparam("protocol"))
    .with_for_update(key_share=True)
)


def answer_state(
    session: Session,
    project_id: int,
    protocol_id: int,
    account_id: int,
    key: str,
    supersedes_id: int | None,
) -> AnswerState | None:
    """The state an answer meets, which no other answer changes until the transaction ends."""
    where = {"project": project_id, "protocol": protocol_id, "account": account_id, "key": key}
    hold(session, protocol_id)
    row = session.execute(_STATE, where | {"supersedes": supersedes_id}).first()
    return None if row is None else AnswerState(*row)


def hold(session: Session, protocol_id: int) -> None:
    """Let no other answer to this protocol come between; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        # A statement of its own: one that waits for a lock still reads what was so before it.
        session.execute(_LOCK, {"protocol": protocol_id})
