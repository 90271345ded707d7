"""What leads want of single protocols: put first, or held back until they are released.

A wish holds for the queue alone. Whoever has a held protocol open may finish it, for an answer is
never refused, and who opens it from the list gets it: there it says that it is held.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import audit
from cer_assist.store.tables import Account, Project, Protocol, QueueWish
from cer_assist.store.tables.queue import Wish
from cer_assist.store.types import now, table_of
from cer_assist.store.upsert import upsert

RELEASED = "queue.released"
AT_ONCE = 500  # protocols named in one wish
MAX_REASON = 1000
_wish = table_of(QueueWish)
# Of a statement on protocols.
IS_HELD = exists().where(_wish.c.protocol_id == table_of(Protocol).c.id, _wish.c.wish == Wish.held)


@dataclass(frozen=True, slots=True)
class Wished:
    """A protocol that a lead wants something of."""

    protocol_id: int
    external_id: str
    title: str
    wish: Wish
    reason: str
    by: str
    at: dt.datetime
    is_complete: bool  # it wants no more readers


def want(
    session: Session,
    project: Project,
    names: Sequence[str],
    wish: Wish,
    reason: str,
    by: int | None,
) -> int:
    """Pin or hold the protocols of these ids, all or none; how many there are."""
    ids = find_ids(session, project.id, names)
    reason = reason.strip()[:MAX_REASON]
    if not reason:
        raise InvalidInput("Say why: whoever looks at the queue later will want to know.")
    # One of the fenced sample may be held, for that is no choice by what a model says of it and a
    # text that cannot be read should wait. Pinned, it keeps its random turn all the same (`queue`):
    # to refuse it would tell the lead, who may be one of its readers, that it is fenced.
    for protocol_id in ids.values():
        values = {
            "protocol_id": protocol_id,
            "project_id": project.id,
            "wish": wish.value,
            "reason": reason,
            "account_id": by,
            "at": now(),
        }
        replaced = ("wish", "reason", "account_id", "at")
        upsert(session, QueueWish, values, conflict=("protocol_id",), replace=replaced)
    _note(session, project.id, f"queue.{wish}", {**_named(ids), "reason": reason}, by)
    return len(ids)


def release(session: Session, project: Project, names: Sequence[str], by: int | None) -> int:
    """Let the queue decide again about these protocols; how many had been pinned or held."""
    ids = find_ids(session, project.id, names)
    wished = set(
        session.scalars(
            select(QueueWish.protocol_id).where(QueueWish.protocol_id.in_(ids.values()))
        )
    )
    released = {name: key for name, key in ids.items() if key in wished}
    if not released:
        raise InvalidInput("None of these protocols is pinned or held.")
    session.execute(delete(QueueWish).where(QueueWish.protocol_id.in_(released.values())))
    _note(session, project.id, RELEASED, _named(released), by)
    return len(released)


def wished(session: Session, project_id: int, protocol_id: int | None = None) -> list[Wished]:
    """What is pinned or held in a project, in the order in which pinned ones are served."""
    statement = (
        select(
            Protocol.id,
            Protocol.external_id,
            Protocol.title,
            QueueWish.wish,
            QueueWish.reason,
            Account.display_name,
            QueueWish.at,
            Protocol.coders_missing == 0,
        )
        .select_from(QueueWish)
        .join(Protocol, Protocol.id == QueueWish.protocol_id)
        .outerjoin(Account, Account.id == QueueWish.account_id)
        .where(QueueWish.project_id == project_id)
        .order_by(QueueWish.at, QueueWish.protocol_id)
    )
    if protocol_id is not None:
        statement = statement.where(QueueWish.protocol_id == protocol_id)
    return [
        Wished(key, name, title, Wish(wish), reason, by or "the command line", at, done)
        for key, name, title, wish, reason, by, at, done in session.execute(statement)
    ]


def find_ids(session: Session, project_id: int, names: Sequence[str]) -> dict[str, int]:
    """The protocols of these ids, or a word on which there is none of."""
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not 1 <= len(wanted) <= AT_ONCE:
        raise InvalidInput(f"Name the ids of 1 to {AT_ONCE} protocols.")
    rows = session.execute(
        select(Protocol.external_id, Protocol.id)
        .where(Protocol.project_id == project_id, Protocol.external_id.in_(wanted))
        .order_by(Protocol.id)
    )
    found = {row.external_id: row.id for row in rows}
    unknown = [name for name in wanted if name not in found]
    if unknown:
        shown = ", ".join(name[:60] for name in unknown[:5])
        raise InvalidInput(f"This project has no protocol {shown}. Nothing was changed.")
    return found


def _named(ids: dict[str, int]) -> dict[str, str]:
    return {"protocols": ", ".join(ids)}


def _note(
    session: Session, project_id: int, action: str, detail: dict[str, str], by: int | None
) -> None:
    entry = audit.Entry(action, f"project:{project_id}", detail)
    audit.append(session, entry, account_id=by, project_id=project_id)
