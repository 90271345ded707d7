"""The label page: one POST stores an answer and brings the next protocol.

The answer and what follows it are one transaction. If the next protocol cannot be found or shown,
that transaction is taken back and the answer stored alone, and the page says so: rare enough to be
cheaper than a savepoint around every answer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import LabelVersion, NotQualified, StaleLabel
from cer_assist.domain.labels import Action
from cer_assist.logs import get_logger
from cer_assist.services import (
    labelling,
    projects,
    qualification,
    reading,
    remarks,
    rubric_versions,
    stopping,
)
from cer_assist.services.card import Card
from cer_assist.services.label_events import Recorded
from cer_assist.services.labelling import MAX_EVIDENCE, MAX_NOTE, LabelRequest
from cer_assist.services.rubrics import project_rubric
from cer_assist.views import errors
from cer_assist.views.access import CODING_ROLES, database, policy, wants_json
from cer_assist.views.label_view import View, sections_of
from cer_assist.views.remarks import as_rows

annotate = Blueprint("annotate", __name__)
log = get_logger()
dice = random.SystemRandom()

SKIP_REASONS = (
    "The text is incomplete or unreadable",
    "This is not a research protocol",
    "I have a conflict of interest",
    "I want to come back to it later",
)
DAY = 86_400.0


class Answer(BaseModel):
    """What the browser sends, as JSON or as form fields; nothing else is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    protocol_id: int = Field(ge=1)
    action: Action
    idempotency_key: str = Field(min_length=8, max_length=80)
    supersedes_id: int | None = None
    level: int | None = None
    confidence: int | None = Field(None, ge=1, le=3)
    evidence: tuple[tuple[int, int], ...] = Field((), max_length=MAX_EVIDENCE)
    note: str = Field("", max_length=MAX_NOTE)
    seconds: float | None = Field(None, ge=0, le=DAY, allow_inf_nan=False)
    rubric_version_id: int | None = None  # of the rubric that stands beside the protocol

    def to_request(self) -> LabelRequest:
        """The same in the words of the service."""
        return LabelRequest(**dict(self))


@annotate.get("/p/<slug>/label")
@policy.members(*CODING_ROLES)
def page(slug: str) -> str | BaseResponse:
    """The protocol to read now, or the one asked for; whoever has to qualify practises first."""
    try:
        return _page()
    except NotQualified:
        if wants_json():
            raise
        return redirect(url_for("training.page", slug=slug), 303)  # it says why


def _page() -> str:
    picked = request.args.get("protocol", type=int)
    mine = g.person.account_id
    with database().write() as session:
        if picked is None:
            card = reading.next_card(session, g.project, mine, dice)
        else:
            card = reading.picked_card(session, g.project, mine, picked, dice=dice)
        view = _view(session, card, reading.to_take_back(session, g.project.id, mine))
        shell = {
            "rubric": project_rubric(session, g.project),
            "progress": projects.progress(session, g.project.id, mine),
            "words": reading.level_words(session, g.project.id),
            "stopped": stopping.told_to_coders(session, g.project.id),
            "new_rubric": rubric_versions.new_to(session, g.project, mine),
        }
    return render_template("label.html", view=view, skip_reasons=SKIP_REASONS, **shell)


@annotate.post("/p/<slug>/label")
@policy.members(*CODING_ROLES)
def save(slug: str) -> Response:
    """Store one answer; the reply is the next card, or for a plain form a way to it."""
    try:
        answer = _read_answer()
        recorded, view = _record(answer.to_request())
    except ValidationError as error:
        return errors.answer(422, _explain(error))
    except StaleLabel as stale:
        return _choose(answer, stale)
    if not request.is_json:
        return _go_on(recorded, view)
    fragment = None
    with suppress(_NoCard), _no_card_for_a_fault():
        fragment = _fragment(view) if view is not None else None
    return jsonify(saved=_saved(recorded), card=fragment, **(view.summary() if view else {}))


@annotate.get("/p/<slug>/label/answers/<key>")
@policy.members(*CODING_ROLES)
def answer_state(slug: str, key: str) -> Response:
    """Whether this coder's answer of that key is on disk; asked after a lost connection."""
    with database().read() as session:
        found = reading.stored_answer(session, g.project.id, g.person.account_id, key)
    return jsonify(stored=found is not None, saved=_saved(found) if found else None)


@annotate.get("/p/<slug>/label/status")
@policy.members(*CODING_ROLES)
def status(slug: str) -> Response:
    """The versions of model and rubric, and whether labelling was stopped: it is polled."""
    with database().read() as session:
        line = reading.model_line(session, g.project.id)
        stopped = stopping.told_to_coders(session, g.project.id)
        rubric = project_rubric(session, g.project)
    said = asdict(line) if line else {"version": None, "label_count": 0}
    by = {"rubric": rubric.version, "rubric_version_id": g.project.rubric_version_id}
    return jsonify(said | by | {"stopped": stopped})


