"""rubric: the versions of a project's rubric, what changed between them, and the next one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, lead, open_database, settings_for
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric_changes import Change, Piece
from cer_assist.services import projects, rubric_versions
from cer_assist.store.tables import Project

MARKS = {"out": "[-{}-]", "in": "{{+{}+}}", "same": "{}"}  # as `git diff --word-diff` has it


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--show", type=int, help="Print the file of this version.")
@click.option("--diff", type=int, nargs=2, help="Say what changed from one version to another.")
@click.option("--publish", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--note", default="", help="What changed and why; needed to publish.")
@click.option("--touches", type=int, multiple=True, help="A level that it touches; else guessed.")
@click.option("--as", "username", help="A lead of the project; else the log names nobody.")
def rubric_command(
    home: Path | None,
    as_json: bool,
    project: str,
    show: int | None,
    diff: tuple[int, int] | None,
    publish: Path | None,
    note: str,
    touches: tuple[int, ...],
    username: str | None,
) -> None:
    """List a project's rubric versions, show or compare them, or publish a FILE as the next."""
    if sum(given is not None for given in (show, diff, publish)) > 1:
        raise click.UsageError("Show, compare or publish: one at a time.")
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        if publish is not None:
            by = lead(session, found, username) if username else None
            text = _read(publish)
            given = (text, note, touches or None, by)
            rubric_versions.publish(session, found.id, *given, source_name=publish.name)
        result, lines = _said(session, found, show, diff)
    emit(as_json, result, *lines)


def _said(
    session: Session, project: Project, show: int | None, diff: tuple[int, int] | None
) -> tuple[dict[str, Any], list[str]]:
    if show is not None:
        rubric = rubric_versions.find_version(session, project, show)
        about = {"id": rubric.id, "version": rubric.version, "sha256": rubric.sha256}
        return {**about, "text": rubric.text}, [rubric.text.rstrip("\n")]
    if diff is not None:
        changes = rubric_versions.compare(session, project, *diff)
        shown = [line for change in changes for line in _change_lines(change)]
        return {"changes": [asdict(change) for change in changes]}, shown or ["Both say the same."]
    known = rubric_versions.versions(session, project)
    lines = [
        f"version {one.number}  {one.at:%Y-%m-%d}  {one.sha256[:12]}  {one.note or 'the first'}"
        for one in known
    ]
    return {"in_use": known[-1].number, "versions": [asdict(one) for one in known]}, lines


def _change_lines(change: Change) -> list[str]:
    where = "whole" if change.level is None else f"level {change.level}"
    lines = [f"{where}, {change.part}:"]
    for row in change.rows:
        # Words that stay are told once: as they read afterwards.
        before = [piece for piece in row.before or () if piece.mark == "out"]
        lines.append("  " + "".join(_marked(piece) for piece in (*before, *(row.after or ()))))
    return lines


def _marked(piece: Piece) -> str:
    return MARKS[piece.mark].format(piece.text)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is not UTF-8 text: save it as UTF-8.") from error
