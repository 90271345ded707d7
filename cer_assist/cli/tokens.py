"""tokens: what scripts ask with (docs/api.md)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.domain.scopes import Scope
from cer_assist.services import accounts, tokens


@click.group()
def tokens_command() -> None:
    """Make, list and revoke tokens that scripts ask with."""


@tokens_command.command("add")
@home_option
@json_option
@click.argument("username")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(one) for one in Scope]),
)
@click.option("--project", default="", help="Short name of the one project it is for.")
@click.option("--days", type=int, default=tokens.USUAL_DAYS, show_default=True)
def add(
    home: Path | None,
    as_json: bool,
    username: str,
    name: str,
    scopes: tuple[str, ...],
    project: str,
    days: int,
) -> None:
    """Make a token for a person; it is printed once."""
    wish = tokens.Wish(name, scopes, project, days)
    with open_database(settings_for(home)) as database, database.write() as session:
        account_id = accounts.find_account(session, username).id
        number, token = tokens.make(session, account_id, wish, None)
    told = f"Token {number}, shown only now: {token}"
    emit(as_json, {"token_id": number, "token": token}, told)


@tokens_command.command("list")
@home_option
@json_option
@click.argument("username")
def listed(home: Path | None, as_json: bool, username: str) -> None:
    """Show a person's tokens, without what they are."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = tokens.of_account(session, accounts.find_account(session, username).id)
    lines = (
        f"{one.id:5} {one.name:30} {one.project or 'all projects':20} {', '.join(one.scopes)}"
        f"{'' if one.is_live else '  ended'}"
        for one in found
    )
    emit(as_json, {"tokens": [asdict(one) for one in found]}, *lines)


@tokens_command.command("revoke")
@home_option
@json_option
@click.argument("token_id", type=int)
def revoke(home: Path | None, as_json: bool, token_id: int) -> None:
    """End a token."""
    with open_database(settings_for(home)) as database, database.write() as session:
        tokens.revoke(session, token_id, None)
    emit(as_json, {"token_id": token_id, "revoked": True}, f"Token {token_id} is revoked.")
