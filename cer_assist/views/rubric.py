"""The rubric is shown as the project pinned it, with the hash that every label repeats."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from cer_assist.services import rubrics
from cer_assist.views.access import ALL_ROLES, database, policy

rubric_pages = Blueprint("rubric", __name__, url_prefix="/p/<slug>/rubric")


@rubric_pages.get("")
@policy.members(*ALL_ROLES)
def page(slug: str) -> str:
    """The pinned version, readable."""
    with database().read() as session:
        rubric = rubrics.project_rubric(session, g.project)
    return render_template("rubric.html", rubric=rubric)
