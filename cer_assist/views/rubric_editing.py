"""Editing the rubric into its next version: one form, saved with all its faults, then published.

Every button of the form saves first, so nothing typed is lost by looking at what changed, adding an
example or going on to publish.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request
from flask import url_for as to
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric_changes import changes, touched
from cer_assist.domain.wording import Wording, faults, wording_of
from cer_assist.services import proposals, rubric_drafts, rubric_versions, rubrics
from cer_assist.services.rubric_drafts import Draft, StaleDraft
from cer_assist.store.tables.rubrics import Outcome
from cer_assist.views.access import LEADING_ROLES, database, policy
from cer_assist.views.downloads import attachment
from cer_assist.views.presentation import count
from cer_assist.views.rubric_form import touched_from, wording_from

LARGEST_FILE = 500_000  # bytes
QUOTED = ("example.protocol", "example.quote", "example.why")

rubric_editing = Blueprint("rubric_editing", __name__, url_prefix="/p/<slug>/rubric/draft")


@rubric_editing.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """The draft's form; a write transaction, for proposals that tell a level are noted as seen."""
    with database().write() as session:
        draft = rubric_drafts.open_draft(session, g.project)
        return _editor(session, draft, draft.wording, draft.note, draft.revision)


@rubric_editing.post("")
@policy.members(*LEADING_ROLES)
def save(slug: str) -> BaseResponse:
    """Keep what was typed, then do what its button says."""
    revision, note = request.form.get("revision", ""), request.form.get("note", "")
    with database().read() as session:
        scale = rubrics.project_rubric(session, g.project).scale
    wording = wording_from(request.form, scale)
    try:
        with database().write() as session:
            mine = g.person.account_id
            revision = rubric_drafts.save(session, g.project, wording, note, revision, mine)
    except StaleDraft as stale:
        return _choose(wording, note, stale)
    then = request.form.get("then", "")
    if then == "example":
        return _with_example(slug, revision)
    missing = len(faults(wording))
    flash("Saved." + (f" {count(missing, 'place')} still to be filled in." if missing else ""))
    pages = {"changes": ".draft_changes", "publish": ".publish_page"}
    return redirect(to(pages.get(then, ".page"), slug=slug), 303)


