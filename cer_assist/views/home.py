"""Home says what to do now: one big button for each project."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from cer_assist.services import projects
from cer_assist.views.access import database, policy

home = Blueprint("home", __name__)


@home.get("/")
@policy.signed_in
def page() -> str:
    """The person's projects."""
    with database().read() as session:
        cards = projects.cards(session, g.person.account_id)
    return render_template("home.html", cards=cards)
