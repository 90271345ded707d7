"""training: practice protocols, what came of them, and who may go on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import (
    emit,
    figure,
    home_option,
    json_option,
    lead,
    open_database,
    settings_for,
)
from cer_assist.imports import parse_files
from cer_assist.services import (
    accounts,
    projects,
    qualification,
    training_checks,
    training_files,
    training_items,
    training_results,
)
from cer_assist.services.training_items import NewItem
from cer_assist.store.tables import Project


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--items", "shows_items", is_flag=True, help="Practice protocols, how often missed.")
@click.option("--results", "shows_results", is_flag=True, help="How coders do; so without options.")
@click.option(
    "--add",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Add all of a file: external_id, title, text, level, explanation.",
)
@click.option("--starter", is_flag=True, help="Add the ten that come with the program.")
@click.option("--allow", metavar="USER", help="Allow a coder another round.")
@click.option("--again", is_flag=True, help="Ask everybody to qualify again.")
@click.option("--as", "username", help="The lead who does it; needed with --allow and --again.")
def training_command(
    home: Path | None,
    as_json: bool,
    project: str,
    shows_items: bool,
    shows_results: bool,
    file: Path | None,
    starter: bool,
    allow: str | None,
    again: bool,
    username: str | None,
) -> None:
    """Show or add what coders practise on, show results, let a coder go on."""
    if (allow or again) and username is None:
        raise click.UsageError("Say who decides with --as.")
    new = _read(file, starter)
    with open_database(settings_for(home)) as database, database.write() as session:
        found = projects.find_project(session, project)
        by = lead(session, found, username) if username else None
        result: dict[str, Any] = {}
        if file or starter:
            result["added"] = len(training_items.add_all(session, found, new, by))
        if allow:
            account = accounts.find_account(session, allow)
            qualification.allow_another(session, found, account.id, by)
            result["allowed"] = allow
        if again:
            qualification.ask_again(session, found, by)
            result["again"] = True
        if shows_items:
            result["items"] = _items(session, found)
        if shows_results or not result:
            result["coders"] = _coders(session, found)
            result["checks"] = _checks(session, found.id)
    emit(as_json, result, *_lines(result))


def _read(file: Path | None, starter: bool) -> list[NewItem]:
    new: list[NewItem] = []
    if file:
        new += training_files.items_of(parse_files([file], {}, None))
    if starter:
        parsed = parse_files([training_files.STARTER], {}, None)
        new += training_files.items_of(parsed, is_synthetic=True)
    return new


def _items(session: Session, project: Project) -> list[dict[str, Any]]:
    return [
        {
            "name": one.line.item.name,
            "title": one.line.item.title,
            "level": one.line.item.level,
            "also_level": one.line.item.also_level,
            "is_used": one.line.is_used,
            "is_bad": one.is_bad,
            **asdict(one.tally),
        }
        for one in training_results.by_item(session, project.id)
    ]


def _coders(session: Session, project: Project) -> list[dict[str, Any]]:
    return [
        {
            "username": line.username,
            "passed_at": line.passed_at,
            "rounds": [asdict(one) for one in line.rounds],
            "rounds_left": line.rounds_left,
            **asdict(line.total),
            "right_share": training_results.share(line.total),
            "levels": {level: asdict(tally) for level, tally in line.by_level.items()},
        }
        for line in training_results.by_coder(session, project)
    ]


def _checks(session: Session, project_id: int) -> list[dict[str, Any]]:
    return [
        {
            "username": line.username,
            **asdict(line.total),
            "right_share": training_results.share(line.total),
            "levels": {
                level: asdict(tally) | {"right_share": training_results.share(tally)}
                for level, tally in line.by_level.items()
            },
        }
        for line in training_checks.by_coder(session, project_id)
    ]


def _lines(result: dict[str, Any]) -> list[str]:
    lines = []
    if "added" in result:
        lines.append(f"{result['added']} practice protocols added.")
    if "allowed" in result:
        lines.append(f"{result['allowed']} may begin one round more.")
    if "again" in result:
        lines.append("Everybody is asked to qualify again.")
    for one in result.get("items", ()):
        state = "everybody misses it" if one["is_bad"] else "" if one["is_used"] else "set aside"
        said = f"{one['right']} of {one['asked']} right"
        lines.append(f"{one['name']:24} level {one['level']}, {said} {state}".rstrip())
    for one in result.get("coders", ()):
        passed = "passed" if one["passed_at"] else "not passed"
        share = figure(one["right_share"])
        lines.append(f"{one['username']:24} {passed}, {share} right of {one['asked']} answers")
    for one in result.get("checks", ()):
        share = figure(one["right_share"])
        lines.append(f"{one['username']:24} {share} right of {one['asked']} attention checks")
    return lines
