"""What a coder gets to see of one protocol is decided here, once, for page and fragment alike.

A card carries the model's suggestion only when the project's policy lets this coder see it now, and
making such a card records the disclosure in the same transaction. What is not on the card cannot be
leaked by a template.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Exposure, Lane, Origin
from cer_assist.services import history, labelling, protocols, queue
from cer_assist.services.history import SuggestionView
from cer_assist.services.label_events import Recorded
from cer_assist.services.models import current_version_id
from cer_assist.services.queue import Served
from cer_assist.store.tables import (
    CurrentLabel,
    Disclosure,
    LabelEvent,
    ModelVersion,
    Project,
    Protocol,
    Serving,
)
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed, ServingState

WORDS_PER_LEVEL = 8


@dataclass(frozen=True, slots=True)
class Card:
    """A protocol as one coder may see it at this moment."""

    protocol: Protocol
    reason: str
    latest: LabelEvent | None  # the coder's own newest event, which the next answer supersedes
    draft: LabelEvent | None  # the own answer whose note and marks the form starts from
    suggestion: SuggestionView | None
    is_reveal: bool = False  # the coder has just answered blind: keep or change

    @property
    def level(self) -> int | None:
        """The level this coder's answer stands at, if it stands."""
        return self.latest.level if self.latest else None


@dataclass(frozen=True, slots=True)
class ModelLine:
    """The version in use and what it learned from."""

    version: int
    label_count: int


_LATEST = (
    select(LabelEvent)
    .join(CurrentLabel, CurrentLabel.event_id == LabelEvent.id)
    .where(
        CurrentLabel.protocol_id == bindparam("protocol"),
        CurrentLabel.account_id == bindparam("account"),
        CurrentLabel.lane == Lane.coder,
    )
)
_IN_HAND = select(Serving.protocol_id, Serving.reason, Serving.suggestion_id).where(
    Serving.project_id == bindparam("project"),
    Serving.account_id == bindparam("account"),
    Serving.state == ServingState.open,
)
_LAST_SERVED = (
    select(Serving.suggestion_id)
    .where(
        Serving.protocol_id == bindparam("protocol"),
        Serving.account_id == bindparam("account"),
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
_MODEL_LINE = (
    select(ModelVersion.number, ModelVersion.label_count)
    .where(ModelVersion.project_id == bindparam("project"), ModelVersion.published_at.is_not(None))
    .order_by(ModelVersion.number.desc())
    .limit(1)
)
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
    protocol = session.get_one(Protocol, served.protocol_id)
    return _card(session, project, account_id, protocol, served.reason, served.suggestion_id)


def picked_card(
    session: Session,
    project: Project,
    account_id: int,
    protocol_id: int,
    strategy: str = queue.PICKED,
) -> Card:
    """A protocol the coder opened from a list, or comes back to.

    One that is answered already is shown without a serving: it is not waiting for this coder, and
    what they have open stays theirs.
    """
    protocol = protocols.find(session, project.id, protocol_id)
    where = {"project": project.id, "account": account_id, "protocol": protocol_id}
    in_hand = session.execute(_IN_HAND, where).first()
    if in_hand is not None and in_hand.protocol_id == protocol_id:
        reason, suggestion_id = in_hand.reason, in_hand.suggestion_id
    elif _stands(session.scalars(_LATEST, where).first()):
        reason = queue.REASONS[queue.PICKED]
        suggestion_id = session.execute(_LAST_SERVED, where).scalars().first()
    else:
        served: Served = queue.serve_picked(session, project, account_id, protocol_id, strategy)
        reason, suggestion_id = served.reason, served.suggestion_id
    return _card(session, project, account_id, protocol, reason, suggestion_id)


def after_answer(
    session: Session, project: Project, account_id: int, recorded: Recorded, dice: random.Random
) -> Card | None:
    """What follows an answer: the model's view of it, the protocol taken back, or the next one."""
    if recorded.action is Action.withdraw:
        return picked_card(session, project, account_id, recorded.protocol_id, queue.TAKEN_BACK)
    if recorded.action is Action.label and project.suggestion_policy == SuggestionPolicy.after:
        blind = session.execute(_ANSWERED_BLIND, {"event": recorded.event_id}).first()
        if blind is not None:
            card = _reveal(session, project, account_id, recorded.protocol_id, blind.suggestion_id)
            if card.suggestion is not None:
                return card
    return next_card(session, project, account_id, dice)


def to_take_back(session: Session, project_id: int, account_id: int) -> Recorded | None:
    """The own answer that undo takes back; imported labels were never given here."""
    event = labelling.last_answer(session, project_id, account_id)
    if event is None or event.origin != Origin.browser:
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
    """The published version's number and label count."""
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


def _stands(event: LabelEvent | None) -> bool:
    return event is not None and event.action == Action.label


def _reveal(
    session: Session, project: Project, account_id: int, protocol_id: int, suggestion_id: int | None
) -> Card:
    protocol = session.get_one(Protocol, protocol_id)
    return _card(session, project, account_id, protocol, "", suggestion_id, is_reveal=True)


def _card(
    session: Session,
    project: Project,
    account_id: int,
    protocol: Protocol,
    reason: str,
    suggestion_id: int | None,
    *,
    is_reveal: bool = False,
) -> Card:
    where = {"protocol": protocol.id, "account": account_id}
    latest = session.scalars(_LATEST, where).first()
    draft = latest
    if latest is not None and latest.action != Action.label:
        draft = session.get(LabelEvent, latest.supersedes_id) if latest.supersedes_id else None
    shown = None
    if _may_see(project, latest):
        shown = _disclosed(session, project, account_id, protocol.id, suggestion_id)
    # A blind answer that stands unconfirmed is asked about again when its protocol is opened again.
    is_open = is_reveal or _is_unconfirmed(project, latest)
    return Card(protocol, reason, latest, draft, shown, is_open and shown is not None)


def _may_see(project: Project, latest: LabelEvent | None) -> bool:
    if project.suggestion_policy == SuggestionPolicy.after:
        return _stands(latest)
    return project.suggestion_policy == SuggestionPolicy.shown


def _is_unconfirmed(project: Project, latest: LabelEvent | None) -> bool:
    asks = project.suggestion_policy == SuggestionPolicy.after
    return asks and _stands(latest) and latest is not None and latest.exposure == Exposure.blind


def _disclosed(
    session: Session, project: Project, account_id: int, protocol_id: int, served_id: int | None
) -> SuggestionView | None:
    """What was in force when the protocol was served, else what is now; recorded as seen."""
    suggestion_id = served_id or history.current_suggestion_id(session, project.id, protocol_id)
    view = history.suggestion_view(session, suggestion_id)
    if view is not None:
        history.disclose(session, protocol_id, account_id, Disclosed.suggestion, view.id)
    return view
