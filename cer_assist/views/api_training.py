"""Training as JSON: services, roles and records are those of the pages (docs/api.md).

A question never holds its level: that comes with the reply to an answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, g
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cer_assist.domain.scopes import Scope
from cer_assist.domain.training import Tally
from cer_assist.services import training, training_checks, training_items, training_results
from cer_assist.services.training_items import NewItem, Solution
from cer_assist.views.access import (
    API,
    CODING_ROLES,
    LEADING_ROLES,
    OVERSEEING_ROLES,
    database,
    policy,
)
from cer_assist.views.json_parts import Asked, Reply, json_body, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.training import TrainingAnswerSent, dice

training_api = Blueprint("training_api", __name__, url_prefix=f"{API}projects/<slug>/training")


class TrainingQuestion(Reply):
    """A practice protocol to be answered."""

    round_id: int = Field(description="Send it along with the answer")
    item_id: int = Field(description="Send it along with the answer")
    place: int = Field(description="Which of the round it is, from 1")
    asked: int = Field(description="How many the round has")
    title: str = Field(description="The practice protocol's title")
    sections: list[tuple[str, int, int]] = Field(description="Name, start and end in the text")
    text: str = Field(description="What is to be read")


class TrainingStanding(Reply):
    """Where the person who asks stands."""

    is_required: bool = Field(description="Coders of this project qualify first")
    has_passed: bool = Field(description="A round that counts was passed")
    rounds_left: int = Field(description="Rounds that may still be begun")
    question: TrainingQuestion | None = Field(description="What comes next in the open round")


class TrainingFeedback(Reply):
    """What is right for an answered practice protocol."""

    place: int = Field(description="Which of the round it is, from 1")
    asked: int = Field(description="How many the round has")
    said: int = Field(description="The level that was given")
    off: int = Field(description="Levels from the nearest one that counts as right")
    level: int = Field(description="The level that is right")
    also_level: int | None = Field(description="Another one that counts as right")
    explanation: str = Field(description="Why it is that level")
    evidence: list[tuple[int, int]] = Field(description="Start and end of what decides it")


class TrainingTally(Reply):
    """How answers came out."""

    asked: int = Field(description="Answers given")
    right: int = Field(description="Exactly right")
    one_off: int = Field(description="One level off")
    further: int = Field(description="More than one level off")
    share: float | None = Field(description="Exactly right, of the answers; null without any")
    low: float | None = Field(description="Lower end of its 95 % interval (Wilson)")
    high: float | None = Field(description="Upper end of its 95 % interval (Wilson)")

    @classmethod
    def of(cls, tally: Tally) -> TrainingTally:
        """With the interval that pages show."""
        figure = training_results.share(tally)
        return cls(
            asked=tally.asked,
            right=tally.right,
            one_off=tally.one_off,
            further=tally.further,
            share=figure["value"],
            low=figure["low"],
            high=figure["high"],
        )


class TrainingCoder(Reply):
    """How one coder does."""

    username: str = Field(description="The coder's user name")
    passed_at: dt.datetime | None = Field(description="When they first passed a round that counts")
    rounds: int = Field(description="Rounds begun")
    rounds_left: int = Field(description="Rounds that may still be begun")
    total: TrainingTally = Field(description="All answers of all rounds")
    levels: dict[int, TrainingTally] = Field(description="The same by the level that is right")


class TrainingItemEntry(Reply):
    """A practice protocol with how often it is missed."""

    item_id: int = Field(description="The number in its address")
    name: str = Field(description="Its id; of a copy, the protocol's own")
    title: str = Field(description="The practice protocol's title")
    level: int = Field(description="The level that is right")
    also_level: int | None = Field(description="Another one that counts as right")
    is_used: bool = Field(description="Rounds are drawn from it")
    is_bad: bool = Field(description="Three or more answered and nobody got it right")
    answers: TrainingTally = Field(description="What coders made of it")


class AttentionChecks(Reply):
    """How one coder answered what they did not know to be a check."""

    username: str = Field(description="The coder's user name")
    total: TrainingTally = Field(description="All attention checks that they answered")
    levels: dict[int, TrainingTally] = Field(description="The same by the level that is right")


class TrainingResults(Reply):
    """What came of training."""

    coders: list[TrainingCoder] = Field(description="By name")
    items: list[TrainingItemEntry] = Field(description="Those in use first")
    checks: list[AttentionChecks] = Field(description="Attention checks, by name")


class NewTrainingItem(Asked):
    """What is sent to add a practice protocol."""

    external_id: str = Field(description="Its id")
    title: str = Field(description="The practice protocol's title")
    text: str = Field(description="What is to be read")
    level: int = Field(description="The level that is right")
    explanation: str = Field(description="Why it is that level")
    also_level: int | None = Field(None, description="Another one that counts as right")
    evidence: list[str] = Field([], description="Passages that decide it, word for word")


@training_api.get("")
@policy.members(*CODING_ROLES)
@answers(TrainingStanding, 409, scope=Scope.label)
def standing(slug: str) -> Response:
    """Where one stands, with the next question of the open round."""
    with database().read() as session:
        found = training.standing(session, g.project, g.person.account_id)
    return json_reply(_standing(found))


@training_api.post("/rounds")
@policy.members(*CODING_ROLES)
@answers(TrainingStanding, 409, scope=Scope.label)
def begin(slug: str) -> Response:
    """Begin a round, or go on with the open one."""
    with database().write() as session:
        training.begin(session, g.project, g.person.account_id, dice)
        found = training.standing(session, g.project, g.person.account_id)
    return json_reply(_standing(found))


@training_api.post("/answers")
@policy.members(*CODING_ROLES)
@answers(TrainingFeedback, 409, 422, asks=TrainingAnswerSent, scope=Scope.label)
def answer(slug: str) -> Response:
    """Answer the next question; the reply tells what is right."""
    asked = json_body(TrainingAnswerSent).to_attempt()
    with database().write() as session:
        told = training.answer(session, g.project, g.person.account_id, asked)
    return json_reply(TrainingFeedback(**_only(TrainingFeedback, asdict(told))))


@training_api.get("/results")
@policy.members(*OVERSEEING_ROLES)
@answers(TrainingResults)
def results(slug: str) -> Response:
    """What came of it; a write transaction, because the levels it shows are recorded as seen."""
    with database().write() as session:
        coders = training_results.by_coder(session, g.project)
        checks = _checks(session, g.project.id)
        figures = training_results.by_item(session, g.project.id)
        items = [one.line.item for one in figures]
        training_items.note_seen(session, items, g.person.account_id)
        entries = [
            TrainingItemEntry(
                item_id=one.line.item.id,
                name=one.line.item.name,
                title=one.line.item.title,
                level=one.line.item.level,
                also_level=one.line.item.also_level,
                is_used=one.line.is_used,
                is_bad=one.is_bad,
                answers=TrainingTally.of(one.tally),
            )
            for one in figures
        ]
    lines = [
        TrainingCoder(
            username=line.username,
            passed_at=line.passed_at,
            rounds=len(line.rounds),
            rounds_left=line.rounds_left,
            total=TrainingTally.of(line.total),
            levels={level: TrainingTally.of(tally) for level, tally in line.by_level.items()},
        )
        for line in coders
    ]
    return json_reply(TrainingResults(coders=lines, items=entries, checks=checks))


def _checks(session: Session, project_id: int) -> list[AttentionChecks]:
    return [
        AttentionChecks(
            username=line.username,
            total=TrainingTally.of(line.total),
            levels={level: TrainingTally.of(tally) for level, tally in line.by_level.items()},
        )
        for line in training_checks.by_coder(session, project_id)
    ]


@training_api.post("/items")
@policy.members(*LEADING_ROLES)
@answers(TrainingResults, 409, asks=NewTrainingItem, scope=Scope.admin)
def add(slug: str) -> Response:
    """Add a practice protocol; the reply is the results with it."""
    sent = json_body(NewTrainingItem)
    text = training_items.typed(sent.external_id, sent.title, sent.text)
    solution = Solution(sent.level, sent.explanation, sent.also_level, tuple(sent.evidence))
    with database().write() as session:
        training_items.add(session, g.project, NewItem(text, solution), g.person.account_id)
    return results(slug=slug)


def _standing(found: training.Standing) -> TrainingStanding:
    question = asdict(found.question) if found.question else None
    return TrainingStanding(
        is_required=found.is_required,
        has_passed=found.has_passed,
        rounds_left=found.rounds_left,
        question=TrainingQuestion(**question) if question else None,
    )


def _only(kind: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in kind.model_fields}
