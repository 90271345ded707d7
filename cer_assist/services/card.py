"""What a coder gets to see of one protocol is decided here, once, for page and fragment alike.

A card carries the model's suggestion only when the project's policy lets this coder see it now, and
making such a card records the disclosure in the same transaction. What is not on the card cannot be
leaked by a template.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import NotFound
from cer_assist.domain.labels import Action, Exposure, Lane
from cer_assist.services import arms, explanations, fence, history, suggestions
from cer_assist.services.suggestions import SuggestionView
from cer_assist.store.tables import CurrentLabel, LabelEvent, Project, Protocol
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import table_of


@dataclass(frozen=True, slots=True)
class Text:
    """A protocol as it is read."""

    id: int
    external_id: str
    title: str
    sections: list[list[Any]]  # [[name, start, end], …] in code points of text
    text: str


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """Something the coder did with a protocol."""

    id: int
    action: str
    level: int | None
    confidence: int | None
    evidence: list[dict[str, Any]]
    note: str
    exposure: str
    supersedes_id: int | None
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """A protocol and where this coder stands with it."""

    protocol: Text
    latest: OwnEvent | None  # the coder's newest event, which the next answer supersedes
    lane: str = Lane.coder  # of all that is shown of the coder's own

    @property
    def is_answered(self) -> bool:
        """Whether a level of this coder stands."""
        return self.latest is not None and self.latest.action == Action.label


@dataclass(frozen=True, slots=True)
class Card:
    """A protocol as one coder may see it at this moment."""

    protocol: Text
    reason: str
    latest: OwnEvent | None
    draft: OwnEvent | None  # the own answer whose note and marks the form starts from
    suggestion: SuggestionView | None
    # The coder has just answered blind, or is asked to read it again: keep or change.
    is_reveal: bool = False
    sent_back: str | None = None  # why an adjudicator wants it read again
    is_without: bool = False  # answered, and by lot there is no suggestion

    @property
    def level(self) -> int | None:
        """The level this coder's answer stands at, if it stands."""
        return self.latest.level if self.latest else None


_protocol, _current, _event = table_of(Protocol), table_of(CurrentLabel), table_of(LabelEvent)
_own = [_event.c[name] for name in OwnEvent.__slots__]
_READ = (
    select(*(_protocol.c[name] for name in Text.__slots__), *_own)
    .select_from(_protocol)
    .outerjoin(
        _current,
        (_current.c.protocol_id == _protocol.c.id)
        & (_current.c.account_id == bindparam("account"))
        & (_current.c.lane == bindparam("lane")),
    )
    .outerjoin(_event, _event.c.id == _current.c.event_id)
    .where(_protocol.c.id == bindparam("protocol"), _protocol.c.project_id == bindparam("project"))
)
_OWN = select(*_own).where(_event.c.id == bindparam("event"))


def read(
    session: Session, project_id: int, account_id: int, protocol_id: int, lane: str = Lane.coder
) -> Reading:
    """A protocol of the project with the coder's latest event on it in that lane."""
    where = {"project": project_id, "account": account_id, "protocol": protocol_id, "lane": lane}
    row = session.execute(_READ, where).first()
    if row is None:
        raise NotFound("This protocol is not part of the project.")
    shown = len(Text.__slots__)
    latest = OwnEvent(*row[shown:]) if row[shown] is not None else None
    return Reading(Text(*row[:shown]), latest, lane)


def make_card(
    session: Session,
    project: Project,
    account_id: int,
    found: Reading,
    reason: str,
    suggestion_id: int | None,
    *,
    is_reveal: bool = False,
    is_again: bool = False,
) -> Card:
    """The card of a protocol; a suggestion that is on it is recorded as seen."""
    draft = found.latest
    if draft is not None and draft.action != Action.label:
        row = session.execute(_OWN, {"event": draft.supersedes_id}).first()
        draft = OwnEvent(*row) if row else None
    shown, may_see = None, _may_see(session, project, found)
    is_without = may_see and arms.is_without(session, found.protocol.id, account_id)
    if may_see and not is_without:
        shown = _disclosed(session, project, account_id, found.protocol.id, suggestion_id)
    # A blind answer that stands unconfirmed is asked about again when its protocol is opened again.
    is_open = is_reveal or _is_unconfirmed(project, found)
    return Card(
        found.protocol,
        reason,
        found.latest,
        draft,
        shown,
        (is_open and shown is not None) or (is_again and found.is_answered),
        is_without=is_without and found.is_answered,
    )


def _may_see(session: Session, project: Project, found: Reading) -> bool:
    """By the project's policy, whatever the lot says; never of what came unannounced."""
    if project.suggestion_policy == SuggestionPolicy.hidden or found.lane == Lane.retest:
        return False
    if found.is_answered:
        return True
    is_shown = project.suggestion_policy == SuggestionPolicy.shown and found.lane == Lane.coder
    return is_shown and not fence.is_withheld(session, found.protocol.id)


def _is_unconfirmed(project: Project, found: Reading) -> bool:
    if project.suggestion_policy != SuggestionPolicy.after or not found.is_answered:
        return False
    return found.latest is not None and found.latest.exposure == Exposure.blind


def _disclosed(
    session: Session, project: Project, account_id: int, protocol_id: int, served_id: int | None
) -> SuggestionView | None:
    """What was in force when the protocol was served, else what is now; recorded as seen."""
    suggestion_id = served_id or suggestions.current_suggestion_id(session, project.id, protocol_id)
    view = suggestions.suggestion_view(session, suggestion_id)
    if view is not None:
        if not view.has_words:
            explanations.ask(session, project.id, view.version_id, protocol_id)
        history.disclose(session, protocol_id, account_id, Disclosed.suggestion, view.id)
    return view
