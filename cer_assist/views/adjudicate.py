"""Disagreements: a list in the order of need, and each with its text once and its readings beside.

The list keeps its track in the address. A decision brings the next protocol of the same track. What
changed meanwhile is shown on the same page, with what had been filled in.
"""

from __future__ import annotations

import json
import math
import secrets
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.adjudication import REASONS, Act, Reason, Track
from cer_assist.domain.errors import InvalidInput, StaleDecision
from cer_assist.domain.labels import Origin
from cer_assist.services import adjudicating, discussion, dispute_case, disputes, rubrics
from cer_assist.services.adjudicating import MAX_NOTE
from cer_assist.services.dispute_case import Case
from cer_assist.services.disputes import Dispute, Docket
from cer_assist.services.rulings import Ruled, Ruling
from cer_assist.views.access import LEADING_ROLES, database, policy
from cer_assist.views.label_view import View
from cer_assist.views.marked_text import Marks, is_title, read_sections

adjudicate_pages = Blueprint("adjudicate", __name__, url_prefix="/p/<slug>/adjudicate")

SAID = {
    Act.propose: "Saved: level {}. It waits for a second adjudicator.",
    Act.decide: "Saved: the final level is {}.",
    Act.send_back: "Sent back: its coders are given it next.",
    Act.take_back: "Your final level is taken back.",
}


class Decision(BaseModel):
    """What the form sends, or a script; nothing else is accepted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    act: Act = Field(description="decide, send_back or take_back")
    between: tuple[int, ...] = Field(description="The event_id of each reading you were shown")
    idempotency_key: str = Field(
        min_length=8, max_length=80, description="New for each decision: sent twice, it counts once"
    )
    level: int | None = Field(None, description="The final level, with act decide")
    reason: Reason | None = Field(
        None,
        description="rubric_gap, overlooked_text, ambiguous_text or slip; not where readings agree",
    )
    note: str = Field(
        "", max_length=MAX_NOTE, description="For the record; with send_back, what coders are told"
    )

    def to_ruling(self, protocol_id: int, origin: Origin = Origin.browser) -> Ruling:
        """The same in the words of the service."""
        return Ruling(protocol_id=protocol_id, origin=origin, **dict(self))


@adjudicate_pages.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """What waits, in order."""
    track = _track()
    with database().read() as session:
        docket = disputes.docket(session, g.project, g.person.account_id)
        rubric = rubrics.project_rubric(session, g.project)
    rows = docket.rows if track is None else docket.on(track)
    return render_template(
        "adjudicate.html",
        docket=docket,
        found=disputes.page_of(rows, request.args.get("page", 1, type=int)),
        track=track,
        tracks=Track,
        guess=math.log(len(rubric.scale)),
    )


@adjudicate_pages.get("/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
def case(slug: str, protocol_id: int) -> str:
    """One of them; a write transaction, because what it shows is recorded as seen."""
    with database().write() as session:
        return _render(session, protocol_id)


@adjudicate_pages.post("/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
def save(slug: str, protocol_id: int) -> Response | tuple[str, int]:
    """Store what was decided and go on to the next."""
    asked = _read_form()
    mine = g.person.account_id
    try:
        with database().write() as session:
            ruled = adjudicating.rule(session, g.project, mine, asked.to_ruling(protocol_id))
            docket = disputes.docket(session, g.project, mine)
    except StaleDecision as stale:
        with database().write() as session:
            return _render(session, protocol_id, stale=stale.message, draft=asked), 409
    flash(SAID[ruled.act].format(ruled.level))
    return redirect(_after(docket, ruled), 303)


def _read_form() -> Decision:
    fields: dict[str, Any] = {name: value for name, value in request.form.items() if value != ""}
    fields.pop("csrf_token", None)
    fields["between"] = [int(one) for one in fields.get("between", "").split() if one.isdecimal()]
    fields["level"] = request.form.get("level", type=int)
    try:
        return Decision.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        raise InvalidInput(
            "The decision could not be understood: reload the page and decide again."
        ) from error


def _render(
    session: Session, protocol_id: int, *, stale: str = "", draft: Decision | None = None
) -> str:
    found = dispute_case.open_case(session, g.project, g.person.account_id, protocol_id)
    docket = disputes.docket(session, g.project, g.person.account_id)
    following = _following(docket, protocol_id)
    return render_template(
        "adjudicate_case.html",
        case=found,
        sections=_sections(found),
        rubric=rubrics.project_rubric(session, g.project),
        reasons=REASONS,
        max_note=MAX_NOTE,
        confidence=View.confidence,
        key=secrets.token_urlsafe(18),
        stale=stale,
        draft=draft,
        track=_track(),
        following=following,
        left=len(docket.to_do),
        comments=discussion.count_of(session, protocol_id),
    )


def _sections(found: Case) -> tuple[Any, list[Any]]:
    """The title and the other sections, with each coder's marks."""
    voices = [
        (item["start"], item["end"], voice.letter)
        for voice in found.voices
        for item in voice.evidence
        if "start" in item
    ]
    protocol = found.protocol
    sections = read_sections(protocol.text, protocol.sections, Marks(voices=voices))
    title = next(filter(is_title, sections), None)
    return title, [section for section in sections if section is not title]


def _track() -> Track | None:
    value = request.args.get("track", "")
    return Track(value) if value in set(Track) else None


def _to_do(docket: Docket) -> list[Dispute]:
    track = _track()
    return [one for one in docket.to_do if track is None or one.track is track]


def _following(docket: Docket, protocol_id: int) -> int | None:
    """The one after this in the list; from its end, the first."""
    ids = [one.protocol_id for one in _to_do(docket)]
    if protocol_id not in ids:
        return ids[0] if ids else None
    others = ids[ids.index(protocol_id) + 1 :] + ids[: ids.index(protocol_id)]
    return others[0] if others else None


def _after(docket: Docket, ruled: Ruled) -> str:
    """A level taken back is decided anew; else what comes next in the list."""
    following = _following(docket, ruled.protocol_id)
    if ruled.act is Act.take_back:
        following = ruled.protocol_id
    if following is None:
        return url_for(".page", slug=g.project.slug)
    return url_for(".case", slug=g.project.slug, protocol_id=following, track=_track())
