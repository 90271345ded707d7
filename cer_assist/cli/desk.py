"""desk: the auditor's tables and signals, or the readings behind one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.services import desk, desk_counts, projects
from cer_assist.services.desk_filters import Signal, read_filters
from cer_assist.services.desk_protocols import Viewer
from cer_assist.services.desk_readings import Desk
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
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help=f"With --signal: how many readings are listed, {desk.PAGE} if left out.",
)
def desk_command(
    home: Path | None,
    as_json: bool,
    project: str,
    signal: str | None,
    where: tuple[str, ...],
    limit: int | None,
) -> None:
    """Show suggestion, label and final level against each other, as auditors see them."""
    if limit and not signal:
        raise click.UsageError("--limit goes with --signal, which lists readings.")
    asked = dict(one.partition("=")[::2] for one in where)
    unknown = sorted(asked.keys() - set(_FILTERS))
    if unknown:
        raise click.BadParameter(f"there is no filter {unknown[0]}", param_hint="--where")
    filters = read_filters(asked | {"signal": signal or ""})
    with open_database(settings_for(home)) as database, database.read() as session:
        found = projects.find_project(session, project)
        opened = desk.open_desk(session, found, filters, Viewer(0, Role.auditor))
        if signal:
            result, lines = _readings(session, opened, limit or desk.PAGE)
        else:
            result, lines = _overview(session, opened)
    emit(as_json, result, *lines)


def _readings(session: Session, opened: Desk, limit: int) -> tuple[dict[str, Any], list[str]]:
    """Readings that show a signal, and how many more there are."""
    from cer_assist.views import desk_words as words
    from cer_assist.views.desk_api import readings_reply
    from cer_assist.views.presentation import count

    filters = opened.filters
    listed = desk.lines(session, opened, 1, "", limit)
    shown, total = len(listed.rows), count(listed.total, "reading")
    said = [words.rule(Signal(filters.signal), filters), total if listed.rows else _nothing(opened)]
    said += [f"  {one.external_id}  {one.username}  {one.level}" for one in listed.rows]
    if shown < listed.total:
        said.append(f"{shown:,} of {total} shown: --limit {listed.total} lists all.")
    return readings_reply(filters, listed).model_dump(mode="json"), said


def _overview(session: Session, opened: Desk) -> tuple[dict[str, Any], list[str]]:
    """Tables and signals; of no readings there is nothing to compare."""
    from cer_assist.views import desk_words as words
    from cer_assist.views.desk_api import overview_reply
    from cer_assist.views.presentation import count

    seen = desk_counts.overview(session, opened)
    result = overview_reply(opened.filters, seen).model_dump(mode="json")
    if not seen.readings:
        return result, [_nothing(opened)]
    lines = [count(seen.readings, "reading")]
    for one in seen.tables:
        names = f"{words.LEVELS[one.rows]} and {words.LEVELS[one.columns].lower()}"
        lines.append(f"{names}: {words.comparison(one)}")
    lines += [
        f"{words.TITLES[name]}: {words.UNTOLD if number is None else f'{number:,}'}"
        for name, number in seen.signals.items()
    ]
    return result, lines


def _nothing(opened: Desk) -> str:
    from cer_assist.views import desk_words as words

    return words.nothing(", ".join(opened.filters.given()), codes=False)
