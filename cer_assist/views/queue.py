"""What coders are given next and why; a lead may put protocols first or hold them back.

The list of the rare strategy tells which level is expected of its protocols: it is shown to those
who may see suggestions, else on request, and that it was seen is recorded. Until then nothing that
was given is told to be of that list either.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.serving import REASONS_TOLD, REASONS_TOLD_BLIND, UNCERTAIN
from cer_assist.services import dossier, models, queue_board, queue_wishes
from cer_assist.services.queue_board import Tally, Upcoming
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
    reasons = REASONS_TOLD if seen.suggestion else REASONS_TOLD_BLIND
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
            tallies=_by_reason(queue_board.tallies(session, g.project.id), reasons),
            in_hand=queue_board.in_hand(session, g.project.id),
            wished=queue_wishes.wished(session, g.project.id),
            reasons=reasons,
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


def _by_reason(tallies: list[Tally], reasons: dict[str, str]) -> dict[str, list[int]]:
    """Counts of each reason that is told; several strategies may have the same."""
    found: dict[str, list[int]] = {}
    for one in tallies:
        told = reasons.get(one.strategy, one.strategy)
        counts = [one.served, one.answered, one.skipped, one.open, one.expired, one.given_back]
        found[told] = [sum(pair) for pair in zip(found.get(told, [0] * 6), counts, strict=True)]
    return found


def doubt_in_words(strategy: str, one: Upcoming) -> str:
    """How unsure the model is, where that is why a protocol is chosen, without its level."""
    if strategy != UNCERTAIN:
        return ""
    return f"unsure by about {one.uncertainty**0.5:.1f} levels"
