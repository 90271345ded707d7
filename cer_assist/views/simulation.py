"""What other ways of choosing would have cost here: asked by a lead, answered by the worker."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.domain.strategies import STRATEGY_WORDS
from cer_assist.services import simulations
from cer_assist.views import assets
from cer_assist.views.access import LEADING_ROLES, OVERSEEING_ROLES, database, policy

simulation_pages = Blueprint("simulation", __name__, url_prefix="/p/<slug>/simulation")


@simulation_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """The last simulation, the one under way, and a form for another."""
    with database().read() as session:
        stands = simulations.standing(session, g.project.id)
    found = stands.found or {}
    points = [
        {"strategy": name, **{key: point[key] for key in ("labels", "qwk")}}
        for name, row in found.get("strategies", {}).items()
        for point in row["curve"]
    ]
    return render_template(
        "simulation.html",
        stands=stands,
        found=found,
        points=points,
        words=STRATEGY_WORDS,
        repeats=simulations.SEEDS,
        can_draw=assets.can_draw(),
    )


@simulation_pages.post("/ask")
@policy.members(*LEADING_ROLES)
def ask(slug: str) -> Response:
    """Have the worker replay the project."""
    strategies = request.form.getlist("strategy")
    seeds = request.form.get("seeds", 0, type=int)
    with database().write() as session:
        simulations.ask(session, g.project, strategies, seeds, g.person.account_id)
    flash("The simulation waits for the worker; this page tells how far it is.")
    return redirect(url_for("simulation.page", slug=slug), 303)


@simulation_pages.post("/stop")
@policy.members(*LEADING_ROLES)
def stop(slug: str) -> Response:
    """Stop the one that waits or runs."""
    with database().write() as session:
        simulations.stop(session, g.project.id, g.person.account_id)
    flash("The simulation stops.")
    return redirect(url_for("simulation.page", slug=slug), 303)
