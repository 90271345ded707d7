"""The audit chain grows inside the transaction of what it records, so neither can exist alone.

Each event's SHA-256 covers the one before; label events are repeated in it by their own SHA-256, so
altering either is found and the first altered event is named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import event_sha256
from cer_assist.store.tables import AuditEvent, AuditHead, LabelEvent, Protocol
from cer_assist.store.types import now, table_of, utc_text

GENESIS = "0" * 64
_BATCH = 1000
_HEAD = select(AuditHead.event_id, AuditHead.sha256).with_for_update()
_MOVE_HEAD = update(table_of(AuditHead)).values(
    event_id=bindparam("last"), sha256=bindparam("digest")
)
_INSERT = insert(table_of(AuditEvent))


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded; `subject` names the thing, such as `label:17`."""

    action: str
    subject: str
    detail: dict[str, Any]


def append(
    session: Session, entry: Entry, *, account_id: int | None, project_id: int | None
) -> None:
    """Add one event to the chain."""
    append_many(session, [entry], account_id=account_id, project_id=project_id)


def append_many(
    session: Session,
    entries: Sequence[Entry],
    *,
    account_id: int | None,
    project_id: int | None,
) -> None:
    """Add events to the chain in order; other writers wait until this transaction ends."""
    if not entries:
        return
    last, digest = session.execute(_HEAD).one()
    rows = []
    at = now()
    for entry in entries:
        last += 1
        row = {
            "id": last,
            "at": at,
            "account_id": account_id,
            "project_id": project_id,
            "action": entry.action,
            "subject": entry.subject,
            "detail": canonical(entry.detail),
            "previous_sha256": digest,
        }
        digest = row["sha256"] = chain_sha256(row)
        rows.append(row)
    session.execute(_INSERT, rows)
    session.execute(_MOVE_HEAD, {"last": last, "digest": digest})


def label_entry(event_id: int, fields: dict[str, Any]) -> Entry:
    """What the chain holds of a label event: its hash, which covers all the rest."""
    detail = {
        "sha256": fields["sha256"],
        "protocol": fields["protocol_id"],
        "action": fields["action"],
    }
    return Entry("label.recorded", f"label:{event_id}", detail)


def canonical(detail: dict[str, Any]) -> str:
    """JSON with sorted keys and no blanks: one text for one value."""
    return json.dumps(detail, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def chain_sha256(row: dict[str, Any]) -> str:
    """The hash of an event: its fields and its predecessor's hash."""
    at: dt.datetime = row["at"]
    fields = [
        row["id"],
        utc_text(at),
        row["account_id"],
        row["project_id"],
        row["action"],
        row["subject"],
        row["detail"],
    ]
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{row['previous_sha256']}\n{body}".encode()).hexdigest()


def label_sha256(event: LabelEvent | dict[str, Any]) -> str:
    """The hash of a label event over everything it says, times in UTC to the microsecond."""
    values = event if isinstance(event, dict) else {name: getattr(event, name) for name in _HASHED}
    fields = {name: values[name] for name in _HASHED}
    for name in ("recorded_at", "made_at"):
        if fields[name] is not None:
            fields[name] = utc_text(fields[name])
    return event_sha256(fields)


_HASHED = tuple(
    column.name for column in LabelEvent.__table__.columns if column.name not in ("id", "sha256")
)


def texts_sha256(session: Session, project_id: int) -> str:
    """One hash over all texts of a project, which every import puts into the chain."""
    digest = hashlib.sha256()
    rows = session.execute(
        select(Protocol.external_id, Protocol.content_hash)
        .where(Protocol.project_id == project_id)
        .order_by(Protocol.id)
    )
    for external_id, content in rows:
        digest.update(f"{external_id}\x1f{content}\x1e".encode())
    return digest.hexdigest()


def descriptions_sha256(session: Session, project_id: int) -> str:
    """One hash over titles and columns of a project, which every import puts into the chain.

    The events of older versions' imports do not have it.
    """
    digest = hashlib.sha256()
    rows = session.execute(
        select(Protocol.external_id, Protocol.title, Protocol.details)
        .where(Protocol.project_id == project_id)
        .order_by(Protocol.id)
        .execution_options(yield_per=_BATCH)
    )
    for external_id, title, details in rows:
        said = canonical({"id": external_id, "title": title, "details": details})
        digest.update(f"{said}\x1e".encode())
    return digest.hexdigest()
