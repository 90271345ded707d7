"""Doubtful levels: what a model would not have expected is read again by someone else."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.services import assignment_board, label_checks
from cer_assist.views.access import LEADING_ROLES, database, policy
from cer_assist.views.presentation import count

label_check_pages = Blueprint("label_checks", __name__, url_prefix="/p/<slug>/doubtful")


@label_check_pages.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """The list, without levels, and who could read again."""
    with database().read() as session:
        stands = label_checks.standing(session, g.project.id)
        lines = assignment_board.by_coder(session, g.project.id)
    coders = [line for line in lines if line.may_label]
    return render_template("label_checks.html", stands=stands, coders=coders)


@label_check_pages.post("/ask")
@policy.members(*LEADING_ROLES)
def ask(slug: str) -> Response:
    """Have the worker look."""
    with database().write() as session:
        label_checks.ask(session, g.project, g.person.account_id)
    flash("The check waits for the worker; this page tells how far it is.")
    return redirect(url_for("label_checks.page", slug=slug), 303)


@label_check_pages.post("/send")
@policy.members(*LEADING_ROLES)
def send(slug: str) -> Response:
    """Have the chosen ones read once more."""
    chosen, coder = request.form.getlist("protocol"), request.form.get("coder", 0, type=int)
    with database().write() as session:
        found = label_checks.send(session, g.project, chosen, coder, g.person.account_id)
    flash(f"{count(len(found.pairs), 'protocol')} sent to be read once more.")
    return redirect(url_for("label_checks.page", slug=slug), 303)
