"""prevalence: every figure of the page “How many engage communities”, to full precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.services import prevalence, projects


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--by", default="", help="A column of the protocols, such as year or department.")
def prevalence_command(home: Path | None, as_json: bool, project: str, by: str) -> None:
    """Show how many protocols are on each level, with 95 % intervals."""
    from cer_assist.prevailing import figures

    with open_database(settings_for(home)) as database:
        with database.read() as session:
            project_id = projects.find_project(session, project).id
            prevalence.check(session, project_id, by)
        found, _ = figures(database, project_id, by)
    emit(as_json, found, *lines_of(found))


def lines_of(found: dict[str, Any]) -> list[str]:
    """What it says in words."""
    from cer_assist.views import prevalence_words as words

    lines = [words.headline(found)] if found["levels"] else []
    for level, one in zip(found["scale"], found["levels"] or [], strict=False):
        lines.append(f"  level {level}: {_said(one)}")
    for group in found["groups"]:
        one = words.at_least(group, found["scale"])
        lines.append(f"  {group['name']}: {_said(one) if one else words.told(group)}")
    return lines + words.limits(found)


def _said(one: dict[str, Any]) -> str:
    from cer_assist.views import prevalence_words as words

    return ", ".join(filter(None, (words.percent(one), words.doubtful(one))))
