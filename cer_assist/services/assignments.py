"""Asking coders to read by name: asked, closed by their answer, taken back, moved to someone else.

An answer that no longer stands opens again what it had closed, in its own transaction: a promise is
never lost by an undo. Who has a protocol on screen when it is taken back may still answer it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import audit, queue_assigned
from cer_assist.services.answer_state import AnswerState
from cer_assist.services.label_events import Recorded
from cer_assist.store.tables import Account, Assignment, CurrentLabel, Membership, Project, Serving
from cer_assist.store.tables.accounts import CODING
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import now, table_of

ASKED, RELEASED, MOVED = "assignment.asked", "assignment.released", "assignment.moved"
MAX_NOTE = 1000
BATCH = 500  # values of one IN

_table = table_of(Assignment)
_CLOSE = (
    update(_table)
    .where(_table.c.id == bindparam("asked"), _table.c.state == AssignmentState.open)
    .values(state=AssignmentState.answered, event_id=bindparam("event"))
)
_WITHDRAW = (
    update(_table)
    .where(
        _table.c.protocol_id == bindparam("protocol"),
        _table.c.account_id == bindparam("account"),
        _table.c.kind == bindparam("why"),
        _table.c.state == AssignmentState.open,
    )
    .values(state=AssignmentState.released)
)
_newest_answered = (
    select(func.max(_table.c.id))
    .where(
        _table.c.protocol_id == bindparam("protocol"),
        _table.c.account_id == bindparam("account"),
        _table.c.state == AssignmentState.answered,
    )
    .scalar_subquery()
)
_REOPEN = (
    update(_table)
    .where(_table.c.id == _newest_answered)
    .values(state=AssignmentState.open, event_id=None)
)


def ask(
    session: Session,
    project: Project,
    protocol_id: int,
    account_id: int,
    kind: AssignmentKind,
    *,
    note: str = "",
    due_on: dt.date | None = None,
    by: int | None = None,
) -> int:
    """Ask one coder to read one protocol; the number of the assignment.

    What they had been asked before and have not answered is taken back: they are asked once.
    """
    pairs = [(protocol_id, account_id)]
    release(session, project, account_id, [protocol_id], by)
    (made,) = ask_all(session, project, pairs, kind, note=note, due_on=due_on, by=by)
    detail = {"kind": str(kind), "coder": account_id, "note": note, "due_on": _iso(due_on)}
    entry = audit.Entry(ASKED, f"protocol:{protocol_id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
    return made


def ask_all(
    session: Session,
    project: Project,
    pairs: Sequence[tuple[int, int]],
    kind: AssignmentKind,
    *,
    note: str = "",
    due_on: dt.date | None = None,
    by: int | None = None,
) -> list[int]:
    """Store (protocol, coder) pairs of whom none is asked yet; the audit entry is the caller's."""
    if len(note) > MAX_NOTE:
        raise InvalidInput(f"The comment is longer than {MAX_NOTE:,} characters: shorten it.")
    same = {
        "project_id": project.id,
        "kind": kind.value,
        "state": AssignmentState.open.value,
        "due_on": due_on,
        "note": note.strip(),
        "asked_by": by,
        "asked_at": now(),
    }
    rows = [{"protocol_id": key, "account_id": coder, **same} for key, coder in pairs]
    if not rows:
        return []
    made = session.scalars(insert(_table).returning(_table.c.id), rows)
    return list(made)


def ask_again(
    session: Session,
    project: Project,
    pairs: Sequence[tuple[int, int]],
    kind: AssignmentKind,
    note: str,
    by: int | None,
) -> None:
    """Have (protocol, coder) pairs read once more; who is asked already stays asked as they are."""
    for coder in dict.fromkeys(coder for _, coder in pairs):
        asked = set(session.scalars(_still_open(coder)))
        new = [pair for pair in pairs if pair[1] == coder and pair[0] not in asked]
        ask_all(session, project, new, kind, note=note, by=by)


def no_longer(session: Session, pairs: Sequence[tuple[int, int]], kind: AssignmentKind) -> None:
    """Take back what was asked of (protocol, coder) pairs for this reason, if it still is."""
    for protocol_id, coder in pairs:
        session.execute(_WITHDRAW, {"protocol": protocol_id, "account": coder, "why": kind})


def follow(
    session: Session, account_id: int, state: AnswerState, action: Action, recorded: Recorded
) -> None:
    """Close what an answer fulfils, or open again what it fulfilled while it stood."""
    if action is Action.label and state.assignment_id is not None:
        where = {"asked": state.assignment_id, "event": recorded.event_id}
        session.execute(_CLOSE, where)
    elif action is not Action.label and state.level is not None and state.assignment_id is None:
        session.execute(_REOPEN, {"protocol": recorded.protocol_id, "account": account_id})


def close_answered(session: Session, project_id: int) -> None:
    """Close what was dealt to someone of whom an import then brought an answer."""
    answer = (
        select(CurrentLabel.event_id)
        .where(
            CurrentLabel.protocol_id == _table.c.protocol_id,
            CurrentLabel.account_id == _table.c.account_id,
            CurrentLabel.lane == Lane.coder,
            CurrentLabel.action == Action.label,
        )
        .scalar_subquery()
    )
    session.execute(
        update(_table)
        .where(_table.c.project_id == project_id, _table.c.state == AssignmentState.open)
        .where(_table.c.kind == AssignmentKind.assigned, answer.is_not(None))
        .values(state=AssignmentState.answered, event_id=answer)
    )


