"""Home says what to do now: one big button for each project."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from cer_assist.services import assignment_board, projects
from cer_assist.store.types import now
from cer_assist.views.access import CODING_ROLES, database, policy
from cer_assist.views.due import due_in_words

home = Blueprint("home", __name__)


@home.get("/")
@policy.signed_in
def page() -> str:
    """The person's projects, and what is theirs to read."""
    today = now().date()
    with database().read() as session:
        cards = projects.cards(session, g.person.account_id)
        owns = {
            card.project.id: assignment_board.own(session, card.project.id, g.person.account_id)
            for card in cards
            if card.role in CODING_ROLES
        }
    return render_template(
        "home.html", cards=cards, owns=owns, in_words=lambda day: due_in_words(day, today)
    )
