"""assign: deal protocols to coders by name, take back or move what they have open, show how far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.domain.dealing import By
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import (
    accounts,
    assignment_board,
    assignments,
    dealing,
    projects,
    queue_wishes,
    readers,
)
from cer_assist.services.dealing import Batch, Deal
from cer_assist.store.tables import Project


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--to", "to", multiple=True, help="User name of a coder; give it for each.")
@click.option("--each", type=click.IntRange(min=1), help="How many each, at most.")
@click.option("--by", "way", default="random", help="random, stratum=COLUMN or tags.")
@click.option("--protocols", multiple=True, metavar="ID", help="These, to each of the coders.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="Such as 2026-12-31.")
@click.option("--note", default="", help="Comment that the coders read.")
@click.option("--dry-run", is_flag=True, help="Show what it comes to, store nothing.")
@click.option("--release", "coder", help="Take back what is open with this user; --to: move it.")
@click.option("--draw-readers", "draws", is_flag=True, help="How many readers unread ones want.")
def assign_command(
    home: Path | None,
    as_json: bool,
    project: str,
    to: tuple[str, ...],
    each: int | None,
    way: str,
    protocols: tuple[str, ...],
    due: dt.datetime | None,
    note: str,
    dry_run: bool,
    coder: str | None,
    draws: bool,
) -> None:
    """Deal protocols to coders by name; without options show how far everyone is."""
    result: dict[str, Any]
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        if coder is not None:
            _require_whole(dry_run, to)
            result = _take(session, found, coder, to, protocols)
            lines = [f"{result['protocols']} taken back or moved, {result['stay']} stay."]
        elif draws:
            result, lines = _drawn(session, found, is_stored=not dry_run)
        elif to:
            by, column = _way(way, protocols)
            batch = Batch(
                _ids(session, to), by, each, column, protocols, due.date() if due else None, note
            )
            result, lines = _dealt(session, found, batch, is_stored=not dry_run)
        else:
            result = {
                "coders": [asdict(one) for one in assignment_board.by_coder(session, found.id)]
            }
            lines = [_line(one) for one in result["coders"]]
    emit(as_json, result, *lines)


def _require_whole(dry_run: bool, to: Sequence[str]) -> None:
    if dry_run:
        raise click.UsageError("--dry-run is for dealing: without --release.")
    if len(to) > 1:
        raise click.UsageError("What is moved goes to one coder: give --to once.")


def _take(
    session: Session, project: Project, coder: str, to: Sequence[str], protocols: Sequence[str]
) -> dict[str, Any]:
    (account_id,) = _ids(session, [coder])
    ids = None
    if protocols:
        ids = queue_wishes.find_ids(session, project.id, protocols).values()
    if not to:
        taken = assignments.release(session, project, account_id, ids, None)
        return {"protocols": len(taken), "stay": 0}
    (target,) = _ids(session, to)
    taken, stay = assignments.move(session, project, account_id, target, ids, None)
    return {"protocols": len(taken), "stay": stay}


def _way(way: str, protocols: Sequence[str]) -> tuple[By, str]:
    if protocols:
        return By.hand, ""
    name, _, column = way.partition("=")
    if name not in (By.random, By.stratum, By.tags):
        raise InvalidInput("--by is random, stratum=COLUMN or tags.")
    return By(name), column


def _dealt(
    session: Session, project: Project, batch: Batch, *, is_stored: bool
) -> tuple[dict[str, Any], list[str]]:
    found: Deal
    if is_stored:
        found = dealing.store(session, project, batch, None)
    else:
        found = dealing.look(session, project, batch)
    result = {
        "stored": is_stored,
        "seed": batch.seed,
        "protocols": found.protocols,
        "wanted": found.wanted,
        "left": found.left,
        "shares": [asdict(share) for share in found.shares],
    }
    lines = [f"{share.name}: {share.dealt}" for share in found.shares]
    lines.append(f"{found.protocols} protocols; {found.left} wanted readers stay open.")
    return result, lines if is_stored else [*lines, "Nothing was stored."]


def _drawn(
    session: Session, project: Project, *, is_stored: bool
) -> tuple[dict[str, Any], list[str]]:
    found = readers.draw_anew(session, project, None) if is_stored else None
    found = found or readers.standing(session, project.id)
    lines = [f"{wanted} readers: {count} protocols" for wanted, count in found.wanted.items()]
    return {"stored": is_stored, "wanted": found.wanted}, lines


def _ids(session: Session, usernames: Sequence[str]) -> tuple[int, ...]:
    return tuple(accounts.find_account(session, name).id for name in dict.fromkeys(usernames))


def _line(one: dict[str, Any]) -> str:
    due = f", next due {one['next_due']}" if one["next_due"] else ""
    return (
        f"{one['username']:24} {one['open']} open ({one['overdue']} overdue, "
        f"{one['skipped']} skipped), {one['done']} done{due}"
    )
