"""users and projects: who may enter, and what there is to label."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.config import ROOT
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import accounts, projects, rubrics
from cer_assist.store.tables import Account, Project, RubricVersion
from cer_assist.store.tables.accounts import Role

DEFAULT_RUBRIC = ROOT / "rubric" / "cenr-5.v1.yaml"


@click.group()
def users_command() -> None:
    """Make, list, disable accounts; give out one-time sign-in links."""


@users_command.command("add")
@home_option
@json_option
@click.argument("username")
@click.option("--name", default="", help="Name shown to others.")
@click.option("--administrator", is_flag=True, help="Runs the installation.")
@click.option("--project", help="Short name of a project to join.")
@click.option("--role", type=click.Choice([str(r) for r in Role]), default="coder")
def add(
    home: Path | None,
    as_json: bool,
    username: str,
    name: str,
    administrator: bool,
    project: str | None,
    role: str,
) -> None:
    """Make an account and print a one-time link to sign in with."""
    settings = settings_for(home)
    with open_database(settings) as database, database.write() as session:
        account = accounts.add_account(
            session, username, display_name=name, is_administrator=administrator
        )
        if project:
            joined = projects.find_project(session, project)
            accounts.set_role(session, joined, account, Role(role), None)
        link = f"/link/{accounts.make_link(session, account)}"
        result = {"username": account.username, "link": link}
    emit(as_json, result, f"Account {result['username']} made. {_open(settings.port, link)}")


@users_command.command("list")
@home_option
@json_option
def list_users(home: Path | None, as_json: bool) -> None:
    """Show all accounts."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = [
            {
                "username": account.username,
                "name": account.display_name,
                "administrator": account.is_administrator,
                "disabled": account.disabled_at is not None,
                "can_sign_in": account.password_hash is not None,
            }
            for account in session.scalars(select(Account).order_by(Account.username))
        ]
    lines = (
        f"{user['username']:24} {user['name']}"
        f"{'  administrator' if user['administrator'] else ''}"
        f"{'  disabled' if user['disabled'] else ''}"
        for user in found
    )
    emit(as_json, {"users": found}, *lines)


@users_command.command("disable")
@home_option
@json_option
@click.argument("username")
def disable(home: Path | None, as_json: bool, username: str) -> None:
    """Keep an account from signing in; its labels stay."""
    with open_database(settings_for(home)) as database, database.write() as session:
        accounts.disable(session, accounts.find_account(session, username), None)
    emit(as_json, {"username": username, "disabled": True}, f"Account {username} is disabled.")


@users_command.command("reset")
@home_option
@json_option
@click.argument("username")
def reset(home: Path | None, as_json: bool, username: str) -> None:
    """Print a new one-time sign-in link; the person then sets a password."""
    settings = settings_for(home)
    with open_database(settings) as database, database.write() as session:
        link = f"/link/{accounts.make_link(session, accounts.find_account(session, username))}"
    emit(as_json, {"username": username, "link": link}, _open(settings.port, link))


def _open(port: int, link: str) -> str:
    return (
        f"To sign in, open http://127.0.0.1:{port}{link} within the hour (it works once), "
        "then set a password under Account."
    )


@click.group()
def projects_command() -> None:
    """Make and list projects."""


@projects_command.command("create")
@home_option
@json_option
@click.argument("slug")
@click.option("--name", default="", help="Name shown on pages.")
@click.option("--rubric", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--lead", help="User name of its lead.")
def create(
    home: Path | None, as_json: bool, slug: str, name: str, rubric: Path | None, lead: str | None
) -> None:
    """Make a project, pinned to a rubric version (default: the five-level CEnR rubric)."""
    path = rubric or DEFAULT_RUBRIC
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is not UTF-8 text: save it as UTF-8.") from error
    with open_database(settings_for(home)) as database, database.write() as session:
        version = rubrics.store_rubric(session, text, path.name)
        project = projects.add_project(session, slug, name, version)
        if lead:
            accounts.set_role(
                session, project, accounts.find_account(session, lead), Role.administrator, None
            )
        result = {"slug": slug, "rubric": version.rubric_id, "rubric_version": version.version}
    emit(as_json, result, f"Project {slug} made, on rubric {result['rubric']}.")


@projects_command.command("list")
@home_option
@json_option
def list_projects(home: Path | None, as_json: bool) -> None:
    """Show all projects."""
    with open_database(settings_for(home)) as database, database.read() as session:
        rows = session.execute(
            select(Project, RubricVersion)
            .join(RubricVersion, RubricVersion.id == Project.rubric_version_id)
            .order_by(Project.slug)
        ).all()
        found = [
            {
                "slug": project.slug,
                "name": project.name,
                "rubric": f"{version.rubric_id} version {version.version}",
                "protocols": projects.progress(session, project.id, None).protocols,
            }
            for project, version in rows
        ]
    lines = (f"{row['slug']:24} {row['name']} ({row['protocols']} protocols)" for row in found)
    emit(as_json, {"projects": found}, *lines)
