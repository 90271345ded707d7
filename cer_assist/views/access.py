"""Every route declares who may use it, and a route that does not keeps the app from starting.

    @pages.get("/p/<slug>/words")
    @policy.members(*ALL_ROLES)
    def words(slug: str) -> str: ...

Before such a view runs, `g.person`, `g.project` (detached), `g.role` and `g.token` are set. A
project one is not a member of does not exist: 404, so that its name is not given away either.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from cer_assist.config import Settings
from cer_assist.domain.errors import NotAllowed, NotFound, SignInRefused
from cer_assist.services import access, accounts, tokens
from cer_assist.services.accounts import SignedIn
from cer_assist.store.engine import Database
from cer_assist.store.tables.accounts import CODING, LEADING, OVERSEEING, Role
from cer_assist.views.limits import limits

View = TypeVar("View", bound=Callable[..., Any])
ALL_ROLES = tuple(Role)
CODING_ROLES, LEADING_ROLES, OVERSEEING_ROLES = CODING, LEADING, OVERSEEING
LARGEST = 2**31 - 1  # of what a column of whole numbers holds
API = "/api/v1/"  # what stands below it answers in JSON, whoever asks


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may use a route."""

    needs_person: bool = True
    needs_administrator: bool = False
    roles: frozenset[Role] | None = None  # None: the route is not about a project

    def __call__(self, view: View) -> View:
        """Declare it on a view function."""
        cast(Any, view).policy = self
        return view

    def allows(self, person: SignedIn | None, role: Role | None) -> bool:
        """The rule itself: pure, so that navigation and tests ask the same question."""
        if not self.needs_person:
            return True
        if person is None or (self.needs_administrator and not person.is_administrator):
            return False
        return self.roles is None or role in self.roles


class policy:  # noqa: N801 - reads as a word: @policy.members(Role.lead)
    """The four kinds of policy."""

    public = Policy(needs_person=False)
    signed_in = Policy()
    administrator = Policy(needs_administrator=True)

    @staticmethod
    def members(*roles: Role) -> Policy:
        """Members of the project in the address who have one of these roles."""
        return Policy(roles=frozenset(roles))


def database() -> Database:
    """The app's database."""
    return cast(Database, current_app.extensions["database"])


def settings() -> Settings:
    """The app's settings."""
    return cast(Settings, current_app.extensions["settings"])


def policy_of(app: Flask, endpoint: str) -> Policy | None:
    """The policy a route declares."""
    return cast("Policy | None", getattr(app.view_functions.get(endpoint), "policy", None))


def require_policies(app: Flask) -> None:
    """Refuse to start with a route that forgot to say who may use it."""
    for rule in app.url_map.iter_rules():
        found = policy_of(app, rule.endpoint)
        if found is None:
            raise RuntimeError(f"route {rule} ({rule.endpoint}) declares no policy")
        if (found.roles is not None) != ("slug" in rule.arguments):
            raise RuntimeError(f"route {rule}: <slug> and policy.members belong together")


def enforce() -> BaseResponse | None:
    """Find out who asks and let them through, or not; runs before every view."""
    declared = policy_of(current_app, request.endpoint) if request.endpoint else None
    if declared is not None and not declared.needs_person:
        return None
    _refuse_impossible()
    _identify((request.view_args or {}).get("slug"))
    if declared is None:  # no such address: the error page still greets who is signed in
        return None
    if "person" not in g:
        return _ask_to_sign_in()
    if declared.roles is not None and "project" not in g:
        raise NotFound("There is no such project, or you are not a member of it.")
    if not declared.allows(g.person, g.get("role")):
        raise NotAllowed("Your role does not include this page. Ask the project's administrator.")
    if request.path.startswith(API):
        _check_script()
    return None


def _check_script() -> None:
    """How often it asks, and whether its token was made for this."""
    limits().count_request()
    needed = getattr(current_app.view_functions[request.endpoint or ""], "scope", None)
    if "scopes" in g and needed not in g.scopes:
        raise NotAllowed(
            f"This token was not made for this: it lacks the scope {needed}. Make another one on "
            "your account page."
        )


def _refuse_impossible() -> None:
    """No database has such numbers or names, and PostgreSQL fails when it is asked for them."""
    for value in (request.view_args or {}).values():
        if isinstance(value, int) and value > LARGEST:
            raise NotFound("There is nothing with such a number.")
        if isinstance(value, str) and "\0" in value:
            raise NotFound("There is nothing with such a name.")


def bearer() -> str | None:
    """The token that a script sends along; below the API only, and then no cookie counts."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if request.path.startswith(API) and kind.lower() == "bearer" else None


def _identify_script(sent: str, slug: str | None) -> None:
    with database().read() as session:
        found = tokens.find_visit(session, sent, slug)
    if found is None:  # good tokens of the same address are let through, however many were wrong
        limits().count_failure()
        raise SignInRefused("This token is unknown, revoked or too old: make a new one.")
    g.token_id, g.scopes, g.person = found.token_id, found.scopes, found.visit.person
    if found.visit.project is not None:
        g.project, g.role = found.visit.project, found.visit.role
    if found.visit.touch_due:
        with database().write() as session:
            tokens.touch(session, found.token_id)


def _identify(slug: str | None) -> None:
    sent = bearer()
    if sent is not None:
        return _identify_script(sent, slug)
    token = request.cookies.get(cookie_name(settings()), "")
    if not token:
        return
    idle = dt.timedelta(minutes=settings().session_idle_minutes)
    with database().read() as session:
        visit = access.find_visit(session, token, idle, slug)
    if visit is None:
        return
    g.token, g.person = token, visit.person
    if visit.project is not None:
        g.project, g.role = visit.project, visit.role
    if visit.touch_due:
        with database().write() as session:
            accounts.touch(session, token)


def _ask_to_sign_in() -> BaseResponse:
    if wants_json():
        raise SignInRefused("You are signed out. Sign in again; nothing you saved is lost.")
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("sign_in.form", next=request.full_path.rstrip("?")))
    if request.endpoint == "sign_in.leave":  # nothing of theirs is lost
        return redirect(url_for("sign_in.form"))
    return redirect(url_for("sign_in.form", next=form_page() or "/", lost=1), 303)


def form_page() -> str | None:
    """Where the form that was sent stands: the page of ours it came from, or its own address."""
    came_from = urlsplit(request.referrer or "")
    places = [(came_from.path, came_from.query)] if came_from.netloc == request.host else []
    for path, query in (*places, (request.path, "")):
        if _is_page(path):
            return f"{path}?{query}" if query else path
    return None


def _is_page(path: str) -> bool:
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException:  # none, another one, or nothing that can be read
        return False


def wants_json() -> bool:
    """Whether the asker is a script rather than a person's browser loading a page."""
    if request.is_json or request.path.startswith(API):
        return True
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def cookie_name(values: Settings) -> str:
    """The prefix makes browsers refuse the cookie from another host or without TLS."""
    return "__Host-cer" if values.behind_https else "cer_session"


def set_cookie(response: Response, token: str) -> None:
    """Put the session's token where scripts cannot read it."""
    response.set_cookie(
        cookie_name(settings()),
        token,
        secure=settings().behind_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def clear_cookie(response: Response) -> None:
    """Forget the token in the browser too."""
    response.delete_cookie(
        cookie_name(settings()),
        secure=settings().behind_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
