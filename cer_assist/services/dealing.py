"""What may be dealt to coders is read here; `domain.dealing` decides who gets it.

Looked at first, then stored: both deal by the same seed, so what was looked at is what is stored,
but for protocols that someone has meanwhile taken. Nothing that a model says is read. Protocols of
the fenced sample are dealt like any others, and no number here is of so few that it would tell one.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.dealing import By, Candidate, Coder, deal
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import assignments, audit, queue, queue_wishes, studies
from cer_assist.services.queue_wishes import IS_HELD
from cer_assist.store.tables import (
    Account,
    Assignment,
    CurrentLabel,
    Membership,
    Project,
    Protocol,
    Serving,
)
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.servings import ServingState
from cer_assist.store.types import now

DEALT = "assignment.dealt"
MOST_EACH = 10_000
MOST_STRATA = 40  # a column with more values names protocols rather than kinds of them
FEWEST_SHOWN = 5  # protocols of a stratum: a number of fewer could tell of one what it wants
NO_VALUE, SMALL_ONES = "without one", "smaller ones together"


@dataclass(frozen=True, slots=True)
class Batch:
    """What a lead wants dealt."""

    coders: tuple[int, ...]
    by: By = By.random
    each: int | None = None  # at most; None: as many as there are
    column: str = ""  # of the protocols' details: the strata
    names: tuple[str, ...] = ()  # ids of the protocols, by hand
    due_on: dt.date | None = None
    note: str = ""
    seed: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Share:
    """What one coder gets."""

    account_id: int
    name: str
    dealt: int
    known: int  # of these, how many speak of what they know
    strata: dict[str, int]


@dataclass(frozen=True, slots=True)
class Deal:
    """What a batch comes to."""

    pairs: list[tuple[int, int]]  # (protocol, coder)
    shares: list[Share]
    strata: list[str]  # as shown; empty unless dealt by stratum
    protocols: int
    wanted: int  # readers that were wanted and promised to nobody
    left: int  # of these, how many still are


def look(session: Session, project: Project, batch: Batch) -> Deal:
    """What would be dealt."""
    _check(session, project, batch)
    tags = {key: tags for key, (_, tags) in _people(session, project.id, batch.coders).items()}
    if batch.by is By.tags and not any(tags.values()):
        raise InvalidInput("None of these coders has a tag yet: write down what they know first.")
    candidates = _candidates(session, project.id, batch, tags)
    room = MOST_EACH if batch.each is None else batch.each
    coders = [Coder(key, room) for key in batch.coders]
    pairs = deal(candidates, coders, batch.by, batch.seed)
    return _told(session, project.id, batch, candidates, pairs)


def store(session: Session, project: Project, batch: Batch, by: int | None) -> Deal:
    """Deal, so that each coder finds their share at the start of their work."""
    queue.take_turns(session, project.id)
    found = look(session, project, batch)
    if not found.pairs:
        raise InvalidInput(
            "There is nothing to deal: every protocol has its readers, is promised to someone, or "
            "was answered by these coders."
        )
    assignments.ask_all(
        session,
        project,
        found.pairs,
        AssignmentKind.assigned,
        note=batch.note,
        due_on=batch.due_on,
        by=by,
    )
    detail = {
        "by": str(batch.by),
        "column": batch.column,
        "each": batch.each,
        "due_on": batch.due_on.isoformat() if batch.due_on else None,
        "seed": batch.seed,
        "coders": {str(share.account_id): share.dealt for share in found.shares},
        **assignments.told_of(found.pairs),
    }
    entry = audit.Entry(DEALT, f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
    return found


def columns(session: Session, project_id: int) -> list[str]:
    """Details of the protocols that have few enough values to deal by."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for (details,) in session.execute(
        select(Protocol.details).where(Protocol.project_id == project_id)
    ):
        for name, value in details.items():
            values[name].add(value)
    return sorted(name for name, found in values.items() if 2 <= len(found) <= MOST_STRATA)


def _check(session: Session, project: Project, batch: Batch) -> None:
    assignments.require_coders(session, project, batch.coders)
    if batch.each is not None and not 1 <= batch.each <= MOST_EACH:
        raise InvalidInput(f"“How many each” lies between 1 and {MOST_EACH:,}.")
    if batch.due_on is not None and batch.due_on < now().date():
        raise InvalidInput("The due date has passed: choose today or a later day.")
    if batch.by is By.stratum and batch.column not in columns(session, project.id):
        raise InvalidInput(
            f"Choose a column to deal by that has 2 to {MOST_STRATA} different values."
        )


