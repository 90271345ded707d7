"""The rubric in every version that the project had, what changed between them, and proposals.

Each version is shown as it was published, with the hash that every label under it repeats.
"""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.exports.rubric_document import rubric_document
from cer_assist.services import proposals, protocols, rubric_drafts, rubric_versions, rubrics
from cer_assist.services.rubric_versions import Published
from cer_assist.store.types import now
from cer_assist.views.access import ALL_ROLES, CODING_ROLES, LEADING_ROLES, database, policy
from cer_assist.views.downloads import attachment

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

rubric_pages = Blueprint("rubric", __name__, url_prefix="/p/<slug>/rubric")


@rubric_pages.get("")
@policy.members(*ALL_ROLES)
def page(slug: str) -> str:
    """The version in use, or the one asked for."""
    number = request.args.get("version", type=int)
    with database().read() as session:
        known = rubric_versions.versions(session, g.project)
        rubric = rubrics.project_rubric(session, g.project)
        if number is not None:
            rubric = rubric_versions.find_version(session, g.project, number)
        draft = older = None
        if g.role in LEADING_ROLES:
            draft = rubric_drafts.open_draft(session, g.project)
            older = rubric_versions.entailed(session, g.project, but=g.project.rubric_version_id)
        mine = proposals.mine(session, g.project.id, g.person.account_id)
    return render_template(
        "rubric.html",
        rubric=rubric,
        shown=next(one for one in known if one.number == rubric.version),
        known=known,
        draft=draft,
        older=older,
        mine=mine,
    )


@rubric_pages.get("/changes")
@policy.members(*ALL_ROLES)
def changes(slug: str) -> str:
    """What reads otherwise in one version than in another; by default in the last two."""
    with database().read() as session:
        known = rubric_versions.versions(session, g.project)
        after = request.args.get("to", default=known[-1].number, type=int)
        before = request.args.get("from", default=_one_before(known, after), type=int)
        found = rubric_versions.compare(session, g.project, before, after)
        rubric = rubric_versions.find_version(session, g.project, after)
    return render_template(
        "rubric_changes.html", rubric=rubric, known=known, before=before, after=after, found=found
    )


@rubric_pages.get("/versions/<int:number>.<kind>")
@policy.members(*ALL_ROLES)
def file(slug: str, number: int, kind: str) -> Response:
    """A version to keep: its exact text, or a document to read."""
    with database().read() as session:
        rubric = rubric_versions.find_version(session, g.project, number)
    name = f"{rubric.id}.v{rubric.version}"
    if kind == "yaml":
        return attachment(rubric.text, f"{name}.yaml", "application/yaml")
    if kind == "docx":
        return attachment(rubric_document(rubric, now()), f"{name}.docx", WORD)
    raise NotFound("A version can be had as .yaml or .docx.")


@rubric_pages.post("/proposals")
@policy.members(*CODING_ROLES)
def propose(slug: str) -> BaseResponse:
    """Keep what someone would have clearer."""
    name = request.form.get("protocol", "").strip()
    with database().write() as session:
        about = protocols.find_by_name(session, g.project.id, name).id if name else None
        proposals.propose(
            session,
            g.project.id,
            g.person.account_id,
            request.form.get("text", ""),
            level=_level(request.form.get("level", "")),
            protocol_id=about,
        )
    flash("Your proposal is with the project's leads. You find it here with what became of it.")
    return redirect(url_for("rubric.page", slug=slug) + "#proposals", 303)


def _level(value: str) -> int | None:
    if value and not value.isdigit():
        raise InvalidInput("Choose one of the levels, or the rubric as a whole.")
    return int(value) if value else None


def _one_before(known: list[Published], number: int) -> int:
    numbers = [one.number for one in known]
    at = numbers.index(number) if number in numbers else 0
    return numbers[max(0, at - 1)]
