"""Which protocols wait for an adjudicator, in which order, and for whom.

Only those whose readings are all in: of a protocol that someone may still be given, the list tells
nobody anything. Whoever is one of its readers is not told of it either, not even that there is one,
unless nobody else is there to settle it; and nobody is while they have it again unannounced.

How much the readings surprise the model is by the version in use, which is asked of them anew, or
until it has answered by the last one that was. None learns from a protocol whose readers differ;
one that learnt from a final level which was taken back does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain import adjudication
from cer_assist.domain.adjudication import Act, Track
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import explanations, unannounced
from cer_assist.services.models import current_version_id
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.standing import NEWEST_SUGGESTION, Said
from cer_assist.store.tables import (
    Account,
    Adjudication,
    CurrentLabel,
    Explanation,
    Membership,
    Project,
    Protocol,
    Suggestion,
)
from cer_assist.store.tables.accounts import LEADING
from cer_assist.store.types import table_of

PAGE = 50
ASKED_AT_ONCE = 100  # by a new version


@dataclass(frozen=True, slots=True)
class Dispute:
    """A protocol that waits."""

    protocol_id: int
    external_id: str
    title: str
    track: Track
    distance: int
    surprise: float | None  # None: no version was asked
    readers: int
    waiting: int  # readers who are to answer again
    is_party: bool
    proposed_by_me: bool  # the second adjudicator is awaited


@dataclass(frozen=True, slots=True)
class Docket:
    """What waits for one adjudicator, in order."""

    rows: list[Dispute] = field(default_factory=list)
    others_settle_mine: bool = False  # what this person has read is not on the list

    def on(self, track: Track) -> list[Dispute]:
        """Those of one track."""
        return [one for one in self.rows if one.track is track]

    @property
    def to_do(self) -> list[Dispute]:
        """Those that this adjudicator can do something about now."""
        idle = Track.sent_back
        return [one for one in self.rows if one.track is not idle and not one.proposed_by_me]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the list and how many there are in all."""

    rows: Sequence[Dispute]
    total: int
    page: int
    pages: int


_label = table_of(CurrentLabel)
_final = _label.alias("final")
IS_SETTLED: ColumnElement[bool] = exists().where(
    _final.c.protocol_id == Protocol.id,
    _final.c.lane == Lane.final,
    _final.c.action == Action.label,
)


def docket(session: Session, project: Project, account_id: int) -> Docket:
    """Everything that waits in a project, as this adjudicator gets to see it."""
    leaders = leading(session, project.id)
    said, last = _readings(session, project, account_id), _last_acts(session, project)
    proposers = _proposers(session, project)
    surprised = _suggested(session, project)
    lowest = project_rubric(session, project).scale[0]
    found = []
    for (key, name, title), readings in said.items():
        coders = [one.account_id for one in readings]
        if not adjudication.may_settle(account_id, coders, leaders, project.adjudicators):
            continue
        levels = [one.level for one in readings]
        act = last.get(key)
        waiting = _waiting(act, readings)
        probabilities = surprised.get(key)
        found.append(
            Dispute(
                key,
                name,
                title,
                adjudication.track_of(levels, is_sent_back=waiting > 0),
                max(levels) - min(levels),
                adjudication.surprise(probabilities, lowest, levels) if probabilities else None,
                len(readings),
                waiting,
                account_id in coders,
                proposers.get((key, max(one.event_id for one in readings))) == {account_id},
            )
        )
    found.sort(key=lambda one: adjudication.urgency(one.distance, one.surprise, one.protocol_id))
    return Docket(found, len(leaders - {account_id}) >= project.adjudicators)


def ask_model(session: Session, project_id: int) -> None:
    """Have the version in use say what it makes of protocols that wait; for one fitted anew."""
    version_id = current_version_id(session, project_id)
    if version_id is None:
        return
    project = session.get_one(Project, project_id)
    has_said = exists().where(
        Suggestion.model_version_id == version_id, Suggestion.protocol_id == Protocol.id
    )
    was_asked = exists().where(
        Explanation.model_version_id == version_id, Explanation.protocol_id == Protocol.id
    )
    statement = select(Protocol.id).where(
        Protocol.id.in_(waiting_ids(project)), ~has_said, ~was_asked
    )
    for protocol_id in session.scalars(statement.order_by(Protocol.id).limit(ASKED_AT_ONCE)).all():
        explanations.ask(session, project_id, version_id, protocol_id)


