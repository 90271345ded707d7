"""What coders are asked to read by name comes before what the queue chooses, and is kept for them.

Kept means: the queue gives a promised protocol to others only while it wants more readers than are
promised it or have it open. What a coder skipped comes after everything else, as without promises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Lane
from cer_assist.domain.serving import (
    ASSIGNED,
    FENCED,
    PUT_OFF,
    RANDOM,
    REASONS,
    REREAD,
    SENT_BACK,
)
from cer_assist.store.tables import Assignment, Protocol, Serving
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.types import as_written, table_of

STRATEGIES = {
    AssignmentKind.assigned: ASSIGNED,
    AssignmentKind.returned: SENT_BACK,
    AssignmentKind.reread: REREAD,
}

IS_OPEN = as_written(f"'{AssignmentState.open}'")  # of a serving, too
_protocol, _serving = table_of(Protocol), table_of(Serving).alias("their_serving")
_asked, _promise = table_of(Assignment), table_of(Assignment).alias("promise")
_has_it_open = exists().where(
    _serving.c.protocol_id == _promise.c.protocol_id,
    _serving.c.account_id == _promise.c.account_id,
    _serving.c.state == IS_OPEN,
    _serving.c.lane == Lane.coder,
    _serving.c.reserved_until > bindparam("at"),
)
# To others than `account`, who will yet come for it; who has it open at `at` is reserved already.
PROMISED = (
    select(func.count())
    .select_from(_promise)
    .where(
        _promise.c.protocol_id == _protocol.c.id,
        _promise.c.state == IS_OPEN,
        _promise.c.kind == AssignmentKind.assigned,
        _promise.c.account_id != bindparam("account"),
        ~_has_it_open,
    )
    .scalar_subquery()
)
_OPEN = (
    _asked.c.account_id == bindparam("account"),
    _asked.c.state == IS_OPEN,
)
# Joined to a statement that reads the table of protocols.
THEIRS = _asked
ON = _asked.c.protocol_id == _protocol.c.id
IS_THEIRS = (*_OPEN, _asked.c.project_id == bindparam("project"))
WHAT = (_asked.c.kind, _asked.c.note)
_URGENCY = {kind.value: place for place, kind in enumerate(AssignmentKind)}
IN_TURN = (
    case(_URGENCY, value=_asked.c.kind),
    _asked.c.due_on.is_(None),
    _asked.c.due_on,
    _asked.c.id,
)
ANY_THEIRS = exists().where(*IS_THEIRS)
_ONE = select(*WHAT).where(*_OPEN, _asked.c.protocol_id == bindparam("protocol"))


@dataclass(frozen=True, slots=True)
class Asked:
    """Why a coder is asked to read a protocol."""

    strategy: str
    reason: str


def told(kind: str, note: str) -> Asked:
    """What a coder reads above the protocol, with the comment of whoever asked.

    An adjudicator's stands beside it (`sent_back`): that it was read is recorded.
    """
    strategy = STRATEGIES[AssignmentKind(kind)]
    if not note or strategy == SENT_BACK:
        return Asked(strategy, REASONS[strategy])
    return Asked(strategy, f"{REASONS[strategy]}: {note}")


def told_of(name: str, found: Any) -> Asked:
    """The same of what an attempt to serve has found."""
    if name in (ASSIGNED, PUT_OFF):
        return told(found.kind, found.note)
    return plainly(RANDOM if name == FENCED else name)


def plainly(strategy: str) -> Asked:
    """What is said of a strategy that has no more to say."""
    return Asked(strategy, REASONS[strategy])


def asked_of(session: Session, protocol_id: int, account_id: int) -> Asked | None:
    """Why this coder is asked to read this protocol, if anyone asks."""
    row = session.execute(_ONE, {"protocol": protocol_id, "account": account_id}).first()
    return told(row.kind, row.note) if row else None
