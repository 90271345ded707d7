"""A person's own password, sessions and tokens."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, Response, flash, g, make_response, redirect, render_template, request

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.scopes import SCOPES_TOLD
from cer_assist.services import accounts, sign_ins, tokens
from cer_assist.store.tables import Account
from cer_assist.views import access, shown_once
from cer_assist.views.access import database, policy, settings
from cer_assist.views.sign_in import check_password, hashing

account = Blueprint("account", __name__, url_prefix="/account")
PATH = "/account"


@account.get("")
@policy.signed_in
def page() -> Response:
    """Password, sessions and tokens; a token that was just made stands there this once."""
    response = make_response(_page(shown_once.waiting()))
    shown_once.take_away(response, PATH)
    return response


def _page(made: str) -> str:
    idle = dt.timedelta(minutes=settings().session_idle_minutes)
    with database().read() as session:
        has_password = session.get_one(Account, g.person.account_id).password_hash is not None
        sessions = sign_ins.open_sessions(session, g.person.account_id, g.token, idle)
        own = tokens.of_account(session, g.person.account_id)
    return render_template(
        "account.html",
        has_password=has_password,
        sessions=sessions,
        tokens=own,
        made=made,
        scopes=SCOPES_TOLD,
        usual_days=tokens.USUAL_DAYS,
        most_days=tokens.MOST_DAYS,
    )


@account.post("/tokens")
@policy.signed_in
def make_token() -> Response:
    """Make a token; it stands on the page that follows, once, and nowhere else."""
    form, mine = request.form, g.person.account_id
    wish = tokens.Wish(
        form.get("name", ""),
        form.getlist("scope"),
        form.get("project", "").strip(),
        form.get("days", tokens.USUAL_DAYS, type=int),
    )
    with database().write() as session:
        _, made = tokens.make(session, mine, wish, mine)
    response = make_response(redirect(PATH, 303))
    shown_once.hand_over(response, made, PATH)
    return response


@account.post("/tokens/<int:token_id>/revoke")
@policy.signed_in
def revoke_token(token_id: int) -> Response:
    """End one of one's own tokens."""
    mine = g.person.account_id
    with database().write() as session:
        tokens.revoke(session, token_id, mine, owner=mine)
    flash("The token is revoked: nobody can ask with it any more.")
    return make_response(redirect("/account", 303))


@account.post("/password")
@policy.signed_in
def change_password() -> Response:
    """Set a new password; it ends all other sessions and opens a new one here."""
    new = request.form.get("new_password", "")
    if new != request.form.get("repeated", ""):
        raise InvalidInput("The two new passwords differ: type the same one twice.")
    account_id = g.person.account_id
    with database().read() as session:
        has_password = session.get_one(Account, account_id).password_hash is not None
    if has_password:
        check_password(g.person.username, request.form.get("old_password", ""))
    lifetime = dt.timedelta(hours=settings().session_hours)
    with hashing, database().write() as session:
        accounts.set_password(session, account_id, new, by=account_id)
        token = accounts.open_session(session, account_id, lifetime)
    flash("Your password is set. All your other browsers are signed out.")
    response = make_response(redirect("/account", 303))
    access.set_cookie(response, token)
    return response


@account.post("/sign-out-everywhere")
@policy.signed_in
def sign_out_everywhere() -> Response:
    """End all sessions, this one too."""
    with database().write() as session:
        sign_ins.end_everywhere(session, g.person.account_id)
    response = make_response(redirect("/sign-in", 303))
    access.clear_cookie(response)
    return response
