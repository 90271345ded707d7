"""The fenced sample for those who lead or audit: how large, how far, what it measured.

No page says which protocols are in it: a lead may be one of its readers.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import fence, fence_draws, fence_plan, models, projects
from cer_assist.views import model_figures
from cer_assist.views.access import CODING_ROLES, LEADING_ROLES, OVERSEEING_ROLES, database, policy

fence_pages = Blueprint("fence", __name__, url_prefix="/p/<slug>/fence")


@fence_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """Progress, figures and the calculation for another draw."""
    accuracy = _half_width("accuracy", fence_plan.ACCURACY)
    qwk = _half_width("qwk", fence_plan.QWK)
    with database().read() as session:
        found = fence.readings(session, g.project.id)
        return render_template(
            "fence.html",
            counts=fence.counts(found),
            size=len(found),
            estimate=fence.estimate(session, g.project),
            current=models.current_version(session, g.project.id),
            draws=fence_draws.draws(session, g.project.id),
            readers=sum(
                role in CODING_ROLES for _, role in projects.members(session, g.project.id)
            ),
            is_waiting=fence_draws.is_waiting(session, g.project.id),
            plan=fence_plan.plan(session, g.project, accuracy=accuracy, qwk=qwk),
            wanted={"accuracy": accuracy, "qwk": qwk},
            standings=fence.Standing,
            least=fence.LEAST_SETTLED,
            figures=model_figures,
        )


@fence_pages.post("/draw")
@policy.members(*LEADING_ROLES)
def draw(slug: str) -> Response:
    """Have the worker draw."""
    size = request.form.get("size", type=int)
    if size is None:
        raise InvalidInput("“Protocols to draw” needs a whole number.")
    with database().write() as session:
        fence_draws.ask(session, g.project, size, g.person.account_id)
    flash("The draw waits for the worker; reload this page in a moment.")
    return redirect(url_for("fence.page", slug=slug), 303)


def _half_width(name: str, usual: float) -> float:
    """From an address in hundredths; an unusable one counts as the usual one."""
    hundredths = request.args.get(name, type=int)
    return usual if hundredths is None or not 1 <= hundredths <= 50 else hundredths / 100
