"""One disputed protocol as its adjudicator sees it; whoever opens it is recorded to have seen it.

Coders are A, B, … in an order drawn for each protocol and adjudicator, so that neither name nor
place sways anyone.
"""

from __future__ import annotations

import datetime as dt
import string
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Reason, Track, in_drawn_order, surprise, track_of
from cer_assist.domain.errors import NotReady
from cer_assist.services import adjudicating, history, protocols, standing, suggestions
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.standing import Final, Said
from cer_assist.services.suggestions import SuggestionView
from cer_assist.store.tables import Account, Adjudication, LabelEvent, Project, Protocol
from cer_assist.store.tables.servings import Disclosed


@dataclass(frozen=True, slots=True)
class Voice:
    """A coder's answer without the coder's name."""

    letter: str
    event_id: int
    level: int
    confidence: int | None
    note: str
    evidence: list[dict[str, Any]]  # [{start, end, quote}]; an imported quote may have no place
    exposure: str
    is_mine: bool
    is_awaited: bool  # sent back and not answered again


@dataclass(frozen=True, slots=True)
class ActLine:
    """What adjudicators did before."""

    at: dt.datetime
    by: str
    act: Act
    level: int | None
    reason: Reason | None
    note: str
    is_party: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A protocol to be settled, or that was."""

    protocol: Protocol
    voices: list[Voice]
    track: Track
    final: Final | None
    acts: list[ActLine]
    suggestion: SuggestionView | None
    surprise: float | None
    proposed: int | None  # by this adjudicator, awaiting another
    others_proposed: list[int]  # shown to who has proposed, too

    @property
    def between(self) -> list[int]:
        """What a decision on this page is made between."""
        return sorted(voice.event_id for voice in self.voices)


def open_case(session: Session, project: Project, account_id: int, protocol_id: int) -> Case:
    """A protocol with its answers; they are recorded as seen."""
    protocol = protocols.find(session, project.id, protocol_id)
    said = standing.readings_for(session, project.id, protocol_id, account_id)
    if protocol.coders_missing or len(said) < 2:
        raise NotReady("This protocol waits for readers, so there is nothing to settle yet.")
    final = standing.final_of(session, protocol_id)
    if final is None:
        adjudicating.allow(session, project, account_id, said)
    last = standing.last_act(session, protocol_id)
    history.note_peer_view(session, protocol, account_id)
    shown = _suggestion(session, project.id, protocol_id, account_id)
    proposed = standing.proposals(session, protocol_id, said)
    mine = proposed.pop(account_id, None)
    levels = [one.level for one in said]
    lowest = project_rubric(session, project).scale[0]
    sent_back = _sent_back(last)
    return Case(
        protocol,
        _voices(session, protocol_id, account_id, said, sent_back),
        track_of(levels, is_sent_back=any(one.event_id <= sent_back for one in said)),
        final,
        _acts(session, protocol_id, account_id, is_blind=mine is None and final is None),
        shown,
        surprise(shown.probabilities, lowest, levels) if shown else None,
        mine,
        sorted(proposed.values()) if mine is not None else [],
    )


def _sent_back(last: Adjudication | None) -> int:
    """The newest answer that was sent back, 0 where none is."""
    return last.newest if last is not None and last.act == Act.send_back else 0


def _suggestion(
    session: Session, project_id: int, protocol_id: int, account_id: int
) -> SuggestionView | None:
    """What the version in use made of it when asked, else the last one; recorded as seen."""
    found = suggestions.view_on_request(session, project_id, protocol_id)
    if found is None or found.has_learnt:
        newest = standing.newest_suggestion_id(session, protocol_id)
        found = suggestions.suggestion_view(session, newest)
    if found is not None:
        history.disclose(session, protocol_id, account_id, Disclosed.suggestion, found.id)
    return found


def _voices(
    session: Session, protocol_id: int, account_id: int, said: list[Said], sent_back: int
) -> list[Voice]:
    ids = {one.account_id: one.event_id for one in said}
    rows = session.scalars(select(LabelEvent).where(LabelEvent.id.in_(ids.values())))
    events = {event.account_id: event for event in rows}
    voices = []
    for letter, coder in zip(
        string.ascii_uppercase, in_drawn_order(protocol_id, account_id, ids), strict=False
    ):
        event = events[coder]
        if event.level is None:
            raise TypeError(f"label event {event.id} stands without a level")
        voices.append(
            Voice(
                letter,
                event.id,
                event.level,
                event.confidence,
                event.note,
                event.evidence,
                event.exposure,
                coder == account_id,
                event.id <= sent_back,
            )
        )
    return voices


def _acts(session: Session, protocol_id: int, account_id: int, *, is_blind: bool) -> list[ActLine]:
    """What was done, oldest first; another's proposal is hidden from who has not made one."""
    rows = session.execute(
        select(Adjudication, Account.display_name)
        .join(Account, Account.id == Adjudication.account_id)
        .where(Adjudication.protocol_id == protocol_id)
        .order_by(Adjudication.id)
    )
    return [
        ActLine(
            act.recorded_at,
            name,
            Act(act.act),
            act.level,
            Reason(act.reason) if act.reason else None,
            act.note,
            act.is_party,
        )
        for act, name in rows
        if not (is_blind and act.act == Act.propose and act.account_id != account_id)
    ]
