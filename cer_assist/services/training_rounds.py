"""A coder's rounds as they are stored: which is open, what was answered, what can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from cer_assist.domain import training
from cer_assist.domain.errors import NotFound
from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.training import Drawable, Tally
from cer_assist.services import qualification, training_items
from cer_assist.store.tables import (
    Assignment,
    LabelEvent,
    Project,
    Protocol,
    Serving,
    TrainingAnswer,
    TrainingItem,
    TrainingResult,
    TrainingRound,
)
from cer_assist.store.tables.assignments import AssignmentState


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished round."""

    number: int
    round_id: int
    right: int
    asked: int
    has_passed: bool
    pass_mark: float
    no_far: bool
    by_level: dict[int, Tally]
    missed: list[tuple[int, str, int]]  # place, title, levels off


def newest(session: Session, project: Project, account_id: int) -> TrainingRound | None:
    """The coder's newest round that counts."""
    return session.scalars(
        select(TrainingRound)
        .where(*qualification.counts(project), TrainingRound.account_id == account_id)
        .order_by(TrainingRound.number.desc())
        .limit(1)
    ).first()


def own(session: Session, project: Project, account_id: int, round_id: int) -> TrainingRound:
    """A round of this coder's; anyone else's does not exist."""
    found = session.get(TrainingRound, round_id)
    if found is None or (found.project_id, found.account_id) != (project.id, account_id):
        raise NotFound("There is no such round of yours.")
    return found


def answers_of(session: Session, round_id: int) -> list[TrainingAnswer]:
    """A round's answers, in the order in which they were given."""
    return list(
        session.scalars(
            select(TrainingAnswer)
            .where(TrainingAnswer.round_id == round_id)
            .order_by(TrainingAnswer.id)
        )
    )


def place_of(round_: TrainingRound, item_id: int) -> int:
    """An item's place in a round, from 1."""
    return round_.items.index(item_id) + 1


def count_of(session: Session, project_id: int, account_id: int) -> int:
    """How many rounds a coder has begun, whether they still count or not."""
    mine = (TrainingRound.project_id == project_id, TrainingRound.account_id == account_id)
    return session.execute(
        select(func.count()).select_from(TrainingRound).where(*mine)
    ).scalar_one()


def last_outcome(session: Session, project: Project, account_id: int) -> Outcome | None:
    """How the last finished round that counts ended."""
    row = session.execute(
        select(TrainingRound, TrainingResult)
        .join(TrainingResult, TrainingResult.round_id == TrainingRound.id)
        .where(*qualification.counts(project), TrainingRound.account_id == account_id)
        .order_by(TrainingRound.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    round_, result = row
    answers = answers_of(session, round_.id)
    rows = session.execute(
        select(TrainingItem.id, TrainingItem.level, TrainingItem.title).where(
            TrainingItem.id.in_(round_.items)
        )
    )
    items = {key: (level, title) for key, level, title in rows}
    return Outcome(
        round_.number,
        round_.id,
        result.right,
        result.asked,
        result.has_passed,
        round_.pass_mark,
        round_.no_far,
        training.by_level((items[one.item_id][0], one.off) for one in answers),
        [
            (place, items[one.item_id][1], one.off)
            for place, one in enumerate(answers, 1)
            if one.off
        ],
    )


def practised(session: Session, project_id: int, account_id: int) -> set[int]:
    """Protocols whose copies were put before a coder in any round, answered or not."""
    mine = (TrainingRound.project_id == project_id, TrainingRound.account_id == account_id)
    rounds = session.scalars(select(TrainingRound.items).where(*mine))
    given = {item_id for items in rounds for item_id in items}
    rows = session.execute(
        select(TrainingItem.id, TrainingItem.protocol_id).where(
            TrainingItem.project_id == project_id, TrainingItem.protocol_id.is_not(None)
        )
    )
    return {source for item_id, source in rows if item_id in given and source is not None}


def drawable(session: Session, project: Project, account_id: int) -> list[Drawable]:
    """Items in use, but of protocols that this coder has read, may still read blind or is to."""
    ids = training_items.in_use(session, project.id)
    source = TrainingItem.protocol_id
    asked = AssignmentState.open
    is_theirs = (
        exists()
        .where(LabelEvent.protocol_id == source, LabelEvent.account_id == account_id)
        .where(LabelEvent.lane == Lane.coder, LabelEvent.action == Action.label)
        | exists()
        .where(Assignment.protocol_id == source, Assignment.account_id == account_id)
        .where(Assignment.state == asked)
        | exists().where(Protocol.id == source, Protocol.coders_missing > 0)
        # An attention check: feedback on it would tell that it was one.
        | exists()
        .where(Serving.protocol_id == source, Serving.account_id == account_id)
        .where(Serving.lane == Lane.check)
    )
    seen = (
        select(func.count())
        .select_from(TrainingAnswer)
        .where(TrainingAnswer.item_id == TrainingItem.id, TrainingAnswer.account_id == account_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(TrainingItem.id, TrainingItem.level, seen)
        .where(TrainingItem.id.in_(ids), ~is_theirs)
        .order_by(TrainingItem.id)
    )
    return [Drawable(*row) for row in rows]
