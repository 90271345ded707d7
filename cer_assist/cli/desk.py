"""desk: the auditor's tables and signals, or the readings behind one of them."""

from __future__ import annotations

from pathlib import Path

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.services import desk, desk_counts, projects
from cer_assist.services.desk_filters import Signal, read_filters
from cer_assist.services.desk_protocols import Viewer
from cer_assist.store.tables.accounts import Role

_FILTERS = (
    "suggested", "level", "final", "coder", "version", "exposure", "arm", "rubric", "fenced",
    "unlearnt", "since", "until", "answers", "probability", "speed",
)  # fmt: skip


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--signal", type=click.Choice(list(Signal)), help="List readings that show it.")
@click.option("--where", multiple=True, metavar="NAME=VALUE", help=f"One of {', '.join(_FILTERS)}.")
def desk_command(
    home: Path | None, as_json: bool, project: str, signal: str | None, where: tuple[str, ...]
) -> None:
    """Show suggestion, label and final level against each other, as auditors see them."""
    from cer_assist.views import desk_words as words
    from cer_assist.views.desk_api import overview_reply, readings_reply

    asked = dict(one.partition("=")[::2] for one in where)
    unknown = sorted(asked.keys() - set(_FILTERS))
    if unknown:
        raise click.BadParameter(f"there is no filter {unknown[0]}", param_hint="--where")
    filters = read_filters(asked | {"signal": signal or ""})
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        opened = desk.open_desk(session, found, filters, Viewer(0, Role.auditor))
        if signal:
            listed = desk.lines(session, opened, 1, "")
            said = [words.rule(Signal(signal), filters), f"{listed.total} readings"]
            said += [f"  {one.external_id}  {one.username}  {one.level}" for one in listed.rows]
            emit(as_json, readings_reply(filters, listed).model_dump(mode="json"), *said)
            return
        seen = desk_counts.overview(session, opened)
    lines = [f"{seen.readings} readings"]
    for one in seen.tables:
        names = f"{words.LEVELS[one.rows]} and {words.LEVELS[one.columns].lower()}"
        lines.append(f"{names}: {words.comparison(one)}")
    lines += [
        f"{words.TITLES[name]}: {words.UNTOLD if number is None else number}"
        for name, number in seen.signals.items()
    ]
    emit(as_json, overview_reply(filters, seen).model_dump(mode="json"), *lines)