def page_of(rows: Sequence[Dispute], page: int) -> Page:
    """A page of them."""
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(1, page), pages)
    return Page(rows[(page - 1) * PAGE : page * PAGE], len(rows), page, pages)


def leading(session: Session, project_id: int) -> set[int]:
    """Who may adjudicate in a project, as far as their account is in use."""
    statement = select(Membership.account_id).join(Account, Account.id == Membership.account_id)
    return set(
        session.scalars(
            statement.where(
                Membership.project_id == project_id,
                Membership.role.in_(LEADING),
                Account.disabled_at.is_(None),
            )
        )
    )


def waiting_ids(project: Project) -> Select[int]:
    """Protocols with all their readings and no final level, where these differ if agreed ones
    count by themselves."""
    statement = (
        select(CurrentLabel.protocol_id)
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .where(
            CurrentLabel.project_id == project.id,
            CurrentLabel.lane == Lane.coder,
            CurrentLabel.action == Action.label,
            Protocol.coders_missing == 0,
            ~IS_SETTLED,
        )
        .group_by(CurrentLabel.protocol_id)
        .having(func.count() > 1)
    )
    if project.accepts_agreed:
        differ = func.min(CurrentLabel.level) != func.max(CurrentLabel.level)
        return statement.having(differ)
    return statement


def _readings(
    session: Session, project: Project, account_id: int
) -> dict[tuple[int, str, str], list[Said]]:
    hidden = unannounced.hidden_in_hand(session, project.id, account_id)
    rows = session.execute(
        select(
            Protocol.id,
            Protocol.external_id,
            Protocol.title,
            CurrentLabel.account_id,
            CurrentLabel.event_id,
            CurrentLabel.level,
        )
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .where(
            CurrentLabel.protocol_id.in_(waiting_ids(project)),
            CurrentLabel.protocol_id.is_distinct_from(hidden),
            CurrentLabel.lane == Lane.coder,
            CurrentLabel.action == Action.label,
        )
        .order_by(Protocol.id, CurrentLabel.event_id)
    )
    found: dict[tuple[int, str, str], list[Said]] = {}
    for key, name, title, account, event, level in rows:
        if level is not None:
            found.setdefault((key, name, title), []).append(Said(account, event, level))
    return found


def _last_acts(session: Session, project: Project) -> dict[int, Adjudication]:
    newest = select(func.max(Adjudication.id)).where(Adjudication.project_id == project.id)
    acts = select(Adjudication).where(
        Adjudication.id.in_(newest.group_by(Adjudication.protocol_id))
    )
    return {act.protocol_id: act for act in session.scalars(acts)}


def _suggested(session: Session, project: Project) -> dict[int, list[float]]:
    newest = NEWEST_SUGGESTION.where(Suggestion.protocol_id.in_(waiting_ids(project)))
    rows = session.execute(
        select(Suggestion.protocol_id, Suggestion.probabilities).where(
            Suggestion.id.in_(newest.group_by(Suggestion.protocol_id))
        )
    )
    asked = session.execute(
        select(Explanation.protocol_id, Explanation.said)
        .where(Explanation.model_version_id == current_version_id(session, project.id))
        .where(Explanation.protocol_id.in_(waiting_ids(project)), Explanation.said.is_not(None))
    )
    said = {key: whole["probabilities"] for key, whole in asked if not whole["has_learnt"]}
    return dict(rows.all()) | said


def _waiting(act: Adjudication | None, readings: Sequence[Said]) -> int:
    if act is None or act.act != Act.send_back:
        return 0
    return sum(one.event_id <= act.newest for one in readings)


def _proposers(session: Session, project: Project) -> dict[tuple[int, int], set[int]]:
    """Who has proposed a level, by protocol and the newest answer that it was over."""
    rows = session.execute(
        select(Adjudication.protocol_id, Adjudication.newest, Adjudication.account_id).where(
            Adjudication.project_id == project.id, Adjudication.act == Act.propose
        )
    )
    found: dict[tuple[int, int], set[int]] = {}
    for protocol_id, newest, account_id in rows:
        found.setdefault((protocol_id, newest), set()).add(account_id)
    return found
