"""doubtful: settled levels that a model would not have expected, listed without their levels."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.services import accounts, label_checks, projects
from cer_assist.services.reports import OLDER
from cer_assist.store.tables import Project


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--check", is_flag=True, help="Have the worker look at the settled levels anew.")
@click.option("--ask", "names", multiple=True, metavar="PROTOCOL", help="Of the list; repeat it.")
@click.option("--to", "coder", help="With --ask: the user name of who reads them again.")
@click.option("--as", "username", help="The lead or administrator who does it.")
def doubtful_command(
    home: Path | None,
    as_json: bool,
    project: str,
    check: bool,
    names: tuple[str, ...],
    coder: str | None,
    username: str | None,
) -> None:
    """List the levels most worth another blind reading, or have some of them read again."""
    if bool(names) != (coder is not None) or (check and names):
        raise click.UsageError("Give --ask with --to, or --check, or neither.")
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        by = lead(session, found, username) if username else None
        if coder is not None:
            reader = accounts.find_account(session, coder).id
            sent = label_checks.send(session, found, names, reader, by)
            result: dict[str, Any] = {"sent": len(sent.pairs)}
            lines = [f"{len(sent.pairs)} sent to {coder} to be read once more."]
        else:
            if check:
                label_checks.ask(session, found, by)
            result, lines = _listed(session, found)
    emit(as_json, result, *lines)


def _listed(session: Session, project: Project) -> tuple[dict[str, Any], list[str]]:
    stands = label_checks.standing(session, project.id)
    result = {
        "made_at": stands.made_at,
        "checked": stands.checked,
        "under_way": stands.job is not None,
        "failed": stands.failed,
        "gone": stands.gone,
        "is_older": stands.is_older,
        "suspects": [asdict(one) for one in stands.suspects],
    }
    told = {
        "A check waits for the worker or runs.": stands.job is not None,
        "The last check ended in errors.": stands.failed,
        "Nothing was checked yet: --check has the worker look.": stands.made_at is None
        and not stands.is_older,
        f"The last check was {OLDER}: --check has the worker look again.": stands.is_older,
    }
    lines = [text for text, is_so in told.items() if is_so]
    for one in stands.suspects:
        asked = ", asked for" if one.is_asked else ""
        lines.append(f"{one.external_id:24} {one.gain:.2f} levels nearer{asked}")
    return result, lines
