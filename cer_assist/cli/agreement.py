"""agreement: every figure of the Agreement page, to full precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, figure, home_option, json_option, open_database, settings_for
from cer_assist.domain.agreement import Readings, Seen
from cer_assist.services import projects
from cer_assist.services.rubrics import project_rubric


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
def agreement_command(
    home: Path | None,
    as_json: bool,
    project: str,
    seen: str,
    coders: tuple[str, ...],
    rubric: int | None,
    since: str,
    until: str,
) -> None:
    """Show how far coders agree on protocols that two of them read, and who reads higher."""
    from cer_assist.agreeing import figures

    given = {"seen": seen, "since": since, "until": until}
    wanted = Readings.of(given | {"rubric": str(rubric) if rubric is not None else ""}, coders)
    with open_database(settings_for(home)) as database:
        with database.read() as session:
            found = projects.find_project(session, project)
            scale = project_rubric(session, found).scale
        result, _ = figures(database, found.id, wanted, scale)
    emit(as_json, {"choice": wanted.key, **result}, *_lines(result))


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
