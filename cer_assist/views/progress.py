"""Progress: what labelling has come to, what more of it would bring, and whether to stop.

For those who lead or audit. It tells numbers of protocols and never a protocol's level, so nothing
on it counts as having seen an answer.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import rubrics, stopping
from cer_assist.services.overview import overview
from cer_assist.store.tables import Project
from cer_assist.views import assets, model_figures
from cer_assist.views.access import LEADING_ROLES, OVERSEEING_ROLES, database, policy

progress_pages = Blueprint("progress", __name__, url_prefix="/p/<slug>/progress")


@progress_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """Every figure, each with what it means."""
    return render_template("progress.html", **_context())


@progress_pages.get("/decision")
@policy.members(*LEADING_ROLES)
def decision(slug: str) -> str:
    """The dialog as a page of its own, for browsers without scripts."""
    return render_template("progress_decision.html", **_context())


@progress_pages.post("/decision")
@policy.members(*LEADING_ROLES)
def decide(slug: str) -> Response:
    """Record what the lead decided; nothing is locked by it."""
    wanted = request.form.get("decision", "")
    if wanted not in ("stop", "go-on"):
        raise InvalidInput("Choose whether labelling stops or goes on.")
    with database().write() as session:
        project = session.get_one(Project, g.project.id)
        stopping.decide(
            session,
            project,
            g.person.account_id,
            stops=wanted == "stop",
            reason=request.form.get("reason", ""),
        )
    flash("Recorded: labelling stops." if wanted == "stop" else "Recorded: labelling goes on.")
    return redirect(url_for("progress.page", slug=slug), 303)


def _context() -> dict[str, Any]:
    with database().read() as session:
        project = session.get_one(Project, g.project.id)
        found = overview(session, project)
        rubric = rubrics.project_rubric(session, project)
    return {
        "found": found,
        "rubric": rubric,
        "figures": model_figures,
        "half_width": stopping.half_width(found.fenced),
        "most_wrong": stopping.most_wrong(project, found.read + found.unread),
        "max_reason": stopping.MAX_REASON,
        "can_draw": assets.can_draw(),
    }
