"""A lead asks what other ways of choosing would have cost on this project's own labels.

The settled levels are frozen with the question: labels that come in meanwhile would else make the
first and the last run answers to different questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.strategies import STRATEGY_WORDS
from cer_assist.services import audit, jobs, training_data
from cer_assist.services.jobs import SIMULATE
from cer_assist.services.reports import Stored, kept, numbered
from cer_assist.store.tables import Job, Project, Simulation
from cer_assist.store.types import now

LEAST_LABELS = 100  # a fifth judges: fewer than twenty would tell nothing
SEEDS = (5, 10, 20)
START, BATCH, LARGEST = 10, 10, 200


@dataclass(frozen=True, slots=True)
class SimulationStanding:
    """What the page shows."""

    refusal: str  # why none can be asked for now; empty: one can
    job: Job | None  # of the one that waits or runs
    last: Simulation | None  # the newest one that came to its end
    failed: bool  # the newest one ended in errors
    found: dict[str, Any] | None  # what the last one found
    is_older: bool  # the last one is of a form that is not read any more


def standing(session: Session, project_id: int) -> SimulationStanding:
    """Whether one can be asked for, what is under way, what the last one found."""
    job = jobs.under_way(session, SIMULATE, project_id)
    last = session.scalars(
        select(Simulation)
        .where(Simulation.project_id == project_id, Simulation.finished_at.is_not(None))
        .order_by(Simulation.id.desc())
        .limit(1)
    ).first()
    found = kept(Stored.simulation, last.found) if last else None
    return SimulationStanding(
        _refusal(session, project_id, job),
        job,
        last,
        jobs.has_failed(session, SIMULATE, project_id),
        found,
        is_older=last is not None and found is None,
    )


def ask(session: Session, project: Project, strategies: Sequence[str], seeds: int, by: int) -> None:
    """Freeze the question and let the worker answer it, or say why not."""
    if refusal := _refusal(session, project.id, jobs.under_way(session, SIMULATE, project.id)):
        raise InvalidInput(refusal)
    names = [name for name in STRATEGY_WORDS if name in strategies or name == "random"]
    if len(names) < 2 or not set(strategies) <= STRATEGY_WORDS.keys():
        raise InvalidInput("Choose at least one way beside “at random” from the list.")
    if seeds not in SEEDS:
        raise InvalidInput(f"Choose one of {', '.join(map(str, SEEDS))} repeats.")
    levels = training_data.settled_levels(session, project.id)
    kind = session.get_one(Project, project.id).model_kind
    # A fifth is kept apart, and with all of the rest labelled every way of choosing is the same.
    budget = min(LARGEST, int(0.8 * 0.8 * len(levels)))
    plan = {"strategies": names, "seeds": seeds, "kind": kind}
    plan |= {"start": START, "batch": BATCH, "budget": budget}
    row = Simulation(
        project_id=project.id,
        account_id=by,
        asked_at=now(),
        plan=plan,
        levels={str(key): level for key, level in levels.items()},
        runs=[],
        found=None,
        finished_at=None,
    )
    session.add(row)
    session.flush()  # the job names it
    jobs.enqueue(session, SIMULATE, project.id, payload={"simulation": row.id})
    entry = audit.Entry("simulation.asked", f"simulation:{row.id}", {**plan, "n": len(levels)})
    audit.append(session, entry, account_id=by, project_id=project.id)


def stop(session: Session, project_id: int, by: int) -> None:
    """Ask the one that waits or runs to stop."""
    job = jobs.under_way(session, SIMULATE, project_id)
    if job is None:
        raise InvalidInput("No simulation is under way: there is nothing to stop.")
    jobs.request_cancel(session, job.id, by)


def add_run(session: Session, simulation_id: int, run: list[Any]) -> None:
    """Keep a finished run."""
    row = session.get_one(Simulation, simulation_id)
    row.runs = [*row.runs, run]


def finish(session: Session, simulation_id: int, found: dict[str, Any]) -> None:
    """Keep what all runs add up to."""
    row = session.get_one(Simulation, simulation_id)
    row.found, row.finished_at = numbered(Stored.simulation, found), now()


def _refusal(session: Session, project_id: int, job: Job | None) -> str:
    if job is not None:
        return "A simulation is under way already."
    labels = len(training_data.settled_levels(session, project_id))
    if labels < LEAST_LABELS:
        return (
            f"A simulation needs at least {LEAST_LABELS} labelled protocols whose level is "
            f"settled; there are {labels}: label some more."
        )
    return ""
