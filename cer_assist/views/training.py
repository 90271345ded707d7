"""A coder's training: one practice protocol at a time, and what is right after each answer.

A page before an answer is made from a question that has no level in it (`services.training`), so no
template could give one away. Feedback has an address of its own: a reload shows it again.
"""

from __future__ import annotations

import random
import secrets
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput, StaleDecision
from cer_assist.services import qualification, rubrics, training
from cer_assist.services.training import Attempt, Feedback, Question
from cer_assist.views.access import CODING_ROLES, database, policy
from cer_assist.views.marked_text import Marks, Span, is_title, read_sections

training_pages = Blueprint("training", __name__, url_prefix="/p/<slug>/training")
dice = random.SystemRandom()
DAY = 86_400.0


class TrainingAnswerSent(BaseModel):
    """What the form sends, or a script; nothing else is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    round_id: int = Field(description="Of the question")
    item_id: int = Field(description="Of the question")
    level: int = Field(description="The level given")
    idempotency_key: str = Field(
        min_length=8, max_length=80, description="New for each answer: sent twice, it counts once"
    )
    seconds: float | None = Field(
        None, ge=0, le=DAY, allow_inf_nan=False, description="How long it took, if known"
    )

    def to_attempt(self) -> Attempt:
        """The same in the words of the service."""
        return Attempt(**dict(self))


@training_pages.get("")
@policy.members(*CODING_ROLES)
def page(slug: str) -> str:
    """The practice protocol that comes next, or how it went and whether to begin."""
    with database().read() as session:
        return _page(session)


@training_pages.post("/begin")
@policy.members(*CODING_ROLES)
def begin(slug: str) -> Response:
    """Begin a round; one that is open goes on."""
    with database().write() as session:
        training.begin(session, g.project, g.person.account_id, dice)
    return redirect(url_for(".page", slug=slug), 303)


@training_pages.post("/answers")
@policy.members(*CODING_ROLES)
def save(slug: str) -> Response | tuple[str, int]:
    """Store an answer and go to what is right."""
    asked = _read_form().to_attempt()
    mine = g.person.account_id
    try:
        with database().write() as session:
            told = training.answer(session, g.project, mine, asked)
    except StaleDecision as stale:
        with database().read() as session:
            return _stale(session, asked, stale), 409
    address = url_for(".told", slug=slug, round_id=asked.round_id, place=told.place)
    return redirect(address, 303)


@training_pages.get("/rounds/<int:round_id>/<int:place>")
@policy.members(*CODING_ROLES)
def told(slug: str, round_id: int, place: int) -> str:
    """What is right for one that was answered."""
    with database().read() as session:
        mine = g.person.account_id
        found = training.feedback(session, g.project, mine, round_id, place)
        return _render(session, found, found=found)


def _read_form() -> TrainingAnswerSent:
    fields: dict[str, Any] = {name: value for name, value in request.form.items() if value != ""}
    fields.pop("csrf_token", None)
    try:
        return TrainingAnswerSent.model_validate_strings(fields)
    except ValidationError as error:
        raise InvalidInput(
            "The answer could not be understood: reload the page and answer again."
        ) from error


def _page(session: Session, stale: str = "") -> str:
    stands = training.standing(session, g.project, g.person.account_id)
    if stands.question is not None:
        return _render(session, stands.question, question=stands.question, stale=stale)
    rubric = rubrics.project_rubric(session, g.project)
    return render_template(
        "training.html", stands=stands, rubric=rubric, stale=stale, why=qualification.FIRST
    )


def _stale(session: Session, asked: Attempt, stale: StaleDecision) -> str:
    """What stands instead: the feedback that was shown, or the one that comes next."""
    place = stale.stands.get("place")
    if not isinstance(place, int):
        return _page(session, stale.message)
    mine = g.person.account_id
    found = training.feedback(session, g.project, mine, asked.round_id, place)
    return _render(session, found, found=found, stale=stale.message)


def _render(
    session: Session,
    text: Question | Feedback,
    *,
    question: Question | None = None,
    found: Feedback | None = None,
    stale: str = "",
) -> str:
    marks: list[Span] = [(start, end) for start, end in found.evidence] if found else []
    sections = read_sections(text.text, text.sections, Marks(evidence=marks))
    title = next(filter(is_title, sections), None)
    return render_template(
        "training_item.html",
        text=text,
        question=question,
        found=found,
        title=title,
        parts=[section for section in sections if section is not title],
        quotes=[text.text[start:end] for start, end in marks],
        rubric=rubrics.project_rubric(session, g.project),
        key=secrets.token_urlsafe(18),
        stale=stale,
    )
