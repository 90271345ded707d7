"""Whether a coder may label: where a project wants it, a round of training is passed first.

What a coder has open, has been given or has answered stays theirs: the gate stands before a
protocol is given out, never before an answer to one that was. A pass holds under later rubric
versions, too, until a lead asks everybody to qualify again. Leads who code are held to the same.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotQualified
from cer_assist.services import accounts, audit
from cer_assist.store.tables import (
    Account,
    Project,
    TrainingPermit,
    TrainingResult,
    TrainingRound,
)
from cer_assist.store.tables.accounts import CODING
from cer_assist.store.types import now

AGAIN, ALLOWED = "training.asked_again", "training.allowed"
FIRST = (
    "In this project coders pass a round of training before they label. What you have open or "
    "answered stays yours."
)


def is_due(session: Session, project: Project, account_id: int) -> bool:
    """Whether this coder has to pass a round before they are given anything else to read."""
    return project.qualifies_first and not has_passed(session, project, account_id)


def has_passed(session: Session, project: Project, account_id: int) -> bool:
    """Whether a round that counts was passed."""
    passed = (
        exists()
        .where(TrainingResult.round_id == TrainingRound.id, TrainingResult.has_passed)
        .where(*counts(project), TrainingRound.account_id == account_id)
    )
    return bool(session.execute(select(passed)).scalar())


def refuse(session: Session, project: Project, account_id: int) -> None:
    """Stop whoever has to qualify first."""
    if is_due(session, project, account_id):
        raise NotQualified(FIRST)


def counts(project: Project) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a round that counts: none that began before everybody was asked again."""
    conditions: list[ColumnElement[bool]] = [TrainingRound.project_id == project.id]
    if project.qualifies_since is not None:
        conditions.append(TrainingRound.at > project.qualifies_since)
    return tuple(conditions)


def rounds_left(session: Session, project: Project, account_id: int) -> int:
    """How many rounds a coder may still begin; what leads allowed is counted in."""
    begun = session.execute(
        select(func.count())
        .select_from(TrainingRound)
        .where(*counts(project), TrainingRound.account_id == account_id)
    ).scalar_one()
    permits = select(func.count()).select_from(TrainingPermit)
    permits = permits.where(
        TrainingPermit.project_id == project.id, TrainingPermit.account_id == account_id
    )
    if project.qualifies_since is not None:
        permits = permits.where(TrainingPermit.at > project.qualifies_since)
    allowed = 1 + project.training_repeats + session.execute(permits).scalar_one()
    return max(0, allowed - begun)


def allow_another(session: Session, project: Project, account_id: int, by: int | None) -> Account:
    """Let a coder have one round more than the project's repeats."""
    account = session.get(Account, account_id)
    if account is None or accounts.role_in(session, project.id, account_id) not in CODING:
        raise InvalidInput("This person does not label in this project.")
    session.add(
        TrainingPermit(project_id=project.id, account_id=account_id, allowed_by=by, at=now())
    )
    session.flush()  # the page that follows reads it
    entry = audit.Entry(ALLOWED, f"account:{account_id}", {})
    audit.append(session, entry, account_id=by, project_id=project.id)
    return account


def ask_again(session: Session, project: Project, by: int | None) -> None:
    """Have everybody qualify once more; earlier rounds are kept and no longer count."""
    if not project.qualifies_first:
        raise InvalidInput("Nobody has to qualify here: say under Settings that coders do first.")
    project.qualifies_since = now()
    session.flush()
    entry = audit.Entry(AGAIN, f"project:{project.id}", {})
    audit.append(session, entry, account_id=by, project_id=project.id)
