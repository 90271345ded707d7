"""A word of the model in the sentences it stands in, without telling anyone another coder's level.

A protocol under a level says what level it has. So everyone gets those that they gave that level
themselves; who sees others' labels also gets those that want no more reading, and that is recorded
before it is shown. Texts are searched first, so that no coder's save waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import SHOWN_LANES, Action
from cer_assist.services import history, training_data, unannounced
from cer_assist.store.tables import CurrentLabel, Project, Protocol
from cer_assist.store.tables.accounts import Role

MOST = 30
AROUND = 90  # code points on each side


@dataclass(frozen=True, slots=True)
class Context:
    """One place of a word; at most one is given for each protocol."""

    protocol_id: int
    external_id: str
    before: str
    word: str
    after: str
    is_others: bool  # its level is not known from this person's own label


def contexts(
    session: Session, project: Project, account_id: int, role: Role, level: int, word: str
) -> list[Context]:
    """Places of a word in protocols of a level that this person may know to have it."""
    wanted = _whole_word(word)
    mine = _own(session, project.id, account_id, level)
    settled = _settled(session, project.id, level) if history.sees_peers(role) else set()
    rows = select(Protocol).where(Protocol.id.in_(mine | settled)).order_by(Protocol.id)
    found = []
    for protocol in session.scalars(rows).yield_per(50):
        place = wanted.search(protocol.text)
        if place is None:
            continue
        found.append(_context(protocol, place.start(), place.end(), protocol.id not in mine))
        if len(found) == MOST:
            break
    return found


def note_views(session: Session, account_id: int, found: Sequence[Context]) -> None:
    """Record that this person is shown others' levels."""
    for place in found:
        if place.is_others:
            protocol = session.get_one(Protocol, place.protocol_id)
            history.note_peer_view(session, protocol, account_id)


def _whole_word(word: str) -> regex.Pattern[str]:
    return regex.compile(rf"(?<!\w){regex.escape(word)}(?!\w)", regex.IGNORECASE | regex.FULLCASE)


def _own(session: Session, project_id: int, account_id: int, level: int) -> set[int]:
    found = select(CurrentLabel.protocol_id).where(
        CurrentLabel.project_id == project_id,
        CurrentLabel.account_id == account_id,
        CurrentLabel.lane.in_(SHOWN_LANES),
        CurrentLabel.action == Action.label,
        CurrentLabel.level == level,
    )
    # What came back to them unannounced is not known as theirs while they have it open.
    return set(session.scalars(found)) - {
        unannounced.hidden_in_hand(session, project_id, account_id)
    }


def _settled(session: Session, project_id: int, level: int) -> set[int]:
    settled = training_data.settled_levels(session, project_id)
    return {at for at, found in settled.items() if found == level}


def _context(protocol: Protocol, start: int, end: int, is_others: bool) -> Context:
    text = protocol.text
    low, high = max(0, start - AROUND), min(len(text), end + AROUND)
    before, after = text[low:start], text[end:high]
    return Context(
        protocol.id,
        protocol.external_id,
        ("… " if low else "") + before,
        text[start:end],
        after + (" …" if high < len(text) else ""),
        is_others,
    )
