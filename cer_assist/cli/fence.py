"""fence: draw protocols that models are measured on, and show what they measured."""

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
    open_database,
    progress_bar,
    settings_for,
)
from cer_assist.cli.models import run_here
from cer_assist.config import Settings
from cer_assist.services import fence, fence_draws, fence_plan, jobs, projects
from cer_assist.services.fence import FencedEstimate
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project


@click.command()
@home_option
@json_option
@click.argument("project")
@click.option("--draw", type=click.IntRange(min=1), help="Draw so many more, at random.")
def fence_command(home: Path | None, as_json: bool, project: str, draw: int | None) -> None:
    """Show the fenced sample and how good the model in use is on it; never which it holds."""
    settings = settings_for(home)
    with open_database(settings) as database:
        with database.read() as session:
            found = projects.find_project(session, project)
        if draw is not None:
            _draw(database, settings, found, draw)
        with database.read() as session:
            result, lines = _standing(session, found)
    emit(as_json, result, *lines)


def _draw(database: Database, settings: Settings, project: Project, size: int) -> None:
    from cer_assist import fencing

    def ask(session: Session) -> None:
        fence_draws.ask(session, project, size, None)

    with progress_bar("Drawing") as advance:
        run_here(database, settings, (jobs.FENCE_DRAW, project.id), ask, fencing.draw, advance)


def _standing(session: Session, project: Project) -> tuple[dict[str, Any], list[str]]:
    counts = fence.counts(fence.readings(session, project.id))
    size, estimate = sum(counts.values()), fence.estimate(session, project)
    plan = fence_plan.plan(session, project)
    draws = [asdict(draw) for draw in fence_draws.draws(session, project.id)]
    result = {
        "size": size,
        "standing": {str(name): number for name, number in counts.items()},
        "draws": draws,
        "unread": plan.unread,
        "plan": [asdict(row) for row in plan.rows],
        "estimate": asdict(estimate) | {"measured_on": estimate.measured_on} if estimate else None,
    }
    said = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items())
    lines = [f"Fenced sample: {size} protocols ({said})" if size else "No fenced sample yet."]
    lines += [
        f"  {row.size:,} protocols: accuracy to within {row.accuracy * 100:.0f} points, "
        f"QWK to within about {row.qwk:.2f}"
        for row in plan.rows
    ]
    return result, lines + _said(estimate)


def _said(estimate: FencedEstimate | None) -> list[str]:
    if estimate is None:
        return [f"No figures yet: they take {fence.LEAST_SETTLED} settled protocols and a worker."]
    figures = {name: getattr(estimate, name) for name in ("accuracy", "qwk", "mae")}
    return [
        f"Version {estimate.version} on {estimate.measured_on}; 95 % intervals, "
        f"for {estimate.speaks_for}:",
        *(f"  {name} {figure(one)}" for name, one in figures.items()),
    ]
