"""What came of training, for leads and auditors: by coder, by level and by item.

Coders stand in alphabetical order, for these are small numbers and no ranking. All answers of all
rounds count, repeats too: what each round came to stands beside them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain import training
from cer_assist.domain.precision import wilson
from cer_assist.domain.training import Tally
from cer_assist.services import qualification, training_items
from cer_assist.services.projects import members
from cer_assist.services.training_items import ItemLine
from cer_assist.store.tables import (
    Project,
    RubricVersion,
    TrainingAnswer,
    TrainingItem,
    TrainingResult,
    TrainingRound,
)
from cer_assist.store.tables.accounts import CODING

BAD_FROM = 3  # answers: an item that so many missed, and nobody got right, is likely at fault


@dataclass(frozen=True, slots=True)
class RoundLine:
    """One round of a coder."""

    number: int
    at: dt.datetime
    rubric_version: int
    answered: int
    asked: int
    right: int
    has_passed: bool | None  # None: not finished
    counts: bool  # began after everybody was last asked to qualify


@dataclass(frozen=True, slots=True)
class CoderLine:
    """How a coder does."""

    account_id: int
    username: str
    name: str
    rounds: list[RoundLine]
    passed_at: dt.datetime | None
    rounds_left: int
    total: Tally
    by_level: dict[int, Tally]


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """How often an item is missed."""

    line: ItemLine
    tally: Tally

    @property
    def is_bad(self) -> bool:
        """Everybody misses it, so its level or its text is in doubt rather than its readers."""
        return self.tally.asked >= BAD_FROM and self.tally.right == 0


@dataclass(frozen=True, slots=True)
class Qualified:
    """How many of those who label have passed."""

    passed: int
    coders: int


def share(tally: Tally) -> dict[str, Any]:
    """The share exactly right with its 95 % interval (Wilson), as figures are shown."""
    if not tally.asked:
        return {"value": None, "low": None, "high": None, "n": 0}
    value = tally.right / tally.asked
    low, high = wilson(value, tally.asked)
    return {"value": value, "low": low, "high": high, "n": tally.asked}


def by_coder(session: Session, project: Project) -> list[CoderLine]:
    """Everyone who labels, by name."""
    rounds, answers = _rounds(session, project), _answers(session, project.id)
    found = []
    for account, role in members(session, project.id):
        if role not in CODING or account.disabled_at:
            continue
        mine, said = rounds.get(account.id, []), answers.get(account.id, [])
        done = [line for line, _ in mine]
        passed = [at for line, at in mine if line.has_passed and line.counts]
        found.append(
            CoderLine(
                account.id,
                account.username,
                account.display_name,
                done,
                passed[0] if passed else None,
                qualification.rounds_left(session, project, account.id),
                Tally.of(off for _, off in said),
                training.by_level(said),
            )
        )
    return sorted(found, key=lambda line: line.name.casefold())


def by_item(session: Session, project_id: int) -> list[ItemFigures]:
    """Every item that was not replaced, with what coders made of it."""
    off: defaultdict[int, list[int]] = defaultdict(list)
    rows = session.execute(
        select(TrainingAnswer.item_id, TrainingAnswer.off)
        .join(TrainingItem, TrainingItem.id == TrainingAnswer.item_id)
        .where(TrainingItem.project_id == project_id)
    )
    for item_id, one in rows:
        off[item_id].append(one)
    return [
        ItemFigures(line, Tally.of(off[line.item.id]))
        for line in training_items.lines(session, project_id)
    ]


def qualified(session: Session, project: Project) -> Qualified:
    """For the lead's home page."""
    coding = [
        account.id
        for account, role in members(session, project.id)
        if role in CODING and not account.disabled_at
    ]
    passed = set(
        session.scalars(
            select(TrainingRound.account_id)
            .join(TrainingResult, TrainingResult.round_id == TrainingRound.id)
            .where(*qualification.counts(project), TrainingResult.has_passed)
        )
    )
    return Qualified(len(passed.intersection(coding)), len(coding))


def _rounds(
    session: Session, project: Project
) -> dict[int, list[tuple[RoundLine, dt.datetime | None]]]:
    answers: defaultdict[int, list[int]] = defaultdict(list)
    for round_id, off in session.execute(
        select(TrainingAnswer.round_id, TrainingAnswer.off)
        .join(TrainingRound, TrainingRound.id == TrainingAnswer.round_id)
        .where(TrainingRound.project_id == project.id)
    ):
        answers[round_id].append(off)
    rows = session.execute(
        select(TrainingRound, TrainingResult.has_passed, TrainingResult.at, RubricVersion.version)
        .join(RubricVersion, RubricVersion.id == TrainingRound.rubric_version_id)
        .outerjoin(TrainingResult, TrainingResult.round_id == TrainingRound.id)
        .where(TrainingRound.project_id == project.id)
        .order_by(TrainingRound.number)
    )
    since = project.qualifies_since
    found: defaultdict[int, list[tuple[RoundLine, dt.datetime | None]]] = defaultdict(list)
    for round_, has_passed, at, version in rows:
        said = answers[round_.id]
        line = RoundLine(
            round_.number,
            round_.at,
            version,
            len(said),
            len(round_.items),
            said.count(0),
            has_passed,
            since is None or round_.at > since,
        )
        found[round_.account_id].append((line, at))
    return found


def _answers(session: Session, project_id: int) -> dict[int, list[tuple[int, int]]]:
    """(right level, levels off) of all answers, by coder."""
    rows = session.execute(
        select(TrainingRound.account_id, TrainingItem.level, TrainingAnswer.off)
        .select_from(TrainingAnswer)
        .join(TrainingRound, TrainingRound.id == TrainingAnswer.round_id)
        .join(TrainingItem, TrainingItem.id == TrainingAnswer.item_id)
        .where(TrainingRound.project_id == project_id)
    )
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for account_id, level, off in rows:
        found[account_id].append((level, off))
    return found
