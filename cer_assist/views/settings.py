"""A project's policies and its members; both are audited by the services that change them."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.model_kinds import MODEL_KINDS
from cer_assist.services import accounts, administration, projects
from cer_assist.services.projects import ProjectSettings
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.views.access import LEADING_ROLES, database, policy

WHOLE = 100  # per cent

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
    )


@settings_pages.post("")
@policy.members(*LEADING_ROLES)
def change(slug: str) -> Response:
    """Store the policies."""
    wanted = _settings()
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


def _settings() -> ProjectSettings:
    wanted = request.form.get("suggestion_policy", "")
    if wanted not in set(SuggestionPolicy):
        raise InvalidInput("Choose when coders see the model's suggestion.")
    return ProjectSettings(
        name=request.form.get("name", "").strip()[:200],
        suggestion_policy=SuggestionPolicy(wanted),
        no_suggestion_share=_whole("no_suggestion_share", "Share without a suggestion") / WHOLE,
        coders_per_protocol=_whole("coders_per_protocol", "Readers a protocol"),
        double_coded_share=_whole("double_coded_share", "Share read twice") / 100,
        retest_share=_whole("retest_share", "Share that comes back") / 100,
        retest_after_days=_whole("retest_after_days", "Comes back after"),
        check_share=_whole("check_share", "Attention checks") / WHOLE,
        **_shares(),
        retrain_every=_whole("retrain_every", "Retrain after"),
        retrain_idle_seconds=_whole("retrain_idle_seconds", "Retrain when idle"),
        reservation_minutes=_whole("reservation_minutes", "Reservation"),
        open_pool="open_pool" in request.form,
        model_kind=request.form.get("model_kind", ""),
        learns_from_marks="learns_from_marks" in request.form,
        wanted_qwk=_whole("wanted_qwk", "QWK wanted") / 100,
        accepted_wrong_share=_whole("accepted_wrong_share", "Wrong levels accepted") / 100,
        accepted_half_width=_whole("accepted_half_width", "Known to within") / 100,
        adjudicators=_whole("adjudicators", "Adjudicators"),
        accepts_agreed="accepts_agreed" in request.form,
        qualifies_first="qualifies_first" in request.form,
        training_items=_whole("training_items", "Practice protocols a round"),
        training_mark=_whole("training_mark", "Pass mark") / WHOLE,
        training_no_far="training_no_far" in request.form,
        training_repeats=_whole("training_repeats", "Repeats"),
    )


def _shares() -> dict[str, float]:
    """The queue's shares; the one of uncertain protocols is what the others leave."""
    percents = {
        name: _whole(name, title)
        for name, title in (
            ("uncertain_share", "The model is unsure"),
            ("diverse_share", "Unlike what was labelled"),
            ("rare_share", "Likely of a rare level"),
            ("random_share", "Drawn at random"),
        )
    }
    total = sum(percents.values())
    if total != WHOLE:
        raise InvalidInput(f"The queue's shares add up to {total} %, not to 100 %: change one.")
    return {name: percents[name] / WHOLE for name in percents if name != "uncertain_share"}


def _whole(name: str, title: str) -> int:
    value = request.form.get(name, type=int)
    if value is None:
        raise InvalidInput(f"“{title}” needs a whole number.")
    return value
