"""rereading: what was coded under an older rubric and is touched by its last change."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.services import projects, rereading, rubric_versions, rubrics
from cer_assist.services.rereading import OldReading
from cer_assist.store.tables.rereading import RereadWish


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("wish", required=False, type=click.Choice([str(wish) for wish in RereadWish]))
@click.argument("protocols", nargs=-1)
@click.option("--touches", type=int, multiple=True, help="A level; else those said at publishing.")
@click.option("--adjacent", is_flag=True, help="Also the levels beside them.")
@click.option("--note", default="", help="Kept in the audit.")
@click.option("--as", "username", help="A lead of the project; else the audit names nobody.")
def rereading_command(
    home: Path | None,
    as_json: bool,
    project: str,
    wish: str | None,
    protocols: tuple[str, ...],
    touches: tuple[int, ...],
    adjacent: bool,
    note: str,
    username: str | None,
) -> None:
    """List readings under older rubrics; have PROTOCOLS read again, or keep what was said."""
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        scale = rubrics.project_rubric(session, found).scale
        touched = touches or rubric_versions.versions(session, found)[-1].touched
        levels = rereading.affected(touched, scale, adjacent=adjacent)
        listed = rereading.old_readings(session, found, levels)
        if wish is not None:
            by = lead(session, found, username) if username else None
            chosen = [one for one in listed if one.external_id in protocols]
            rereading.decide(session, found, chosen, RereadWish(wish), note, by)
            listed = rereading.old_readings(session, found, levels)
        result = {
            "levels": sorted(levels),
            "standing": asdict(rereading.standing(session, found, listed)),
            "not_yet_listed": rereading.not_yet_listed(session, found),
            "readings": [asdict(one) for one in listed],
        }
    emit(as_json, result, *map(_line, listed))


def _line(one: OldReading) -> str:
    said = f"{one.external_id}: {one.level} by {one.who}, version {one.version}"
    return f"{said}, {one.wish or 'undecided'}"
