"""What coders are given next and why; a lead may put protocols first or hold them back.

The list of the rare strategy tells which level is expected of its protocols: it is shown to those
who may see suggestions, else on request, and that it was seen is recorded.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.serving import REASONS_TOLD, UNCERTAIN
from cer_assist.services import dossier, models, queue_board, queue_wishes
from cer_assist.services.queue_board import Upcoming
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.queue import Wish
from cer_assist.views.access import LEADING_ROLES, database, policy
from cer_assist.views.presentation import count

queue_pages = Blueprint("queue", __name__, url_prefix="/p/<slug>/queue")


@queue_pages.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """A write transaction, because what it shows of rare levels is recorded as seen."""
    policy_now = SuggestionPolicy(g.project.suggestion_policy)
    asked = request.args.get("all") == "1"
    seen = dossier.sight(policy_now, g.role, answered=False, asked=asked)
    with database().write() as session:
        version = models.current_version(session, g.project.id)
        orders = queue_board.orders(session, g.project, version, rare=seen.suggestion)
        if version is not None and seen.suggestion:
            queue_board.note_rare_seen(session, version.id, orders, g.person.account_id)
        return render_template(
            "queue.html",
            version=version,
            orders=orders,
            waiting=queue_board.waiting(session, g.project.id),
            tallies=queue_board.tallies(session, g.project.id),
            in_hand=queue_board.in_hand(session, g.project.id),
            wished=queue_wishes.wished(session, g.project.id),
            reasons=REASONS_TOLD,
            doubt_in_words=doubt_in_words,
        )


@queue_pages.post("/wishes")
@policy.members(*LEADING_ROLES)
def wish(slug: str) -> Response:
    """Pin, hold or release the protocols that are ticked or named, one id a line."""
    names = [*request.form.getlist("id"), *request.form.get("ids", "").splitlines()]
    action, mine = request.form.get("action", ""), g.person.account_id
    with database().write() as session:
        if action == "release":
            done = queue_wishes.release(session, g.project, names, mine)
            said = f"{count(done, 'protocol')} released: the queue decides again."
        elif action in set(Wish):
            reason = request.form.get("reason", "")
            done = queue_wishes.want(session, g.project, names, Wish(action), reason, mine)
            said = f"{count(done, 'protocol')} {WISHED[Wish(action)]}."
        else:
            raise InvalidInput("Choose whether to put protocols first, hold or release them.")
    flash(said)
    return redirect(url_for("queue.page", slug=slug), 303)


WISHED = {Wish.pinned: "put first", Wish.held: "held back until released"}


def doubt_in_words(strategy: str, one: Upcoming) -> str:
    """How unsure the model is, where that is why a protocol is chosen, without its level."""
    if strategy != UNCERTAIN:
        return ""
    return f"unsure by about {one.uncertainty**0.5:.1f} levels"
