"""The audit chain grows inside the transaction of what it records, so neither can exist alone.

Each event's SHA-256 covers the one before; label events are repeated in it by their own SHA-256, so
altering either is found and the first altered event is named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import event_sha256
from cer_assist.store.tables import AuditEvent, AuditHead, LabelEvent
from cer_assist.store.types import now, table_of

GENESIS = "0" * 64
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


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of reading the whole chain."""

    events: int
    labels: int
    head: str
    fault: str | None  # the first altered event and what is wrong with it

    @property
    def intact(self) -> bool:
        """True when nothing was altered, removed or added past the chain."""
        return self.fault is None


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
        at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
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
            fields[name] = fields[name].astimezone(dt.UTC).isoformat(timespec="microseconds")
    return event_sha256(fields)


_HASHED = tuple(
    column.name for column in LabelEvent.__table__.columns if column.name not in ("id", "sha256")
)


def verify(session: Session) -> Verification:
    """Read the chain and every label event against it; name the first fault."""
    labels: dict[str, str] = {}
    digest, expected = GENESIS, 1
    fault: str | None = None
    stream = select(*AuditEvent.__table__.columns).order_by(AuditEvent.id)
    for row in session.execute(stream.execution_options(yield_per=2000)).mappings():
        fault = _fault_of(dict(row), expected, digest)
        if fault:
            break
        digest, expected = row["sha256"], expected + 1
        if row["action"] == "label.recorded":
            labels[row["subject"]] = json.loads(row["detail"])["sha256"]
    head = session.execute(select(AuditHead.event_id, AuditHead.sha256)).one()
    if fault is None and (head.event_id, head.sha256) != (expected - 1, digest):
        fault = (
            f"audit event {expected} and later are missing: the chain ends at {expected - 1}, "
            f"its head says {head.event_id}"
        )
    fault = fault or _label_fault(session, labels)
    return Verification(expected - 1, len(labels), digest, fault)


def _fault_of(row: dict[str, Any], expected: int, digest: str) -> str | None:
    if row["id"] != expected:
        return f"audit event {expected} is missing (the next one found is {row['id']})"
    if row["previous_sha256"] != digest:
        return f"audit event {row['id']} does not follow event {expected - 1}"
    if chain_sha256(row) != row["sha256"]:
        return f"audit event {row['id']} ({row['action']} {row['subject']}) was altered"
    return None


def _label_fault(session: Session, labels: dict[str, str]) -> str | None:
    unseen = set(labels)
    stream = select(LabelEvent).order_by(LabelEvent.id).execution_options(yield_per=2000)
    for event in _scalars(session, stream):
        name = f"label:{event.id}"
        unseen.discard(name)
        if name not in labels:
            return f"label event {event.id} is not in the audit chain: it was added past it"
        if labels[name] != label_sha256(event) or event.sha256 != labels[name]:
            return f"label event {event.id} was altered"
    if unseen:
        first = min(unseen, key=lambda name: int(name.split(":")[1]))
        return f"label event {first.split(':')[1]} was removed"
    return None


def _scalars(session: Session, statement: Any) -> Iterable[LabelEvent]:
    result: Iterable[LabelEvent] = session.scalars(statement)
    return result
