"""Appending a label event: the row, what is derived from it, and its place in the chain."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import audit, desk_rows
from cer_assist.store.tables import CurrentLabel, LabelEvent
from cer_assist.store.types import table_of
from cer_assist.store.upsert import upsert

_INSERT = insert(table_of(LabelEvent)).returning(table_of(LabelEvent).c.id)
_CURRENT_FIELDS = ("protocol_id", "account_id", "lane", "project_id", "action", "level")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is on disk once the transaction commits."""

    event_id: int
    protocol_id: int
    action: Action
    level: int | None
    recorded_at: dt.datetime
    repeated: bool  # the same request had been stored before
    # What stood around the answer, where it was looked up.
    saw_suggestion: bool | None = field(default=None, compare=False)
    suggestion_id: int | None = field(default=None, compare=False)  # the one in force then
    lane: str = Lane.coder


def clean_seconds(seconds: float | None) -> float | None:
    """A duration as every database gives it back: what is hashed must read the same later."""
    if seconds is None:
        return None
    if not math.isfinite(seconds) or seconds < 0:
        raise InvalidInput("The time an answer took is not a number of seconds: leave it out.")
    return round(float(seconds), 3) + 0.0  # -0.0 would come back as 0.0


def append_event(session: Session, fields: dict[str, Any]) -> Recorded:
    """Insert an event, derive what stands from it and put its hash into the audit chain."""
    fields = fields | {"sha256": audit.label_sha256(fields)}
    event_id: int = session.execute(_INSERT, fields).scalar_one()
    current = {name: fields[name] for name in _CURRENT_FIELDS} | {"event_id": event_id}
    upsert(
        session,
        CurrentLabel,
        current,
        conflict=("protocol_id", "account_id", "lane"),
        replace=("event_id", "action", "level"),
    )
    if fields["lane"] in desk_rows.COUNTED:
        desk_rows.rewrite_protocol(session, fields["project_id"], fields["protocol_id"])
    audit.append(
        session,
        audit.label_entry(event_id, fields),
        account_id=fields["account_id"],
        project_id=fields["project_id"],
    )
    return Recorded(
        event_id,
        fields["protocol_id"],
        Action(fields["action"]),
        fields["level"],
        fields["recorded_at"],
        False,
        lane=fields["lane"],
    )
