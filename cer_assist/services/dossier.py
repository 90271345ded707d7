"""What one person may see on a protocol's page, decided by pure functions in one place.

Whoever may still code a protocol gets others' answers only on request, and the request is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action
from cer_assist.services import (
    arms,
    fence,
    history,
    own_lane,
    protocol_history,
    suggestions,
    unannounced,
)
from cer_assist.services.suggestions import SuggestionView
from cer_assist.services.timeline_parts import Line
from cer_assist.store.tables import CurrentLabel, Project, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed


@dataclass(frozen=True, slots=True)
class Sight:
    """What is shown of a protocol's answers."""

    peers: bool
    suggestion: bool
    on_request: bool  # others' answers, or a coder's suggestion, can be asked for


@dataclass(frozen=True, slots=True)
class Dossier:
    """A protocol with everything this person gets to see of it."""

    protocol: Protocol
    sight: Sight
    my_level: int | None
    lines: list[Line]
    suggestion: SuggestionView | None


def sight(
    policy: SuggestionPolicy,
    role: Role,
    *,
    answered: bool,
    asked: bool,
    withheld: bool = False,
    without: bool = False,
) -> Sight:
    """Who sees what: coders by the project's policy, others' labels never; leads when done or on
    request; auditors, who do not code, at once. What is withheld nobody sees before an answer of
    their own whatever the policy, unless they ask. Who by lot goes without a suggestion sees it
    only on request, and a coder is not told that it can be asked for before they have answered."""
    at_once = policy is SuggestionPolicy.shown and not withheld and not without
    if role is Role.coder:
        may = policy is not SuggestionPolicy.hidden and answered
        shown = at_once or (may and (asked or not without))
        return Sight(peers=False, suggestion=shown, on_request=may and not shown)
    if role is Role.auditor or asked or (answered and not without):
        return Sight(peers=True, suggestion=True, on_request=False)
    return Sight(peers=False, suggestion=at_once, on_request=True)


def open_dossier(
    session: Session,
    project: Project,
    protocol: Protocol,
    account_id: int,
    role: Role,
    *,
    asked: bool,
) -> Dossier:
    """Gather a protocol's page; what it discloses is recorded first, for roles change."""
    # One that came unannounced looks like any other that is being read for the first time.
    is_hidden = unannounced.hidden_in_hand(session, project.id, account_id) == protocol.id
    mine = None if is_hidden else _level_of(session, protocol.id, account_id)
    # A complete protocol wants no reading that others' answers could sway.
    is_over = role is not Role.coder and protocol.coders_missing == 0 and not is_hidden
    seen = sight(
        SuggestionPolicy(project.suggestion_policy),
        role,
        answered=mine is not None or is_over,
        asked=asked,
        withheld=fence.is_withheld(session, protocol.id),
        without=is_hidden
        or (not is_over and _is_without(session, project, protocol, account_id, mine)),
    )
    suggestion = None
    if seen.suggestion:
        found = suggestions.current_suggestion_id(session, project.id, protocol.id)
        suggestion = suggestions.suggestion_view(session, found) if found else None
    _record(session, protocol, account_id, seen, suggestion)
    lots = seen.peers and (role is Role.auditor or mine is not None or is_over)
    lines = protocol_history.lines(
        session, project, protocol, account_id, peers=seen.peers, lots=lots
    )
    if is_hidden and not seen.peers:
        lines = [line for line in lines if line.kind == "served"][-1:]
    return Dossier(protocol, seen, mine, lines, suggestion)


def words_of(session: Session, dossier: Dossier, account_id: int) -> SuggestionView | None:
    """What the model says of a protocol, by whatever way it came, to who may see it.

    What was said on request is recorded as seen, as a suggestion is.
    """
    found, protocol = dossier.suggestion, dossier.protocol
    if not dossier.sight.suggestion or (found is not None and found.has_words):
        return found
    said = suggestions.view_on_request(session, protocol.project_id, protocol.id)
    if said is None:
        return found
    history.disclose(session, protocol.id, account_id, Disclosed.suggestion, said.id)
    return said


def _is_without(
    session: Session, project: Project, protocol: Protocol, account_id: int, mine: int | None
) -> bool:
    """Who has answered without being served, from the command line, never had a lot."""
    if mine is not None:
        return arms.is_without(session, protocol.id, account_id)
    return arms.may_be_without(session, project, protocol.id, account_id)


def _level_of(session: Session, protocol_id: int, account_id: int) -> int | None:
    return session.execute(
        select(CurrentLabel.level).where(
            CurrentLabel.protocol_id == protocol_id,
            CurrentLabel.account_id == account_id,
            CurrentLabel.lane == own_lane.find(session, protocol_id, account_id),
            CurrentLabel.action == Action.label,
        )
    ).scalar()


def _record(
    session: Session,
    protocol: Protocol,
    account_id: int,
    seen: Sight,
    suggestion: SuggestionView | None,
) -> None:
    if seen.peers:
        history.note_peer_view(session, protocol, account_id)
    if suggestion is not None:
        history.disclose(session, protocol.id, account_id, Disclosed.suggestion, suggestion.id)
