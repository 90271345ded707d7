"""A project's policies and its members; both are audited by the services that change them."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.model_kinds import MODEL_KINDS
from cer_assist.services import accounts, administration, projects
from cer_assist.services.project_settings import SETTINGS, WHOLE, Kind, Setting, Value
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.views.access import LEADING_ROLES, database, policy

settings_pages = Blueprint("settings", __name__, url_prefix="/p/<slug>/settings")


@settings_pages.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """Policies, and for administrators the members."""
    with database().read() as session:
        members = projects.members(session, g.project.id)
    return render_template(
        "settings.html",
        members=members,
        roles=list(Role),
        policies=list(SuggestionPolicy),
        kinds=MODEL_KINDS,
        known=SETTINGS,
    )


@settings_pages.post("")
@policy.members(*LEADING_ROLES)
def change(slug: str) -> Response:
    """Store the policies."""
    wanted = _wanted()
    with database().write() as session:
        project = session.get_one(Project, g.project.id)
        projects.change_settings(session, project, wanted, g.person.account_id)
    flash("Settings saved. They hold from now on; labels already made keep theirs.")
    return redirect(url_for("settings.page", slug=slug), 303)


@settings_pages.post("/members")
@policy.members(Role.administrator)
def add_member(slug: str) -> Response:
    """Give an existing account a role."""
    role = _role(request.form.get("role", ""))
    with database().write() as session:
        account = accounts.find_account(session, request.form.get("username", "").strip())
        _set_role(session, account.id, role)
    flash(f"{account.display_name} is now {role} of this project.")
    return redirect(url_for("settings.page", slug=slug) + "#members", 303)


@settings_pages.post("/members/<int:account_id>")
@policy.members(Role.administrator)
def change_member(slug: str, account_id: int) -> Response:
    """Change a member's role or take it away."""
    wanted = request.form.get("role", "")
    with database().write() as session:
        if accounts.role_in(session, g.project.id, account_id) is None:
            raise InvalidInput("This person is not a member: add them first.")
        _set_role(session, account_id, None if wanted == "none" else _role(wanted))
    flash("Members saved.")
    return redirect(url_for("settings.page", slug=slug) + "#members", 303)


def _set_role(session: Session, account_id: int, role: Role | None) -> None:
    if account_id == g.person.account_id and role is not Role.administrator:
        raise InvalidInput("You cannot take your own role away: ask another administrator.")
    project = session.get_one(Project, g.project.id)
    account = administration.find_account_by_id(session, account_id)
    accounts.set_role(session, project, account, role, g.person.account_id)


def _role(value: str) -> Role:
    if value not in set(Role):
        raise InvalidInput(f"Choose one of the roles: {', '.join(Role)}.")
    return Role(value)


def _wanted() -> dict[str, Value]:
    """All that the form holds; an empty box is not sent."""
    _require_whole_queue()
    return {name: _sent(name, setting) for name, setting in SETTINGS.items()}


def _sent(name: str, setting: Setting) -> Value:
    if setting.kind is Kind.yes_no:
        return name in request.form
    if setting.kind is Kind.share:
        return _whole(name, setting.title) / WHOLE
    if setting.kind is Kind.number:
        return _whole(name, setting.title)
    return request.form.get(name, "")


def _require_whole_queue() -> None:
    """The share of uncertain protocols is sent, too, but not stored: it is what others leave."""
    total = _whole("uncertain_share", "The model is unsure") + sum(
        _whole(name, SETTINGS[name].title) for name in projects.QUEUE_SHARES
    )
    if total != WHOLE:
        raise InvalidInput(f"The queue's shares add up to {total} %, not to 100 %: change one.")


def _whole(name: str, title: str) -> int:
    value = request.form.get(name, type=int)
    if value is None:
        raise InvalidInput(f"“{title}” needs a whole number.")
    return value
