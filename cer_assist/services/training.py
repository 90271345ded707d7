"""A coder's rounds of practice: one item at a time, feedback after each answer, a mark at the end.

What is right leaves the database with feedback only, so nothing that a coder is shown before their
answer can hold it. An answer is stored once; whoever sends another one for the same item is shown
what they said.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain import training
from cer_assist.domain.errors import (
    IdempotencyMismatch,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReady,
    StaleDecision,
)
from cer_assist.services import audit, history, qualification, queue, training_rounds
from cer_assist.services.label_events import clean_seconds
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.training_rounds import Outcome
from cer_assist.store.tables import (
    Project,
    Protocol,
    TrainingAnswer,
    TrainingItem,
    TrainingResult,
    TrainingRound,
)
from cer_assist.store.types import now

BEGUN, ENDED = "training.begun", "training.ended"


@dataclass(frozen=True, slots=True)
class Question:
    """An item as it is asked: without anything that tells its level."""

    round_id: int
    item_id: int
    place: int  # from 1
    asked: int
    title: str
    sections: list[Any]
    text: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was said of an answered item, and what is right."""

    place: int
    asked: int
    said: int
    off: int
    level: int
    also_level: int | None
    explanation: str
    evidence: list[Any]
    title: str
    sections: list[Any]
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a coder stands."""

    is_required: bool
    has_passed: bool
    question: Question | None  # of the open round
    answered: int  # of the open round
    asked: int
    last: Outcome | None  # of the rounds that count
    rounds_left: int
    can_begin: bool  # there is something to practise on

    @property
    def is_due(self) -> bool:
        """Labelling waits for it."""
        return self.is_required and not self.has_passed


@dataclass(frozen=True, slots=True)
class Attempt:
    """A coder's answer to an item."""

    round_id: int
    item_id: int
    level: int
    idempotency_key: str
    seconds: float | None = None


def standing(session: Session, project: Project, account_id: int) -> Standing:
    """Where a coder stands in a project's training."""
    newest = training_rounds.newest(session, project, account_id)
    answers = training_rounds.answers_of(session, newest.id) if newest else []
    is_open = newest is not None and len(answers) < len(newest.items)
    drawable = training_rounds.drawable(session, project, account_id)
    return Standing(
        project.qualifies_first,
        qualification.has_passed(session, project, account_id),
        _question(session, newest, len(answers)) if newest and is_open else None,
        len(answers) if is_open else 0,
        len(newest.items) if newest and is_open else 0,
        training_rounds.last_outcome(session, project, account_id),
        qualification.rounds_left(session, project, account_id),
        bool(drawable),
    )


def begin(
    session: Session, project: Project, account_id: int, dice: random.Random
) -> TrainingRound:
    """The open round, or a new one."""
    queue.take_turns(session, project.id)  # two tabs begin one round
    newest = training_rounds.newest(session, project, account_id)
    if newest is not None and len(training_rounds.answers_of(session, newest.id)) < len(
        newest.items
    ):
        return newest
    if not qualification.rounds_left(session, project, account_id):
        raise NotAllowed("All your rounds are used: ask a lead of this project for another one.")
    drawable = training_rounds.drawable(session, project, account_id)
    if not drawable:
        raise NotReady(
            "There is nothing to practise on yet: a lead of this project adds practice protocols "
            "under Training."
        )
    made = TrainingRound(
        project_id=project.id,
        account_id=account_id,
        number=training_rounds.count_of(session, project.id, account_id) + 1,
        rubric_version_id=project.rubric_version_id,
        items=training.draw_round(drawable, project.training_items, dice),
        pass_mark=project.training_mark,
        no_far=project.training_no_far,
        at=now(),
    )
    session.add(made)
    session.flush()  # the audit entry needs its id
    entry = audit.Entry(BEGUN, f"training_round:{made.id}", {"items": made.items})
    audit.append(session, entry, account_id=account_id, project_id=project.id)
    return made