@annotate.get("/p/<slug>/label/words")
@policy.members(*CODING_ROLES)
def words(slug: str) -> Response:
    """The words of each level; fetched once a version, with a new card."""
    with database().read() as session:
        return jsonify(levels=reading.level_words(session, g.project.id))


def _read_answer() -> Answer:
    if request.is_json:
        return Answer.model_validate_json(request.get_data())
    fields = {name: value for name, value in request.form.items() if value != ""}
    fields.pop("csrf_token", None)
    if "level" in fields:
        fields["action"] = Action.label.value
    if "reason" in fields:
        fields |= {"action": Action.skip.value, "note": fields.pop("reason")}
    return Answer.model_validate_strings(fields)


def _explain(error: ValidationError) -> str:
    faults = "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'answer'}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    )
    return f"The answer was not stored because it could not be understood ({faults})."


def _record(answer: LabelRequest) -> tuple[Recorded, View | None]:
    """Store the answer; what follows is None when it failed."""
    mine = g.person.account_id
    try:
        with database().write() as session:
            recorded = labelling.record_label(session, mine, g.project, answer)
            with _no_card_for_a_fault():
                return recorded, _following(session, recorded)
    except _NoCard:
        with database().write() as session:
            return labelling.record_label(session, mine, g.project, answer), None


def _following(session: Session, recorded: Recorded) -> View:
    mine = g.person.account_id
    card = reading.after_answer(session, g.project, mine, recorded, dice)
    undo: Recorded | None = recorded
    if recorded.action is Action.withdraw:
        undo = reading.to_take_back(session, g.project.id, mine)
    return _view(session, card, undo)


class _NoCard(Exception):
    """What follows an answer could not be found or shown; the answer itself is fine."""


@contextmanager
def _no_card_for_a_fault() -> Iterator[None]:
    """Whatever fails in here is logged and becomes a missing card."""
    try:
        yield
    except Exception as error:
        log.exception("an answer's next card failed", project=g.project.slug)
        raise _NoCard from error


def _view(session: Session, card: Card | None, undo: Recorded | None) -> View:
    """All that the card's templates need, read while the transaction is open."""
    sections, evidence = sections_of(card) if card else ([], [])
    said = []
    if card and card.suggestion:
        said = as_rows(remarks.standing(session, card.protocol.id, g.person.account_id))
    return View(
        card=card,
        sections=sections,
        evidence=evidence,
        undo=undo,
        scale=project_rubric(session, g.project).scale,
        model=reading.model_line(session, g.project.id),
        policy=g.project.suggestion_policy,
        some_go_without=g.project.no_suggestion_share > 0,
        slug=g.project.slug,
        rubric_version_id=g.project.rubric_version_id,
        open_pool=g.project.open_pool,
        training_due=card is None and qualification.is_due(session, g.project, g.person.account_id),
        remarks=said,
    )


def _fragment(view: View) -> str:
    # Not through render_template: navigation and the like are of no use to a fragment.
    return current_app.jinja_env.get_template("label_next.html").render(view=view)


def _saved(recorded: Recorded) -> dict[str, Any]:
    return {
        "event_id": recorded.event_id,
        "protocol_id": recorded.protocol_id,
        "action": recorded.action,
        "level": recorded.level,
        "at": recorded.recorded_at.isoformat(timespec="seconds"),
        "repeated": recorded.repeated,
    }


def _go_on(recorded: Recorded, view: View | None) -> Response:
    """Without JavaScript: say what was stored and load the page that follows."""
    said = {
        Action.label: f"Saved: level {recorded.level}.",
        Action.skip: "Saved: skipped.",
        Action.withdraw: "Saved: your answer is taken back.",
    }
    flash(said[recorded.action])
    card = view.card if view else None
    stays = card is not None and card.protocol.id == recorded.protocol_id
    target = url_for(".page", slug=g.project.slug, protocol=recorded.protocol_id if stays else None)
    return make_response(redirect(target, 303))


def _choose(answer: Answer, stale: StaleLabel) -> Response:
    """Both versions side by side, to choose from; nothing was stored."""
    stored: LabelVersion = stale.stored
    shown = {
        "message": stale.message,
        "stored": stored,
        "answer": answer,
        "new_key": View.new_key,
        "slug": g.project.slug,
    }
    if not request.is_json:
        return make_response(render_template("label_stale_page.html", **shown), 409)
    html = current_app.jinja_env.get_template("label_stale.html").render(**shown)
    response = jsonify(
        error=stale.message,
        choice=html,
        stored={"event_id": stored.event_id, "level": stored.level, "at": stored.recorded_at},
    )
    response.status_code = 409
    return response
