"""What a coder reads next: an answer brings the model's view of it, or the next protocol."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import NotQualified
from cer_assist.domain.labels import SHOWN_LANES, Action, Lane, Origin
from cer_assist.domain.serving import ASKED_AGAIN, PICKED, REASONS, SENT_BACK, TAKEN_BACK
from cer_assist.services import (
    arms,
    card,
    labelling,
    own_lane,
    qualification,
    queue,
    queue_assigned,
    sent_back,
)
from cer_assist.services.card import Card, Reading, make_card
from cer_assist.services.label_events import Recorded
from cer_assist.services.models import IN_USE, current_version_id
from cer_assist.store.tables import (
    CurrentLabel,
    Disclosure,
    LabelEvent,
    ModelVersion,
    Project,
    Serving,
)
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed, ServingState
from cer_assist.store.types import table_of

WORDS_PER_LEVEL = 8


@dataclass(frozen=True, slots=True)
class ModelLine:
    """The version in use and what it learned from."""

    version: int
    label_count: int


_IN_HAND = select(
    Serving.protocol_id, Serving.strategy, Serving.reason, Serving.suggestion_id, Serving.lane
).where(
    Serving.project_id == bindparam("project"),
    Serving.account_id == bindparam("account"),
    Serving.state == ServingState.open,
)
_LAST_SERVED = (
    select(Serving.suggestion_id)
    .where(
        Serving.protocol_id == bindparam("protocol"),
        Serving.account_id == bindparam("account"),
        Serving.lane == Lane.coder,
    )
    .order_by(Serving.id.desc())
    .limit(1)
)


_SEEN_BEFORE = exists().where(
    Disclosure.protocol_id == LabelEvent.protocol_id,
    Disclosure.account_id == LabelEvent.account_id,
    Disclosure.what == Disclosed.suggestion,
    Disclosure.at < LabelEvent.recorded_at,
)
# Only an answer that still stands and was made without having seen a suggestion is followed by one.
_ANSWERED_BLIND = (
    select(LabelEvent.suggestion_id)
    .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
    .where(LabelEvent.id == bindparam("event"), ~_SEEN_BEFORE)
)
_version = table_of(ModelVersion)
_MODEL_LINE = select(_version.c.number, _version.c.label_count).where(_version.c.id == IN_USE)
_BY_KEY = select(
    LabelEvent.id,
    LabelEvent.protocol_id,
    LabelEvent.action,
    LabelEvent.level,
    LabelEvent.recorded_at,
).where(
    LabelEvent.project_id == bindparam("project"),
    LabelEvent.account_id == bindparam("account"),
    LabelEvent.idempotency_key == bindparam("key"),
)


def next_card(
    session: Session, project: Project, account_id: int, dice: random.Random
) -> Card | None:
    """The protocol to read now; None when nothing is left for this coder."""
    served = queue.serve_next(session, project, account_id, dice)
    if served is None:
        return None
    found = card.read(session, project.id, account_id, served.protocol_id, served.lane)
    return _card(session, project, account_id, found, served)


def picked_card(
    session: Session,
    project: Project,
    account_id: int,
    protocol_id: int,
    strategy: str = PICKED,
    dice: random.Random = arms.DICE,
    lane: str = Lane.coder,
) -> Card:
    """A protocol the coder opened from a list, or comes back to.

    One that is answered already is shown without a serving: it is not waiting for this coder, and
    what they have open stays theirs.
    """
    where = {"project": project.id, "account": account_id, "protocol": protocol_id}
    in_hand = session.execute(_IN_HAND, where).first()
    if in_hand is not None and in_hand.protocol_id == protocol_id:
        found = card.read(session, project.id, account_id, protocol_id, in_hand.lane)
        return _card(session, project, account_id, found, in_hand)
    if lane == Lane.coder and not queue_assigned.asked_of(session, protocol_id, account_id):
        lane = own_lane.find(session, protocol_id, account_id)
    found = card.read(session, project.id, account_id, protocol_id, lane)
    if found.is_answered and not queue_assigned.asked_of(session, protocol_id, account_id):
        suggestion_id = session.execute(_LAST_SERVED, where).scalars().first()
        return make_card(session, project, account_id, found, REASONS[PICKED], suggestion_id)
    if found.latest is None:
        qualification.refuse(session, project, account_id)
    served = queue.serve_picked(session, project, account_id, protocol_id, strategy, dice, lane)
    return _card(session, project, account_id, found, served)


def _card(session: Session, project: Project, account_id: int, found: Reading, served: Any) -> Card:
    """The card of a protocol that the coder has open; what was sent back comes with the reason."""
    again = found.is_answered and served.strategy in ASKED_AGAIN
    given = served.reason, served.suggestion_id
    made = make_card(session, project, account_id, found, *given, is_again=again)
    if served.strategy != SENT_BACK:
        return made
    said = sent_back.tell(session, account_id, made.protocol.id)
    return replace(made, sent_back=said)


def after_answer(
    session: Session, project: Project, account_id: int, recorded: Recorded, dice: random.Random
) -> Card | None:
    """What follows an answer: the model's view of it, the protocol taken back, or the next one."""
    if recorded.action is Action.withdraw:
        back = recorded.protocol_id, TAKEN_BACK, dice, recorded.lane
        return picked_card(session, project, account_id, *back)
    reveals = project.suggestion_policy == SuggestionPolicy.after and recorded.lane in SHOWN_LANES
    if recorded.action is Action.label and reveals:
        revealed = _reveal(session, project, account_id, recorded)
        if revealed is not None and revealed.suggestion is not None:
            return revealed
    try:
        return next_card(session, project, account_id, dice)
    except NotQualified:  # the answer stands, and nothing follows it until they have
        return None