def answer(session: Session, project: Project, account_id: int, asked: Attempt) -> Feedback:
    """Store an answer and tell what is right; the same key and body twice is stored once."""
    if not 8 <= len(asked.idempotency_key) <= 80:
        raise InvalidInput("The answer carries no usable key: reload the page and answer again.")
    queue.take_turns(session, project.id)
    round_ = training_rounds.own(session, project, account_id, asked.round_id)
    known = session.scalars(
        select(TrainingAnswer).where(
            TrainingAnswer.account_id == account_id,
            TrainingAnswer.idempotency_key == asked.idempotency_key,
        )
    ).first()
    if known is not None:
        said = (known.round_id, known.item_id, known.level)
        if said != (asked.round_id, asked.item_id, asked.level):
            raise IdempotencyMismatch(
                "This key was already used for another answer. Reload the page and answer again."
            )
        return feedback(
            session, project, account_id, round_.id, training_rounds.place_of(round_, asked.item_id)
        )
    project_rubric(session, project).level(asked.level)
    answers = training_rounds.answers_of(session, round_.id)
    _refuse_stale(round_, answers, asked)
    _store(session, project, round_, answers, asked)
    return feedback(session, project, account_id, round_.id, len(answers) + 1)


def feedback(
    session: Session, project: Project, account_id: int, round_id: int, place: int
) -> Feedback:
    """What is right for an item that this coder has answered."""
    round_ = training_rounds.own(session, project, account_id, round_id)
    answers = training_rounds.answers_of(session, round_.id)
    if not 1 <= place <= len(answers):
        raise NotFound("You have not answered this one yet.")
    item = session.get_one(TrainingItem, round_.items[place - 1])
    said = answers[place - 1]
    return Feedback(
        place,
        len(round_.items),
        said.level,
        said.off,
        item.level,
        item.also_level,
        item.explanation,
        item.evidence,
        item.title,
        item.sections,
        item.text,
    )


def _refuse_stale(round_: TrainingRound, answers: Sequence[TrainingAnswer], asked: Attempt) -> None:
    before = next((one for one in answers if one.item_id == asked.item_id), None)
    if before is not None:
        raise StaleDecision(
            f"You have answered this one already: {before.level}. What is right was shown after "
            "it, so it stays.",
            {"place": training_rounds.place_of(round_, asked.item_id), "level": before.level},
        )
    if len(answers) == len(round_.items) or round_.items[len(answers)] != asked.item_id:
        raise StaleDecision(
            "This is not the practice protocol that comes next. Nothing was stored: go on with "
            "the one that does.",
            {"answered": len(answers)},
        )


def _store(
    session: Session,
    project: Project,
    round_: TrainingRound,
    answers: Sequence[TrainingAnswer],
    asked: Attempt,
) -> None:
    item = session.get_one(TrainingItem, asked.item_id)
    stored = TrainingAnswer(
        round_id=round_.id,
        item_id=item.id,
        account_id=round_.account_id,
        level=asked.level,
        off=training.levels_off(asked.level, item.level, item.also_level),
        seconds=clean_seconds(asked.seconds),
        idempotency_key=asked.idempotency_key,
        at=now(),
    )
    session.add(stored)
    session.flush()  # feedback reads it
    if item.protocol_id is not None:
        source = session.get_one(Protocol, item.protocol_id)
        history.note_peer_view(session, source, round_.account_id)
    off = [*(one.off for one in answers), stored.off]
    if len(off) == len(round_.items):
        levels = [*(one.level for one in answers), stored.level]
        _end(session, project, round_, levels, off)


def _end(
    session: Session,
    project: Project,
    round_: TrainingRound,
    levels: Sequence[int],
    off: Sequence[int],
) -> None:
    result = TrainingResult(
        round_id=round_.id,
        right=off.count(0),
        asked=len(off),
        has_passed=training.passes(off, round_.pass_mark, no_far=round_.no_far),
        at=now(),
    )
    session.add(result)
    session.flush()
    detail = {"levels": list(levels), "right": result.right, "has_passed": result.has_passed}
    entry = audit.Entry(ENDED, f"training_round:{round_.id}", detail)
    audit.append(session, entry, account_id=round_.account_id, project_id=project.id)


def _question(session: Session, round_: TrainingRound, answered: int) -> Question:
    """Only what is read: the level stays where it is."""
    wanted = (TrainingItem.title, TrainingItem.sections, TrainingItem.text)
    item_id = round_.items[answered]
    row = session.execute(select(*wanted).where(TrainingItem.id == item_id)).one()
    return Question(round_.id, item_id, answered + 1, len(round_.items), *row)
