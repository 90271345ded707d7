"""The discussion of one protocol, for those who settle it and those who have read it."""

from __future__ import annotations

import secrets

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.services import discussion, protocols
from cer_assist.views.access import CODING_ROLES, LEADING_ROLES, database, policy

discussion_pages = Blueprint("discussion", __name__, url_prefix="/p/<slug>/discussion")


@discussion_pages.get("/<int:protocol_id>")
@policy.members(*CODING_ROLES)
def page(slug: str, protocol_id: int) -> str:
    """What was said; a write transaction, because it is recorded as seen."""
    with database().write() as session:
        protocol = protocols.find(session, g.project.id, protocol_id)
        said = discussion.thread(session, g.project, protocol, g.person.account_id, g.role)
    return render_template(
        "discussion.html",
        protocol=protocol,
        said=said,
        leads=g.role in LEADING_ROLES,
        most=discussion.MAX_TEXT,
        key=secrets.token_urlsafe(18),
    )


@discussion_pages.post("/<int:protocol_id>")
@policy.members(*CODING_ROLES)
def say(slug: str, protocol_id: int) -> Response:
    """Add a comment."""
    text, key = request.form.get("text", ""), request.form.get("idempotency_key", "")
    mine = g.person.account_id
    with database().write() as session:
        protocol = protocols.find(session, g.project.id, protocol_id)
        discussion.say(session, g.project, protocol, mine, g.role, text, key)
    flash("Added to the discussion.")
    return redirect(url_for("discussion.page", slug=slug, protocol_id=protocol_id), 303)