def release(
    session: Session,
    project: Project,
    account_id: int,
    protocol_ids: Iterable[int] | None,
    by: int | None,
) -> list[int]:
    """Take back what is open with a coder, all or of these protocols; which protocols they were."""
    taken = [row.protocol_id for row in _take_back(session, project, account_id, protocol_ids)]
    if taken:
        _note(session, project, RELEASED, account_id, taken, by)
    return taken


def move(
    session: Session,
    project: Project,
    account_id: int,
    to: int,
    protocol_ids: Iterable[int] | None,
    by: int | None,
) -> tuple[list[int], int]:
    """Give what is open with a coder to another: which went, how many could not and stay.

    A second look is asked of whoever gave the first, so only what was dealt moves; and not what the
    other has answered or is asked for already.
    """
    if to == account_id:
        raise InvalidInput("Choose another coder than the one who has them.")
    require_coders(session, project, [to])
    wanted = None if protocol_ids is None else set(protocol_ids)
    rows = [row for row in _open_of(session, project, account_id) if _is_of(row, wanted)]
    theirs = _known_to(session, to)
    going = [row for row in rows if row.kind == AssignmentKind.assigned]
    going = [row for row in going if row.protocol_id not in theirs]
    ids = [row.protocol_id for row in going]
    _take_back(session, project, account_id, ids)
    for due_on, note in {(row.due_on, row.note): None for row in going}:
        pairs = [(r.protocol_id, to) for r in going if (r.due_on, r.note) == (due_on, note)]
        kind = AssignmentKind.assigned
        ask_all(session, project, pairs, kind, note=note, due_on=due_on, by=by)
    if ids:
        _note(session, project, MOVED, account_id, ids, by, to=to)
    return ids, len(rows) - len(ids)


def require_coders(session: Session, project: Project, account_ids: Sequence[int]) -> None:
    """Refuse whoever may not label in the project."""
    may = set(
        session.scalars(
            select(Membership.account_id)
            .join(Account, Account.id == Membership.account_id)
            .where(Membership.project_id == project.id, Membership.role.in_(CODING))
            .where(Account.disabled_at.is_(None))
        )
    )
    if not account_ids or not may.issuperset(account_ids):
        raise InvalidInput("Choose people who label in this project.")


def _open_of(session: Session, project: Project, account_id: int) -> list[Any]:
    columns = ("id", "protocol_id", "kind", "due_on", "note")
    return list(
        session.execute(
            select(*(_table.c[name] for name in columns))
            .where(_table.c.project_id == project.id, _table.c.account_id == account_id)
            .where(_table.c.state == AssignmentState.open)
            .order_by(_table.c.id)
        )
    )


def _is_of(row: Any, wanted: set[int] | None) -> bool:
    return wanted is None or row.protocol_id in wanted


def _take_back(
    session: Session, project: Project, account_id: int, protocol_ids: Iterable[int] | None
) -> list[Any]:
    wanted = None if protocol_ids is None else set(protocol_ids)
    rows = [row for row in _open_of(session, project, account_id) if _is_of(row, wanted)]
    for start in range(0, len(rows), BATCH):
        part = [row.id for row in rows[start : start + BATCH]]
        session.execute(
            update(_table).where(_table.c.id.in_(part)).values(state=AssignmentState.released)
        )
    # The queue must not hand it to them again as what they have open.
    session.execute(
        update(Serving)
        .where(Serving.project_id == project.id, Serving.account_id == account_id)
        .where(Serving.state == ServingState.open)
        .where(Serving.strategy.in_(queue_assigned.STRATEGIES.values()))
        .where(Serving.protocol_id.not_in(_still_open(account_id)))
        .values(state=ServingState.released)
        .execution_options(synchronize_session=False)
    )
    return rows


def _still_open(account_id: int) -> Any:
    return select(_table.c.protocol_id).where(
        _table.c.account_id == account_id, _table.c.state == AssignmentState.open
    )


def _known_to(session: Session, account_id: int) -> set[int]:
    """Protocols that a coder has answered or skipped, or is asked to read."""
    answered = select(CurrentLabel.protocol_id).where(
        CurrentLabel.account_id == account_id,
        CurrentLabel.lane == Lane.coder,
        CurrentLabel.action != Action.withdraw,
    )
    return set(session.scalars(answered)) | set(session.scalars(_still_open(account_id)))


def _note(
    session: Session,
    project: Project,
    action: str,
    account_id: int,
    protocol_ids: Sequence[int],
    by: int | None,
    **more: int,
) -> None:
    detail = {"from": account_id, **more, **told_of((key, account_id) for key in protocol_ids)}
    entry = audit.Entry(action, f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)


def told_of(pairs: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """What the audit keeps of (protocol, coder) pairs: a seal on the rows, which stay."""
    said = sorted(pairs)
    text = ",".join(f"{key}:{coder}" for key, coder in said)
    return {"protocols": len(said), "pairs_sha256": hashlib.sha256(text.encode()).hexdigest()}


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
