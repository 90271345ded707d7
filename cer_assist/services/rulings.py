"""An adjudicator's act as it is stored: appended once for a key, its hash in the audit chain."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.errors import IdempotencyMismatch
from cer_assist.domain.labels import Origin, event_sha256
from cer_assist.domain.protocols import clean
from cer_assist.services import audit
from cer_assist.services.standing import Said
from cer_assist.store.tables import Adjudication, Project
from cer_assist.store.types import now, table_of, utc_text

RECORDED = "adjudication.recorded"

_table = table_of(Adjudication)
_INSERT = insert(_table).returning(_table.c.id)
_HASHED = tuple(column.name for column in _table.c if column.name not in ("id", "sha256"))


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an adjudicator asks for, over which answers."""

    protocol_id: int
    act: Act
    between: tuple[int, ...]  # the label events that were on screen
    idempotency_key: str
    level: int | None = None
    reason: Reason | None = None
    note: str = ""
    origin: Origin = Origin.browser

    def sha256(self) -> str:
        """Equal requests have equal hashes: the same key must come with the same one."""
        body = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Ruled:
    """What is on disk once the transaction commits."""

    id: int
    act: Act  # propose, where a decision waits for a second adjudicator
    protocol_id: int
    level: int | None
    label_event_id: int | None
    recorded_at: dt.datetime
    repeated: bool  # the same request had been stored before


def known(session: Session, account_id: int, asked: Ruling) -> Ruled | None:
    """What came of the same request before, if it was stored."""
    row = session.scalars(
        select(Adjudication).where(
            Adjudication.account_id == account_id,
            Adjudication.idempotency_key == asked.idempotency_key,
        )
    ).first()
    if row is None:
        return None
    if row.request_sha256 != asked.sha256():
        raise IdempotencyMismatch(
            "This key was already used for another decision. Reload the page and decide again."
        )
    return Ruled(
        row.id,
        Act(row.act),
        row.protocol_id,
        row.level,
        row.label_event_id,
        row.recorded_at,
        True,
    )


def append(
    session: Session,
    project: Project,
    account_id: int,
    asked: Ruling,
    act: Act,
    said: Sequence[Said],
    event_id: int | None,
) -> Ruled:
    """Store an act over the answers that stand."""
    fields: dict[str, Any] = {
        "project_id": project.id,
        "protocol_id": asked.protocol_id,
        "account_id": account_id,
        "act": act.value,
        "level": asked.level,
        "label_event_id": event_id,
        "reason": asked.reason.value if asked.reason else None,
        "note": clean(asked.note),
        "between": [one.event_id for one in said],
        "newest": max((one.event_id for one in said), default=0),
        "is_party": account_id in {one.account_id for one in said},
        "idempotency_key": asked.idempotency_key,
        "request_sha256": asked.sha256(),
        "recorded_at": now(),
    }
    fields["sha256"] = adjudication_sha256(fields)
    act_id: int = session.execute(_INSERT, fields).scalar_one()
    detail = {"sha256": fields["sha256"], "protocol": asked.protocol_id, "act": act.value}
    entry = audit.Entry(RECORDED, f"adjudication:{act_id}", detail)
    audit.append(session, entry, account_id=account_id, project_id=project.id)
    at = fields["recorded_at"]
    return Ruled(act_id, act, asked.protocol_id, asked.level, event_id, at, False)


def adjudication_sha256(row: Adjudication | dict[str, Any]) -> str:
    """The hash over everything an adjudication says."""
    values = row if isinstance(row, dict) else {name: getattr(row, name) for name in _HASHED}
    fields = {name: values[name] for name in _HASHED}
    fields["recorded_at"] = utc_text(values["recorded_at"])
    return event_sha256(fields)
