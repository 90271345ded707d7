"""prevalence: every figure of the page “How many engage communities”, to full precision."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.config import Settings
from cer_assist.services import prevalence, projects, taken_out
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.types import now

WRITTEN = ("html", "pdf")


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--by", default="", help="A column of the protocols, such as year or department.")
@click.option("--format", "form", type=click.Choice(["text", *WRITTEN]), default="text")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --format html or pdf: the file.",
)
def prevalence_command(
    home: Path | None, as_json: bool, project: str, by: str, form: str, out: Path | None
) -> None:
    """Show how many protocols are on each level, with 95 % intervals, or write it as a file."""
    from cer_assist.prevailing import figures

    if (form in WRITTEN) != (out is not None):
        raise click.UsageError("--format html or pdf and --out FILE go together.")

    settings = settings_for(home)
    with open_database(settings) as database:
        with database.read() as session:
            project_id = projects.find_project(session, project).id
            prevalence.check(session, project_id, by)
        found, _ = figures(database, project_id, by)
        if out is not None:
            _write(database, settings, project_id, found, form, out)
    written = {"file": str(out)} if out else {}
    emit(as_json, found | written, *([f"Written to {out}."] if out else lines_of(found)))


def _write(
    database: Database,
    settings: Settings,
    project_id: int,
    found: dict[str, Any],
    form: str,
    out: Path,
) -> None:
    """As the page has it, and on record as the page's file is."""
    from cer_assist.views.app import create_app
    from cer_assist.views.prevalence_html import html
    from cer_assist.views.prevalence_pdf import pdf

    with database.read() as session:
        project = session.get_one(Project, project_id)
        parts = (found, now(), project.name, project_rubric(session, project))
    if form == "html":
        body = html(create_app(settings, database).jinja_env, *parts).encode()
    else:
        body = pdf(*parts)
    out.write_bytes(body)
    with database.write() as session:
        taken_out.record(
            session,
            project_id=project_id,
            by=None,
            file=out.name,
            sha256=hashlib.sha256(body).hexdigest(),
            filters={"by": found["by"]},
        )


def lines_of(found: dict[str, Any]) -> list[str]:
    """What it says in words."""
    from cer_assist.views import prevalence_words as words

    lines = [words.headline(found), words.counted(found)] if found["levels"] else []
    for level, one in zip(found["scale"], found["levels"] or [], strict=False):
        lines.append(f"  level {level}: {_said(one)}")
    for group in found["groups"]:
        one = words.at_least(group, found["scale"])
        lines.append(f"  {group['name']}: {_said(one) if one else words.told(group)}")
    return lines + words.limits(found)


def _said(one: dict[str, Any]) -> str:
    from cer_assist.views import prevalence_words as words

    return ", ".join(filter(None, (words.percent(one), words.doubtful(one))))
