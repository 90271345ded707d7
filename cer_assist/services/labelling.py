"""Storing a label: one transaction appends the event, its audit entry and the retraining it causes.

The browser says what the coder did; what the coder had SEEN is looked up here, from disclosures the
server itself recorded, so that no form can claim a blind reading that was not one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.errors import (
    IdempotencyMismatch,
    InvalidInput,
    LabelVersion,
    NotFound,
    StaleLabel,
)
from cer_assist.domain.labels import Action, Exposure, Lane, Origin
from cer_assist.domain.protocols import clean
from cer_assist.domain.rubric import Rubric
from cer_assist.services import retraining
from cer_assist.services.label_events import Recorded, append_event, clean_seconds
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import (
    CurrentLabel,
    Disclosure,
    LabelEvent,
    Project,
    Protocol,
    Serving,
)
from cer_assist.store.tables.servings import Disclosed, ServingState
from cer_assist.store.types import now, table_of

MAX_NOTE = 4000
MAX_EVIDENCE = 50


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """What a coder did, as the browser or the command line says it."""

    protocol_id: int
    action: Action
    idempotency_key: str
    supersedes_id: int | None  # the coder's own event the form was filled in over
    level: int | None = None
    confidence: int | None = None
    evidence: tuple[tuple[int, int], ...] = ()  # code-point offsets into the text
    note: str = ""
    seconds: float | None = None
    origin: Origin = Origin.browser

    def sha256(self) -> str:
        """Equal requests have equal hashes: the same key must come with the same one."""
        body = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()


_REPEATED = select(
    LabelEvent.id,
    LabelEvent.protocol_id,
    LabelEvent.action,
    LabelEvent.level,
    LabelEvent.recorded_at,
    LabelEvent.request_sha256,
).where(
    LabelEvent.account_id == bindparam("account"), LabelEvent.idempotency_key == bindparam("key")
)
_CURRENT = (
    select(LabelEvent.id, LabelEvent.level, LabelEvent.note, LabelEvent.recorded_at)
    .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
    .where(
        CurrentLabel.protocol_id == bindparam("protocol"),
        CurrentLabel.account_id == bindparam("account"),
        CurrentLabel.lane == bindparam("lane"),
    )
)
_SEEN = (
    select(Disclosure.what, func.max(Disclosure.suggestion_id))
    .where(
        Disclosure.protocol_id == bindparam("protocol"),
        Disclosure.account_id == bindparam("account"),
    )
    .group_by(Disclosure.what)
)
_SERVING = (
    select(Serving.id, Serving.suggestion_id)
    .where(
        Serving.protocol_id == bindparam("protocol"),
        Serving.account_id == bindparam("account"),
    )
    .order_by(Serving.id.desc())
    .limit(1)
)
_PROTOCOL = (
    select(Protocol.id, Protocol.text, Protocol.coders_wanted)
    .where(Protocol.id == bindparam("protocol"), Protocol.project_id == bindparam("project"))
    # Not the key: others may meanwhile be served this protocol, which refers to it.
    .with_for_update(key_share=True)
)
_SET_MISSING = (
    update(table_of(Protocol))
    .where(table_of(Protocol).c.id == bindparam("protocol"))
    .values(coders_missing=bindparam("missing"))
)
_CLOSE_SERVING = (
    update(table_of(Serving))
    .where(table_of(Serving).c.id == bindparam("serving"))
    .values(state=ServingState.answered)
)
_READERS = (
    select(
        func.count().filter(CurrentLabel.lane == Lane.coder),
        func.count().filter(CurrentLabel.lane == Lane.final),
    )
    .select_from(CurrentLabel)
    .where(
        CurrentLabel.protocol_id == bindparam("protocol"),
        CurrentLabel.action == Action.label,
    )
)


def record_label(
    session: Session, account_id: int, project: Project, request: LabelRequest
) -> Recorded:
    """Append a coder's event; the same key and body twice gives the first result."""
    where = {"protocol": request.protocol_id, "project": project.id}
    protocol = session.execute(_PROTOCOL, where).first()
    if protocol is None:
        raise NotFound("This protocol is not part of the project.")
    # Behind the lock: of two that came at the same time the second must find the first.
    key = {"account": account_id, "key": request.idempotency_key}
    known = session.execute(_REPEATED, key).first()
    if known is not None:
        return _repeated(known, request)
    rubric = project_rubric(session, project)
    evidence = _checked(request, rubric, protocol.text)
    _refuse_stale(session, account_id, request)
    fields = _event_fields(session, account_id, project, rubric, request)
    recorded = append_event(session, fields | {"evidence": evidence})
    _settle(session, protocol.id, protocol.coders_wanted, fields["serving_id"])
    if request.action is not Action.skip:
        retraining.labels_changed(session, project)
    return recorded


