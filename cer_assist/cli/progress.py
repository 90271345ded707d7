"""progress: the figures of the Progress page."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cer_assist.cli.base import emit, home_option, json_option, open_database, settings_for
from cer_assist.services import projects
from cer_assist.services.overview import Overview, overview

SIGNALS = {
    "fence": "the fenced sample tells how good the model is",
    "flat": "more labels would hardly help",
    "wrong": "few levels would be wrong",
}


@click.command()
@home_option
@json_option
@click.argument("project")
def progress_command(home: Path | None, as_json: bool, project: str) -> None:
    """Show how far labelling has come, and what speaks for stopping."""
    with open_database(settings_for(home)) as database, database.read() as session:
        found = overview(session, projects.find_project(session, project))
    emit(as_json, asdict(found), *_lines(found))


def _lines(found: Overview) -> list[str]:
    lines = [f"{found.read:,} of {found.read + found.unread:,} protocols have somebody's label."]
    if found.measured:
        qwk = found.measured.figures["qwk"]
        lines.append(
            f"QWK {qwk['value']:.2f} ({qwk['low']:.2f} to {qwk['high']:.2f}), measured at version "
            f"{found.measured.version} on {found.measured.figures['measured_on']}."
        )
    outlook = found.outlook or {}
    if outlook.get("forecast"):
        lines.append(_forecast(outlook["forecast"]))
    elif outlook.get("missing"):
        lines.append(outlook["missing"])
    for name, holds in found.signals.items():
        words = {True: "holds", False: "does not hold", None: "not known yet"}[holds]
        lines.append(f"{words}: {SIGNALS[name]}")
    if found.decision:
        what = "stopped" if found.decision.stops else "goes on"
        lines.append(f"Labelling {what}, decided by {found.decision.by}: {found.decision.reason}")
    return lines


def _forecast(said: dict[str, Any]) -> str:
    low, more, high = (
        "more than are left" if said[key] is None else str(said[key])
        for key in ("low", "more", "high")
    )
    return (
        f"More labels for QWK {said['wanted']:.2f}: {more} (90 % interval {low} to {high}); "
        f"chance that the {said['left']:,} left are enough: {said['chance']:.0%}."
    )
