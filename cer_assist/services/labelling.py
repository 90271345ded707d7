"""Storing a label: one transaction appends the event, its audit entry and the retraining it causes.

The browser says what the coder did; what the coder had SEEN is looked up here, from disclosures the
server itself recorded, so that no form can claim a blind reading that was not one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
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
from cer_assist.domain.labels import OWN_LANES, Action, Lane, Origin
from cer_assist.domain.protocols import clean
from cer_assist.domain.rubric import Rubric
from cer_assist.services import (
    assignments,
    label_effects,
    own_lane,
    qualification,
    rubric_versions,
    unannounced,
)
from cer_assist.services.answer_state import AnswerState, answer_state
from cer_assist.services.label_events import Recorded, append_event, clean_seconds
from cer_assist.services.rubrics import rubric_version
from cer_assist.store.tables import (
    CurrentLabel,
    LabelEvent,
    Project,
    Serving,
)
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import is_among, now, table_of

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
    # What the coder read the protocol by; None, for who has no page: the one in use.
    rubric_version_id: int | None = None

    def sha256(self) -> str:
        """Equal requests have equal hashes: the same key must come with the same one."""
        said = asdict(self)
        if self.rubric_version_id is None:
            del said["rubric_version_id"]  # as requests were hashed before there was more than one
        body = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()


_REPEATED = select(
    LabelEvent.id,
    LabelEvent.protocol_id,
    LabelEvent.action,
    LabelEvent.level,
    LabelEvent.recorded_at,
    LabelEvent.request_sha256,
    LabelEvent.lane,
).where(LabelEvent.id == bindparam("event"))
_LANE_IN_HAND = (
    select(Serving.lane)
    .where(
        Serving.protocol_id == bindparam("protocol"),
        Serving.account_id == bindparam("account"),
        Serving.state == ServingState.open,
    )
    .scalar_subquery()
)
_CURRENT = select(CurrentLabel.event_id).where(
    CurrentLabel.protocol_id == bindparam("protocol"),
    CurrentLabel.account_id == bindparam("account"),
    CurrentLabel.lane == func.coalesce(_LANE_IN_HAND, own_lane.OWN_LANE),
)
_current, _serving = table_of(CurrentLabel), table_of(Serving)
_LAST = (
    select(LabelEvent)
    .join(_current, _current.c.event_id == LabelEvent.id)
    .where(
        _current.c.project_id == bindparam("project"),
        _current.c.account_id == bindparam("account"),
        is_among(_current.c.lane, OWN_LANES),
        _current.c.action != Action.withdraw,
        _current.c.protocol_id.is_distinct_from(unannounced.HIDDEN_IN_HAND),
    )
    .order_by(LabelEvent.id.desc())
    .limit(1)
)
_CLOSE_SERVING = (
    update(_serving)
    .where(_serving.c.id == bindparam("serving"))
    .values(state=ServingState.answered)
)


def record_label(
    session: Session, account_id: int, project: Project, request: LabelRequest
) -> Recorded:
    """Append a coder's event; the same key and body twice gives the first result."""
    key = request.idempotency_key
    met = project.id, request.protocol_id, account_id, key, request.supersedes_id
    state = answer_state(session, *met)
    if state is None:
        raise NotFound("This protocol is not part of the project.")
    if state.repeated_id is not None:
        known = session.execute(_REPEATED, {"event": state.repeated_id}).one()
        return _repeated(known, request)
    if state.serving_id is None and state.event_id is None:
        qualification.refuse(session, project, account_id)
    version_id, rubric = _read_by(session, project, request)
    evidence = _checked(request, rubric, state.text)
    _refuse_stale(state, request)
    pinned = {"rubric_version_id": version_id, "rubric_sha256": rubric.sha256}
    fields = pinned | _event_fields(account_id, project, request, state)
    recorded = append_event(session, fields | {"evidence": evidence})
    if state.serving_id is not None:
        session.execute(_CLOSE_SERVING, {"serving": state.serving_id})
    if state.lane == Lane.coder:
        label_effects.follow(session, project, request.protocol_id, request.action)
        assignments.follow(session, account_id, state, request.action, recorded)
    return replace(recorded, saw_suggestion=state.saw_suggestion, suggestion_id=state.suggestion_id)


def _repeated(known: Any, request: LabelRequest) -> Recorded:
    if known.request_sha256 != request.sha256():
        raise IdempotencyMismatch(
            "This key was already used for another answer. Reload the page and answer again."
        )
    action = Action(known.action)
    told = known.id, known.protocol_id, action, known.level, known.recorded_at
    return Recorded(*told, repeated=True, lane=known.lane)


def _read_by(session: Session, project: Project, request: LabelRequest) -> tuple[int, Rubric]:
    """The version that was on the coder's screen, even if the next one was published meanwhile."""
    version_id = request.rubric_version_id or project.rubric_version_id
    if not rubric_versions.was_in_use(session, project, version_id):
        raise InvalidInput("This page shows another rubric: reload it and answer again.")
    return version_id, rubric_version(session, version_id)


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


def _refuse_stale(state: AnswerState, request: LabelRequest) -> None:
    if state.event_id == request.supersedes_id:
        return
    stored = LabelVersion(None, None, "", "")
    if state.recorded_at is not None:
        at = state.recorded_at.isoformat().replace("+00:00", "Z")  # as the reply to it had it
        stored = LabelVersion(state.event_id, state.level, state.note or "", at)
    raise StaleLabel(
        "You have answered this protocol elsewhere since this page was opened. Choose which "
        "answer to keep.",
        stored,
        LabelVersion(None, request.level, request.note, ""),
    )


def _event_fields(
    account_id: int, project: Project, request: LabelRequest, state: AnswerState
) -> dict[str, Any]:
    return {
        "project_id": project.id,
        "protocol_id": request.protocol_id,
        "account_id": account_id,
        "lane": state.lane,
        "action": request.action.value,
        "level": request.level,
        "confidence": request.confidence,
        "note": clean(request.note),
        "exposure": state.exposure.value,
        "suggestion_id": state.suggestion_id,
        "serving_id": state.serving_id,
        "seconds": clean_seconds(request.seconds),
        "supersedes_id": request.supersedes_id,
        "idempotency_key": request.idempotency_key,
        "request_sha256": request.sha256(),
        "origin": request.origin.value,
        "recorded_at": now(),
        "made_at": None,
    }


def current_event_id(session: Session, protocol_id: int, account_id: int) -> int | None:
    """The coder's latest event on a protocol, which the next form supersedes.

    Of what they have open: a protocol that came back unannounced has none.
    """
    where = {"protocol": protocol_id, "account": account_id}
    return session.execute(_CURRENT, where).scalars().first()


def last_answer(session: Session, project_id: int, account_id: int) -> LabelEvent | None:
    """The coder's newest answer that still stands: what undo would take back.

    Never the first answer to a protocol that they have open again without knowing it.
    """
    where = {"project": project_id, "account": account_id}
    return session.scalars(_LAST, where).first()
