"""Home says what to do now: one big button for each project."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from cer_assist.services import assignment_board, projects, training, training_results
from cer_assist.store.types import now
from cer_assist.views.access import CODING_ROLES, LEADING_ROLES, database, policy
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
        trainings = {
            card.project.id: training.standing(session, card.project, g.person.account_id)
            for card in cards
            if card.role in CODING_ROLES
        }
        qualified = {
            card.project.id: training_results.qualified(session, card.project)
            for card in cards
            if card.role in LEADING_ROLES and card.project.qualifies_first
        }
    return render_template(
        "home.html",
        cards=cards,
        owns=owns,
        trainings=trainings,
        qualified=qualified,
        in_words=lambda day: due_in_words(day, today),
    )
