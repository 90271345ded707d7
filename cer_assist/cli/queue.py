"""queue: what coders are given next and why; put protocols first, hold them or let them go."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.services import models, projects, queue_board, queue_wishes
from cer_assist.store.tables import Project
from cer_assist.store.tables.queue import Wish

WISHES = {"pin": Wish.pinned, "hold": Wish.held}


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("wish", required=False, type=click.Choice([*WISHES, "release"]))
@click.argument("protocols", nargs=-1)
@click.option("--reason", default="", help="Why they are pinned or held; kept in the audit.")
@click.option("--as", "username", help="A lead of the project; else the audit names nobody.")
def queue_command(
    home: Path | None,
    as_json: bool,
    project: str,
    wish: str | None,
    protocols: tuple[str, ...],
    reason: str,
    username: str | None,
) -> None:
    """Show what coders are given next, or pin, hold or release PROTOCOLS by their ids."""
    if protocols and wish is None:
        raise click.UsageError("Say pin, hold or release before the protocols.")
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        done = 0
        if wish is not None:
            by = lead(session, found, username) if username else None
            if wish == "release":
                done = queue_wishes.release(session, found, protocols, by)
            else:
                done = queue_wishes.want(session, found, protocols, WISHES[wish], reason, by)
        result = _state(session, found)
    if wish is not None:
        emit(as_json, {"changed": done, **result}, f"{done} changed.")
        return
    emit(as_json, result, *_lines(result))


def _state(session: Session, project: Project) -> dict[str, Any]:
    version = models.current_version(session, project.id)
    return {
        "model_version": version.number if version else None,
        "next": [asdict(one) for one in queue_board.orders(session, project, version, rare=True)],
        "random_share": project.random_share,
        "second_reading_share": project.double_coded_share,
        "served": [asdict(one) for one in queue_board.tallies(session, project.id)],
        "open": [_plain(asdict(one)) for one in queue_board.in_hand(session, project.id)],
        "wishes": [_plain(asdict(one)) for one in queue_wishes.wished(session, project.id)],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Times as text."""
    return {key: v.isoformat() if hasattr(v, "isoformat") else v for key, v in row.items()}


def _lines(result: dict[str, Any]) -> list[str]:
    number = result["model_version"]
    lines = [f"By version {number}." if number else "No model yet: everything is drawn at random."]
    for one in result["wishes"]:
        lines.append(f"{one['wish']}: {one['external_id']} ({one['reason']})")
    for order in result["next"]:
        ids = ", ".join(one["external_id"] for one in order["upcoming"])
        lines.append(f"{order['strategy']} ({order['share']:.0%}): {ids or 'none'}")
    lines += [f"given by {one['strategy']}: {one['served']}" for one in result["served"]]
    return lines
