"""Agreement: how far coders say the same, of which readings, and what that figure can bear.

For those who lead or audit. The choice of readings stands in the address; a choice whose figures
are out of date is handed to the worker by being looked at.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import Readings, Seen
from cer_assist.services import agreement, assignment_board, fence, read_again, rubrics
from cer_assist.services.reports import Report
from cer_assist.views import agreement_figures as figures
from cer_assist.views.access import OVERSEEING_ROLES, database, policy
from cer_assist.views.navigation import may

agreement_pages = Blueprint("agreement", __name__, url_prefix="/p/<slug>/agreement")


@agreement_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """The figures of a choice of readings."""
    wanted, report = newest_report()
    with database().read() as session:
        choices = agreement.choices(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
        labelling = _labelling(session) if may("read_again.send") else None
        is_fenced = fence.has_sample(session, g.project.id)
    return render_template(
        "agreement.html",
        wanted=wanted,
        report=report,
        choices=choices,
        rubric=rubric,
        names=dict(choices.coders),
        figures=figures,
        main=agreement.MAIN,
        seen_words=SEEN_WORDS,
        labelling=labelling,
        is_fenced=is_fenced,
        most_again=read_again.MOST,
        usual_again=read_again.USUAL,
        **_parts(report.found),
    )


def _labelling(session: Session) -> dict[str, str]:
    """Names by user name of who can be asked to read."""
    lines = assignment_board.by_coder(session, g.project.id)
    return {line.username: line.name for line in lines if line.may_label}


def newest_report() -> tuple[Readings, Report]:
    """The choice in the address and what is known of it; only what is out of date is asked for."""
    wanted = Readings.of(request.args, tuple(request.args.getlist("coder")))
    with database().read() as session:
        report = agreement.report(session, g.project.id, wanted)
    if report.is_waiting:
        with database().write() as session:
            agreement.ask(session, g.project.id, wanted)
    return wanted, report


SEEN_WORDS = {
    Seen.independent: "independent: given before seeing any other answer",
    Seen.elsewhere: "independent, or made elsewhere (imported)",
    Seen.anything: "the answers that stand now, whatever was seen before",
}


def _parts(found: dict[str, Any] | None) -> dict[str, Any]:
    if not found:
        return {"found": None}
    pairs = {(pair["a"], pair["b"]): pair for pair in found["pairs"]}
    return {"found": found, "pairs": pairs}