@rubric_editing.post("/file")
@policy.members(*LEADING_ROLES)
def upload(slug: str) -> BaseResponse:
    """Put a rubric file's wording in the draft's place."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise InvalidInput("Choose a rubric file (YAML) first.")
    body = given.stream.read(LARGEST_FILE + 1)
    if len(body) > LARGEST_FILE:
        raise InvalidInput("A rubric file is not larger than half a megabyte.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput("The file is not UTF-8 text: save it as UTF-8.") from error
    revision = request.form.get("revision", "")
    with database().write() as session:
        mine = g.person.account_id
        rubric_drafts.replace_by_file(session, g.project, text, "The file", revision, mine)
    flash("The draft says now what the file says.")
    return redirect(to(".page", slug=slug), 303)


@rubric_editing.get("/file")
@policy.members(*LEADING_ROLES)
def file(slug: str) -> Response:
    """The draft as the file that it would be published as."""
    with database().read() as session:
        draft = rubric_drafts.open_draft(session, g.project)
        text = rubric_drafts.next_text(session, draft)
    return attachment(text, f"{draft.based_on.id}.draft.yaml", "application/yaml")


@rubric_editing.post("/discard")
@policy.members(*LEADING_ROLES)
def discard(slug: str) -> BaseResponse:
    """Throw the draft away."""
    with database().write() as session:
        rubric_drafts.discard(session, g.project, request.form.get("revision", ""))
    flash("The draft is thrown away.")
    return redirect(to("rubric.page", slug=slug), 303)


@rubric_editing.get("/changes")
@policy.members(*LEADING_ROLES)
def draft_changes(slug: str) -> str:
    """What the draft says otherwise than the version in use."""
    with database().read() as session:
        return render_template("rubric_changes.html", **_against_use(session), known=[])


@rubric_editing.get("/publish")
@policy.members(*LEADING_ROLES)
def publish_page(slug: str) -> str:
    """What publishing entails, and the question whether to."""
    with database().read() as session:
        return _publishing(session, None, None, "")


@rubric_editing.post("/publish")
@policy.members(*LEADING_ROLES)
def publish(slug: str) -> BaseResponse:
    """Make the draft the next version."""
    revision, note = request.form.get("revision", ""), request.form.get("note", "")
    levels, mine = touched_from(request.form), g.person.account_id
    try:
        with database().write() as session:
            row = rubric_drafts.publish(session, g.project, revision, note, levels, mine)
            number = row.version
    except (InvalidInput, StaleDraft) as refused:
        with database().read() as session:
            shown = _publishing(session, note, levels, refused.message)
        return make_response(shown, 409 if isinstance(refused, StaleDraft) else 400)
    flash(f"Version {number} is published: coders get it with their next protocol.")
    return redirect(to("rereading.page", slug=slug), 303)


@rubric_editing.post("/proposals/<int:proposal_id>")
@policy.members(*LEADING_ROLES)
def decide(slug: str, proposal_id: int) -> BaseResponse:
    """Take a proposal up into the next version, or decline it."""
    outcome = request.form.get("outcome", "")
    if outcome not in set(Outcome):
        raise InvalidInput("Say whether the proposal is taken up or declined.")
    reason, mine = request.form.get("reason", ""), g.person.account_id
    with database().write() as session:
        rubric_id = rubrics.project_rubric(session, g.project).id
        number = rubric_versions.next_number(session, rubric_id)
        decision = Outcome(outcome), reason, mine
        proposals.decide(session, g.project, proposal_id, *decision, version=number)
    flash("Its author reads what became of the proposal.")
    return redirect(to(".page", slug=slug) + "#proposals", 303)


def _with_example(slug: str, revision: str) -> BaseResponse:
    """The wording is saved by now: a fault of the example costs only the example."""
    protocol, quote, why = (request.form.get(name, "") for name in QUOTED)
    try:
        with database().write() as session:
            mine, quoted = g.person.account_id, (protocol, quote, why)
            rubric_drafts.add_example(session, g.project, quoted, revision, mine)
    except (InvalidInput, StaleDraft) as refused:
        with database().write() as session:
            draft = rubric_drafts.open_draft(session, g.project)
            said = {"example_fault": refused.message}
            shown = _editor(session, draft, draft.wording, draft.note, draft.revision, **said)
        return make_response(shown, 400)
    flash("Saved, with the passage as an example of its level.")
    return redirect(to(".page", slug=slug), 303)


def _choose(wording: Wording, note: str, stale: StaleDraft) -> BaseResponse:
    """What was typed, beside what another lead has saved meanwhile; saving again replaces it."""
    stored = stale.stored
    with database().write() as session:
        shown = _editor(
            session,
            stored,
            wording,
            note,
            stored.revision,
            stale=stale.message,
            between=changes(stored.wording, wording),
        )
    return make_response(shown, 409)


def _editor(
    session: Session, draft: Draft, wording: Wording, note: str, revision: str, **said: Any
) -> str:
    asked, mine = request.args.get("all") == "1", g.person.account_id
    values: dict[str, Any] = {"stale": "", "between": [], "example_fault": "", **said}
    return render_template(
        "rubric_edit.html",
        draft=draft,
        wording=wording,
        note=note,
        revision=revision,
        faults=faults(wording) if revision else {},
        quoted={name: request.form.get(name, "") for name in QUOTED},
        current=rubrics.project_rubric(session, g.project),
        number=rubric_versions.next_number(session, draft.based_on.id),
        proposed=proposals.for_lead(session, g.project.id, mine, asked=asked),
        **values,
    )


def _against_use(session: Session) -> dict[str, Any]:
    rubric = rubrics.project_rubric(session, g.project)
    draft = rubric_drafts.open_draft(session, g.project)
    found = changes(wording_of(rubric), draft.wording)
    return {"rubric": rubric, "before": rubric.version, "after": None, "found": found}


def _publishing(session: Session, note: str | None, levels: list[int] | None, fault: str) -> str:
    draft = rubric_drafts.open_draft(session, g.project)
    shown = _against_use(session)
    guessed = list(touched(shown["found"], shown["rubric"].scale))
    return render_template(
        "rubric_publish.html",
        **shown,
        draft=draft,
        number=rubric_versions.next_number(session, shown["rubric"].id),
        note=draft.note if note is None else note,
        levels=guessed if levels is None else levels,
        fault=fault,
        entailed=rubric_versions.entailed(session, g.project),
    )
