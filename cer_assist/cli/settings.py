"""settings: what the project's Settings page holds, shown and changed by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import project_settings, projects
from cer_assist.services.project_settings import SETTINGS, Value
from cer_assist.store.tables import Project


@click.command()
@home_option
@json_option
@click.argument("project")
@click.argument("pairs", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--as", "username", help="The lead or administrator who does it.")
def settings_command(
    home: Path | None, as_json: bool, project: str, pairs: tuple[str, ...], username: str | None
) -> None:
    """Show a project's settings, or change some: all of those named, or none."""
    wanted = _wanted(pairs)
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        by = lead(session, found, username) if username else None
        if wanted:
            changed = projects.change_settings(session, found, wanted, by)
            result: dict[str, Any] = {"changed": changed}
            lines = _changes(changed)
        else:
            result, lines = _listed(found)
    emit(as_json, result, *lines)


def _wanted(pairs: Sequence[str]) -> dict[str, Value]:
    wanted: dict[str, Value] = {}
    for pair in pairs:
        name, is_pair, written = pair.partition("=")
        if not is_pair:
            raise InvalidInput(f"{pair[:40]!r} is no NAME=VALUE, such as check_share=2%.")
        if name in wanted:
            raise InvalidInput(f"{name} is given twice: say which value it is to have.")
        wanted[name] = project_settings.read(name, written)
    return wanted


def _changes(changed: dict[str, list[Value]]) -> list[str]:
    lines = [
        f"{name}: {SETTINGS[name].write(before)} -> {SETTINGS[name].write(after)}"
        for name, (before, after) in changed.items()
    ]
    return lines or ["Nothing changed: this is how it was."]


def _listed(project: Project) -> tuple[dict[str, Any], list[str]]:
    stand = project_settings.values(project)
    found = {
        name: {"value": stand[name], "takes": setting.takes, "meaning": setting.line}
        for name, setting in SETTINGS.items()
    }
    lines = [
        f"{name:22} {setting.write(stand[name]):8} {setting.line} ({setting.takes})"
        for name, setting in SETTINGS.items()
    ]
    return {"settings": found}, lines
