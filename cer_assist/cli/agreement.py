"""agreement: every figure of the Agreement page, to full precision; and what a lead does then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import (
    emit,
    figure,
    home_option,
    json_option,
    lead,
    open_database,
    settings_for,
)
from cer_assist.domain.agreement import Readings, Seen
from cer_assist.services import accounts, projects, read_again
from cer_assist.services.read_again import Again
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option(
    "--seen",
    type=click.Choice([*Seen]),
    default=Seen.independent.value,
    help="What coders may have seen before a reading that counts (default: nothing).",
)
@click.option("--coder", "coders", multiple=True, help="Only these user names; repeat it.")
@click.option("--rubric", type=int, help="Only readings under this version of the rubric.")
@click.option("--since", default="", help="First day, such as 2026-11-01 (UTC).")
@click.option("--until", default="", help="Last day.")
@click.option("--reread", metavar="CODER", help="Have protocols that CODER read be read again.")
@click.option("--number", type=int, help="With --reread: at most so many, at random (default: 10).")
@click.option("--reader", help="With --reread: a second reader, blind; else CODER themselves.")
@click.option("--note", help="With --reread: to who reads; never which way the levels lie.")
@click.option("--as", "username", help="With --reread: the lead or administrator who asks.")
def agreement_command(
    home: Path | None,
    as_json: bool,
    project: str,
    seen: str,
    coders: tuple[str, ...],
    rubric: int | None,
    since: str,
    until: str,
    reread: str | None,
    **again: Any,
) -> None:
    """Show how far coders agree on protocols that two of them read, and who reads higher; or have
    some of a coder's protocols of these days read again."""
    given = {"seen": seen, "since": since, "until": until}
    wanted = Readings.of(given | {"rubric": str(rubric) if rubric is not None else ""}, coders)
    _check_options(wanted, reread, again)
    with open_database(settings_for(home)) as database:
        if reread is not None:
            drawn = _read_again(database, project, reread, wanted, **again)
            emit(as_json, {"drawn": drawn}, f"{drawn} drawn to be read again; which is not told.")
            return
        result = _figures(database, project, wanted)
    emit(as_json, {"choice": wanted.key, **result}, *_lines(result))


def _check_options(wanted: Readings, reread: str | None, again: dict[str, Any]) -> None:
    if reread is None and any(value is not None for value in again.values()):
        raise click.UsageError("--number, --reader, --note and --as go with --reread.")
    days = Readings(since=wanted.since, until=wanted.until)
    if reread is not None and wanted != days:
        raise click.UsageError("With --reread only --since and --until choose among readings.")


def _figures(database: Database, project: str, wanted: Readings) -> dict[str, Any]:
    from cer_assist.agreeing import figures

    with database.read() as session:
        found = projects.find_project(session, project)
        scale = project_rubric(session, found).scale
    return figures(database, found.id, wanted, scale)[0]


def _read_again(
    database: Database,
    project: str,
    coder: str,
    days: Readings,
    *,
    number: int | None,
    reader: str | None,
    note: str | None,
    username: str | None,
) -> int:
    with database.write() as session:
        found = projects.find_project(session, project)
        wanted = Again(
            accounts.find_account(session, coder).id,
            read_again.USUAL if number is None else number,
            accounts.find_account(session, reader).id if reader is not None else None,
            days.since,
            days.until,
            note or "",
        )
        by = lead(session, found, username) if username else None
        return read_again.send(session, found, wanted, by)


def _lines(result: dict[str, Any]) -> list[str]:
    return [*_between(result), *_retest(result["retest"])]


def _retest(found: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {one['coder']} with themselves, {which}: kappa {figure(pairs['kappa'], '.3f')}, "
        f"same level {figure(pairs['percent'], '.3f')}, n = {pairs['n']}"
        for one in found
        for which, pairs in (("read twice", one["all"]), ("of these blind", one["blind"]))
        if pairs is not None
    ]


def _between(result: dict[str, Any]) -> list[str]:
    if not result["units"]:
        more = result["elsewhere"]
        hint = f" {more} have two imported readings: add --seen elsewhere." if more else ""
        return [f"No protocol was read by two coders in this choice of readings.{hint}"]
    lines = [f"{result['units']} protocols read by two or more of {len(result['coders'])} coders."]
    lines += [f"  {name:16} {figure(one, '.3f')}" for name, one in result["coefficients"].items()]
    lines += [f"  level {one['level']:10} {figure(one, '.3f')}" for one in result["levels"]]
    for one in (result["severity"] or {"coders": []})["coders"]:
        lines.append(f"  {one['coder']}: {figure(one['in_levels'], '+.2f')} levels, n = {one['n']}")
    for one in (result["by_rubric"] or {"coders": []})["coders"]:
        for at in one["versions"]:
            told = f"{figure(at['in_levels'], '+.2f')} levels, n = {at['n']}"
            lines.append(f"  {one['coder']}, rubric version {at['version']}: {told}")
    return lines