def to_take_back(session: Session, project_id: int, account_id: int) -> Recorded | None:
    """The own answer that undo takes back; imported labels were never given here."""
    event = labelling.last_answer(session, project_id, account_id)
    if event is None or event.origin == Origin.imported:
        return None
    action = Action(event.action)
    return Recorded(event.id, event.protocol_id, action, event.level, event.recorded_at, True)


def stored_answer(session: Session, project_id: int, account_id: int, key: str) -> Recorded | None:
    """What was stored under this coder's idempotency key, if anything."""
    where = {"project": project_id, "account": account_id, "key": key}
    row = session.execute(_BY_KEY, where).first()
    if row is None:
        return None
    action = Action(row.action)
    return Recorded(row.id, row.protocol_id, action, row.level, row.recorded_at, True)


def model_line(session: Session, project_id: int) -> ModelLine | None:
    """The number of the version in use and its label count."""
    row = session.execute(_MODEL_LINE, {"project": project_id}).first()
    return ModelLine(row.number, row.label_count) if row else None


def level_words(session: Session, project_id: int) -> dict[str, list[str]]:
    """Per level the words the model weighs most, the heaviest first."""
    version_id = current_version_id(session, project_id)
    words = session.execute(
        select(ModelVersion.words).where(ModelVersion.id == version_id)
    ).scalar()
    return {
        level: [str(item["word"]) for item in items[:WORDS_PER_LEVEL]]
        for level, items in (words or {}).items()
    }


def _reveal(session: Session, project: Project, account_id: int, recorded: Recorded) -> Card | None:
    """The model's view of an answer that was made without having seen it."""
    suggestion_id, is_blind = recorded.suggestion_id, recorded.saw_suggestion is False
    if recorded.repeated:
        stored = session.execute(_ANSWERED_BLIND, {"event": recorded.event_id}).first()
        suggestion_id, is_blind = stored.suggestion_id if stored else None, stored is not None
    if not is_blind:
        return None
    found = card.read(session, project.id, account_id, recorded.protocol_id, recorded.lane)
    return make_card(session, project, account_id, found, "", suggestion_id, is_reveal=True)
