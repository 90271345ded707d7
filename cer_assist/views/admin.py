"""Running the installation: accounts and jobs. An administrator of it reads no protocols here."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import accounts, administration, jobs
from cer_assist.views.access import database, policy

admin = Blueprint("admin", __name__, url_prefix="/admin")


@admin.get("/accounts")
@policy.administrator
def accounts_page() -> str:
    """All accounts."""
    return _accounts(link=None, username="")


def _accounts(*, link: str | None, username: str) -> str:
    with database().read() as session:
        lines = administration.account_lines(session)
    return render_template("accounts.html", lines=lines, link=link, username=username)


@admin.post("/accounts")
@policy.administrator
def add_account() -> str:
    """Make an account and show its first sign-in link, once."""
    with database().write() as session:
        account = accounts.add_account(
            session,
            request.form.get("username", ""),
            display_name=request.form.get("display_name", "")[:200],
            is_administrator=request.form.get("is_administrator") == "yes",
            by=g.person.account_id,
        )
        token = accounts.make_link(session, account, by=g.person.account_id)
    return _accounts(link=_address(token), username=account.username)


@admin.post("/accounts/<int:account_id>/link")
@policy.administrator
def reset(account_id: int) -> str:
    """A one-time link for someone who cannot sign in."""
    with database().write() as session:
        account = administration.find_account_by_id(session, account_id)
        if account.disabled_at is not None:
            raise InvalidInput("This account is disabled: enable it first.")
        token = accounts.make_link(session, account, by=g.person.account_id)
    return _accounts(link=_address(token), username=account.username)


@admin.post("/accounts/<int:account_id>/disable")
@policy.administrator
def disable(account_id: int) -> Response:
    """Keep someone out; their labels stay."""
    if account_id == g.person.account_id:
        raise InvalidInput("You cannot disable your own account: ask another administrator.")
    with database().write() as session:
        account = administration.find_account_by_id(session, account_id)
        accounts.disable(session, account, by=g.person.account_id)
    flash(f"{account.username} can no longer sign in.")
    return redirect(url_for("admin.accounts_page"), 303)


@admin.post("/accounts/<int:account_id>/enable")
@policy.administrator
def enable(account_id: int) -> Response:
    """Let someone in again."""
    with database().write() as session:
        account = administration.find_account_by_id(session, account_id)
        administration.enable(session, account, by=g.person.account_id)
    flash(f"{account.username} can sign in again.")
    return redirect(url_for("admin.accounts_page"), 303)


@admin.get("/jobs")
@policy.administrator
def jobs_page() -> str:
    """Background work: what runs, what waits, what failed and why."""
    with database().read() as session:
        found = administration.recent_jobs(session)
    return render_template("jobs.html", found=found)


@admin.post("/jobs/<int:job_id>/run-again")
@policy.administrator
def run_again(job_id: int) -> Response:
    """Queue a failed or stopped job anew."""
    with database().write() as session:
        jobs.run_again(session, job_id, g.person.account_id)
    flash("The job waits for the worker.")
    return redirect(url_for("admin.jobs_page"), 303)


@admin.post("/jobs/<int:job_id>/cancel")
@policy.administrator
def cancel(job_id: int) -> Response:
    """Ask a job to stop."""
    with database().write() as session:
        jobs.request_cancel(session, job_id, g.person.account_id)
    flash("The job stops at its next step.")
    return redirect(url_for("admin.jobs_page"), 303)


def _address(token: str) -> str:
    return url_for("sign_in.link", token=token, _external=True)
