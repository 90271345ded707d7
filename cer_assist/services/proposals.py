"""What coders and adjudicators would have clearer in the rubric, and what leads made of it.

A proposal may tell the level of the protocol it is about. Leads see it, its author does, and nobody
else; of a protocol that a lead may still code only on request, which is recorded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import audit, history
from cer_assist.services.rubrics import rubric_version
from cer_assist.store.tables import (
    Account,
    CurrentLabel,
    Project,
    Protocol,
    RubricProposal,
    RubricProposalOutcome,
)
from cer_assist.store.tables.rubrics import Outcome
from cer_assist.store.types import now, table_of

MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as one person may see it."""

    id: int
    by: str
    at: dt.datetime
    level: int | None
    protocol: str | None  # its own id
    text: str | None  # None: it could tell a level to someone who may still code the protocol
    outcome: Outcome | None
    reason: str
    version: int | None
    decided_by: str | None


def propose(
    session: Session,
    project_id: int,
    account_id: int,
    text: str,
    *,
    level: int | None = None,
    protocol_id: int | None = None,
) -> int:
    """Keep a proposal about a level, a protocol or the rubric as a whole; its id."""
    project = session.get_one(Project, project_id)
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        raise InvalidInput(f"Say in up to {MAX_TEXT:,} characters what should be clearer.")
    if level is not None:
        rubric_version(session, project.rubric_version_id).level(level)
    if protocol_id is not None:
        protocol = session.get(Protocol, protocol_id)
        if protocol is None or protocol.project_id != project_id:
            raise InvalidInput("This protocol is not part of the project.")
    row = RubricProposal(
        project_id=project_id,
        account_id=account_id,
        rubric_version_id=project.rubric_version_id,
        protocol_id=protocol_id,
        level=level,
        text=text,
        at=now(),
    )
    session.add(row)
    session.flush()  # the audit entry needs its id
    # Its hash, not its level: who reads the audit may still code the protocol that it is about.
    detail = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    _note(session, project_id, "rubric.proposed", row.id, detail, account_id)
    return row.id


def decide(
    session: Session,
    project: Project,
    proposal_id: int,
    outcome: Outcome,
    reason: str,
    by: int | None,
    *,
    version: int | None = None,
) -> None:
    """Take a proposal up into a version, or decline it with a reason; the newest word counts."""
    row = session.get(RubricProposal, proposal_id)
    if row is None or row.project_id != project.id:
        raise NotFound("There is no such proposal in this project.")
    reason = reason.strip()[:MAX_TEXT]
    if outcome is Outcome.declined and not reason:
        raise InvalidInput("Say why it is declined: its author reads it.")
    made = RubricProposalOutcome(
        proposal_id=proposal_id,
        account_id=by,
        outcome=outcome.value,
        reason=reason,
        version=version if outcome is Outcome.taken_up else None,
        at=now(),
    )
    session.add(made)
    session.flush()  # the page that follows reads it
    detail = {"outcome": outcome.value, "reason": reason, "version": made.version}
    _note(session, project.id, "rubric.proposal", proposal_id, detail, by)


def mine(session: Session, project_id: int, account_id: int) -> list[Proposed]:
    """What a person has proposed, the newest first."""
    return _proposals(session, project_id, only=account_id, blind_for=None)


def for_lead(
    session: Session, project_id: int, account_id: int | None, *, asked: bool = False
) -> list[Proposed]:
    """All proposals, open ones first; those about a protocol that one may still code if `asked`."""
    if asked and account_id is not None:
        for protocol in session.scalars(_still_to_code(project_id, account_id)):
            history.note_peer_view(session, protocol, account_id)
    found = _proposals(session, project_id, only=None, blind_for=None if asked else account_id)
    return sorted(found, key=lambda one: one.outcome is not None)


def _still_to_code(project_id: int, account_id: int) -> Select[Protocol]:
    """Protocols with others' proposals that want readers and that this person has not answered."""
    answered = exists().where(
        CurrentLabel.protocol_id == Protocol.id,
        CurrentLabel.account_id == account_id,
        CurrentLabel.lane == Lane.coder,
        CurrentLabel.action == Action.label,
    )
    about = exists().where(
        RubricProposal.protocol_id == Protocol.id, RubricProposal.account_id != account_id
    )
    return select(Protocol).where(
        Protocol.project_id == project_id, Protocol.coders_missing > 0, about, ~answered
    )


def _proposals(
    session: Session, project_id: int, *, only: int | None, blind_for: int | None
) -> list[Proposed]:
    hidden: set[int] = set()
    if blind_for is not None:
        hidden = {one.id for one in session.scalars(_still_to_code(project_id, blind_for))}
    statement = _all(project_id)
    if only is not None:
        statement = statement.where(RubricProposal.account_id == only)
    return [
        Proposed(
            row.id,
            name,
            row.at,
            row.level if row.protocol_id not in hidden else None,
            external_id,
            row.text if row.protocol_id not in hidden else None,
            Outcome(made.outcome) if made else None,
            made.reason if made else "",
            made.version if made else None,
            decided_by,
        )
        for row, name, external_id, made, decided_by in session.execute(statement)
    ]


def _all(project_id: int) -> Select[*tuple[Any, ...]]:
    """Proposals with their authors and what was last made of them."""
    newest = (
        select(func.max(RubricProposalOutcome.id))
        .where(RubricProposalOutcome.proposal_id == RubricProposal.id)
        .correlate(RubricProposal)
        .scalar_subquery()
    )
    decider = table_of(Account).alias("decider")
    return (
        select(
            RubricProposal,
            Account.display_name,
            Protocol.external_id,
            RubricProposalOutcome,
            decider.c.display_name,
        )
        .join(Account, Account.id == RubricProposal.account_id)
        .outerjoin(Protocol, Protocol.id == RubricProposal.protocol_id)
        .outerjoin(RubricProposalOutcome, RubricProposalOutcome.id == newest)
        .outerjoin(decider, decider.c.id == RubricProposalOutcome.account_id)
        .where(RubricProposal.project_id == project_id)
        .order_by(RubricProposal.id.desc())
    )


def _note(
    session: Session,
    project_id: int,
    action: str,
    proposal_id: int,
    detail: dict[str, Any],
    by: int | None,
) -> None:
    entry = audit.Entry(action, f"rubric_proposal:{proposal_id}", detail)
    audit.append(session, entry, account_id=by, project_id=project_id)
