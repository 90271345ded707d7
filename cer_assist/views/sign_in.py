"""Signing in and out. Password hashing happens with no transaction open and one at a time."""

from __future__ import annotations

import datetime as dt
import threading
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask import session as form_session

from cer_assist.domain.errors import SignInRefused
from cer_assist.services import accounts
from cer_assist.views import access
from cer_assist.views.access import database, policy, settings

sign_in = Blueprint("sign_in", __name__)
# Argon2 takes 64 MB and all cores for a moment; eight at once would take the machine.
hashing = threading.Lock()


def safe_next(target: str) -> str:
    """Only a path of this site: a link must not lead a signed-in person elsewhere."""
    parts = urlsplit(target)
    here = target.startswith("/") and not parts.scheme and not parts.netloc
    plain = target.isprintable() and "\\" not in target and not target.startswith("//")
    return target if here and plain else "/"


@sign_in.get("/sign-in")
@policy.public
def form() -> str:
    """The sign-in form."""
    return _form(request.args.get("next", "/"))


def _form(target: str, *, username: str = "", error: str = "") -> str:
    return render_template(
        "sign_in.html",
        target=safe_next(target),
        username=username,
        error=error,
        lost="lost" in request.values,
    )


@sign_in.post("/sign-in")
@policy.public
def enter() -> Response:
    """Check name and password."""
    username = request.form.get("username", "").strip().lower()[:200]
    target = request.form.get("next", "/")
    try:
        account_id = check_password(username, request.form.get("password", ""))
    except SignInRefused as error:
        page = _form(target, username=username, error=error.message)
        return make_response(page, 401)
    return _open(account_id, target)


def check_password(username: str, password: str) -> int:
    """The account this password opens; failures are counted for name and address."""
    address = request.remote_addr or ""
    with database().read() as session:
        accounts.check_attempts(session, username, address)
    try:
        with hashing, database().read() as session:
            return accounts.check_password(session, username, password).id
    except SignInRefused:
        with database().write() as session:
            accounts.note_failure(session, username, address)
        raise


@sign_in.get("/link/<token>")
@policy.public
def link(token: str) -> str:
    """Only a button: mail scanners fetch links, and that must not use them up."""
    return render_template("link.html", token=token)


@sign_in.post("/link/<token>")
@policy.public
def use_link(token: str) -> Response:
    """Sign in once by link; the password is set afterwards under Account."""
    with database().write() as session:
        account_id = accounts.use_link(session, token)
    return _open(account_id, "/")


@sign_in.post("/sign-out")
@policy.signed_in
def leave() -> Response:
    """End the session on the server, so that a copied cookie is worth nothing."""
    with database().write() as session:
        accounts.end_session(session, g.token)
    form_session.clear()
    response = make_response(redirect("/sign-in", 303))
    access.clear_cookie(response)
    return response


def _open(account_id: int, target: str) -> Response:
    lifetime = dt.timedelta(hours=settings().session_hours)
    with database().write() as session:
        token = accounts.open_session(session, account_id, lifetime)
    form_session.clear()  # form tokens from before signing in are worth nothing now
    response = make_response(redirect(safe_next(target), 303))
    access.set_cookie(response, token)
    return response