def _repeated(known: Any, request: LabelRequest) -> Recorded:
    if known.request_sha256 != request.sha256():
        raise IdempotencyMismatch(
            "This key was already used for another answer. Reload the page and answer again."
        )
    return Recorded(
        known.id, known.protocol_id, Action(known.action), known.level, known.recorded_at, True
    )


def _checked(request: LabelRequest, rubric: Rubric, text: str) -> list[dict[str, Any]]:
    if (request.action is Action.label) != (request.level is not None):
        raise InvalidInput("Choose a level, or skip the protocol.")
    if request.level is not None:
        rubric.level(request.level)
    if request.confidence not in (None, 1, 2, 3):
        raise InvalidInput("Confidence is 1, 2 or 3.")
    if len(request.note) > MAX_NOTE:
        raise InvalidInput(f"The note is longer than {MAX_NOTE:,} characters: shorten it.")
    if not 8 <= len(request.idempotency_key) <= 80:
        raise InvalidInput("The answer carries no usable key: reload the page and answer again.")
    if len(request.evidence) > MAX_EVIDENCE:
        raise InvalidInput(f"More than {MAX_EVIDENCE} passages are marked: remove some.")
    for start, end in request.evidence:
        if not 0 <= start < end <= len(text):
            raise InvalidInput("A marked passage lies outside the text: mark it again.")
    return [
        {"start": start, "end": end, "quote": text[start:end]}
        for start, end in sorted(request.evidence)
    ]


def _refuse_stale(session: Session, account_id: int, request: LabelRequest) -> None:
    where = {"protocol": request.protocol_id, "account": account_id, "lane": Lane.coder}
    current = session.execute(_CURRENT, where).first()
    if (current.id if current else None) == request.supersedes_id:
        return
    stored = LabelVersion(None, None, "", "")
    if current is not None:
        at = current.recorded_at.isoformat(timespec="seconds")
        stored = LabelVersion(current.id, current.level, current.note, at)
    raise StaleLabel(
        "You have answered this protocol elsewhere since this page was opened. Choose which "
        "answer to keep.",
        stored,
        LabelVersion(None, request.level, request.note, ""),
    )


def _event_fields(
    session: Session, account_id: int, project: Project, rubric: Rubric, request: LabelRequest
) -> dict[str, Any]:
    where = {"protocol": request.protocol_id, "account": account_id}
    serving = session.execute(_SERVING, where).first()
    exposure, shown = _exposure(dict(session.execute(_SEEN, where).all()))
    return {
        "project_id": project.id,
        "protocol_id": request.protocol_id,
        "account_id": account_id,
        "lane": Lane.coder.value,
        "action": request.action.value,
        "level": request.level,
        "confidence": request.confidence,
        "note": clean(request.note),
        "rubric_version_id": project.rubric_version_id,
        "rubric_sha256": rubric.sha256,
        "exposure": exposure.value,
        # What the model said at that time, seen or not (exposure tells which).
        "suggestion_id": shown or (serving.suggestion_id if serving else None),
        "serving_id": serving.id if serving else None,
        "seconds": clean_seconds(request.seconds),
        "supersedes_id": request.supersedes_id,
        "idempotency_key": request.idempotency_key,
        "request_sha256": request.sha256(),
        "origin": request.origin.value,
        "recorded_at": now(),
        "made_at": None,
    }


def _exposure(seen: dict[str, int | None]) -> tuple[Exposure, int | None]:
    """What the coder had seen, and the suggestion if one was among it."""
    shown = seen.get(Disclosed.suggestion)
    if Disclosed.peer_label in seen:
        return Exposure.after_peer, shown
    return (Exposure.after_suggestion if Disclosed.suggestion in seen else Exposure.blind), shown


def _settle(session: Session, protocol_id: int, wanted: int, serving_id: int | None) -> None:
    readers, finals = session.execute(_READERS, {"protocol": protocol_id}).one()
    missing = 0 if finals else max(0, wanted - readers)
    session.execute(_SET_MISSING, {"protocol": protocol_id, "missing": missing})
    if serving_id is not None:
        session.execute(_CLOSE_SERVING, {"serving": serving_id})


def current_event_id(session: Session, protocol_id: int, account_id: int) -> int | None:
    """The coder's latest event on a protocol, which the next form supersedes."""
    where = {"protocol": protocol_id, "account": account_id, "lane": Lane.coder}
    row = session.execute(_CURRENT, where).first()
    return row.id if row else None


def last_answer(session: Session, project_id: int, account_id: int) -> LabelEvent | None:
    """The coder's newest answer that still stands: what undo would take back."""
    return session.scalars(
        select(LabelEvent)
        .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
        .where(CurrentLabel.project_id == project_id, CurrentLabel.account_id == account_id)
        .where(CurrentLabel.lane == Lane.coder, CurrentLabel.action != Action.withdraw)
        .order_by(LabelEvent.id.desc())
        .limit(1)
    ).first()
