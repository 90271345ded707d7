"""exposure: every figure of the page “Helping or steering?”, to full precision."""

from __future__ import annotations

from pathlib import Path

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.services import projects


@click.command()
@home_option
@json_option
@click.argument("project")
def exposure_command(home: Path | None, as_json: bool, project: str) -> None:
    """Show whether the model's suggestions help coders or steer them."""
    from cer_assist.swaying import figures
    from cer_assist.views import exposure_words as words

    with open_database(settings_for(home)) as database:
        with database.read() as session:
            project_id = projects.find_project(session, project).id
        found, _ = figures(database, project_id)
    said = words.headline(found) or ["No suggestion has been seen, nor withheld by lot, so far."]
    emit(as_json, found, *said, *words.limits(found))