def _people(
    session: Session, project_id: int, account_ids: Sequence[int]
) -> dict[int, tuple[str, list[str]]]:
    rows = session.execute(
        select(Account.id, Account.display_name, Membership.tags)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.project_id == project_id, Account.id.in_(account_ids))
        .order_by(Account.display_name, Account.id)
    )
    return {key: (name, tags) for key, name, tags in rows}


def _candidates(
    session: Session, project_id: int, batch: Batch, tags: Mapping[int, list[str]]
) -> list[Candidate]:
    statement = select(
        Protocol.id, Protocol.title, Protocol.details, Protocol.coders_missing
    ).where(Protocol.project_id == project_id)
    if batch.by is By.hand:
        named = queue_wishes.find_ids(session, project_id, batch.names)
        statement = statement.where(Protocol.id.in_(named.values()))
    else:
        statement = statement.where(Protocol.coders_missing > 0, ~IS_HELD, ~studies.HAS_LEFT)
    taken, theirs = _taken(session, project_id), _theirs(session, project_id, batch.coders)
    knows = _matcher(tags) if batch.by is By.tags else None
    found = []
    for key, title, details, missing in session.execute(statement):
        wants = missing - len(taken[key])
        if wants > 0 or batch.by is By.hand:
            stratum = details.get(batch.column, "") if batch.by is By.stratum else ""
            known = knows(title, details) if knows else frozenset()
            not_for = frozenset(taken[key] | theirs[key])
            found.append(Candidate(key, max(wants, 0), not_for, stratum, known))
    return found


def _taken(session: Session, project_id: int) -> defaultdict[int, set[int]]:
    """Who was promised a protocol or has it open, by protocol."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    promised = select(Assignment.protocol_id, Assignment.account_id).where(
        Assignment.project_id == project_id,
        Assignment.state == AssignmentState.open,
        Assignment.kind == AssignmentKind.assigned,
    )
    in_hand = select(Serving.protocol_id, Serving.account_id).where(
        Serving.project_id == project_id,
        Serving.state == ServingState.open,
        Serving.lane == Lane.coder,
        Serving.reserved_until > now(),
    )
    for statement in (promised, in_hand):
        for key, account in session.execute(statement):
            found[key].add(account)
    return found


def _theirs(session: Session, project_id: int, coders: Sequence[int]) -> defaultdict[int, set[int]]:
    """Who of these has answered or skipped a protocol, or is asked for it, by protocol."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    answered = select(CurrentLabel.protocol_id, CurrentLabel.account_id).where(
        CurrentLabel.project_id == project_id,
        CurrentLabel.account_id.in_(coders),
        CurrentLabel.lane == Lane.coder,
        CurrentLabel.action != Action.withdraw,
    )
    asked = select(Assignment.protocol_id, Assignment.account_id).where(
        Assignment.project_id == project_id, Assignment.state == AssignmentState.open
    )
    for statement in (answered, asked):
        for key, account in session.execute(statement):
            found[key].add(account)
    return found


def _matcher(tags: Mapping[int, list[str]]) -> Any:
    """Tells which coders have a tag that stands, as whole words, in a title or among details."""
    patterns = {
        tag: re.compile(rf"(?<!\w){re.escape(tag)}(?!\w)", re.IGNORECASE)
        for theirs in tags.values()
        for tag in theirs
    }

    def knows(title: str, details: Mapping[str, str]) -> frozenset[int]:
        text = "\n".join((title, *details.values()))
        said = {tag for tag, pattern in patterns.items() if pattern.search(text)}
        return frozenset(key for key, theirs in tags.items() if said.intersection(theirs))

    return knows


def _told(
    session: Session,
    project_id: int,
    batch: Batch,
    candidates: Sequence[Candidate],
    pairs: list[tuple[int, int]],
) -> Deal:
    by_key = {one.key: one for one in candidates}
    shown = _shown_strata(candidates) if batch.by is By.stratum else {}
    shares = []
    for key, (name, _) in _people(session, project_id, batch.coders).items():
        mine = [by_key[protocol] for protocol, account in pairs if account == key]
        strata = Counter(shown[one.stratum] for one in mine) if shown else Counter[str]()
        known = sum(key in one.known_to for one in mine)
        shares.append(Share(key, name, len(mine), known, dict(strata)))
    wanted = sum(one.wants for one in candidates)
    protocols = len({protocol for protocol, _ in pairs})
    left = max(0, wanted - len(pairs))
    return Deal(pairs, shares, list(dict.fromkeys(shown.values())), protocols, wanted, left)


def _shown_strata(candidates: Sequence[Candidate]) -> dict[str, str]:
    """The name under which each stratum is counted, the largest first."""
    sizes = Counter(one.stratum for one in candidates)
    return {
        name: (name or NO_VALUE) if size >= FEWEST_SHOWN else SMALL_ONES
        for name, size in sizes.most_common()
    }
