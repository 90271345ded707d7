"""The job that reports whether suggestions help or steer; a command prints the same function's."""

from __future__ import annotations

from typing import Any

from cer_assist.config import Settings
from cer_assist.services import exposure_readings, exposures, jobs, training_data
from cer_assist.services.rubrics import project_rubric
from cer_assist.statistics.exposure import exposure_figures
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.worker import Held

WHOSE = ("settled", "settled_seen", "settled_elsewhere", "others", "none")


def make_report(database: Database, settings: Settings, held: Held) -> str:
    """Make a project's report and keep it."""
    project_id = held.claim.project_id
    found, last_event = figures(database, project_id)
    with database.write() as session:
        jobs.hold(session, held.claim)
        exposures.store(session, project_id, last_event, found)
    return f"{found['readings']:,} readings"


def figures(database: Database, project_id: int) -> tuple[dict[str, Any], int]:
    """All that is said, and the last label event that is in it.

    What `statistics.exposure` finds, and `waiting` protocols, `left_out` readings and `truths`, the
    readings by whose word their truth is (`services.exposure_readings`).
    """
    with database.read() as session:
        last_event = training_data.last_event_id(session, project_id)
        gathered = exposure_readings.gather(session, project_id)
        scale = project_rubric(session, session.get_one(Project, project_id)).scale
    found = exposure_figures(gathered.readings, scale)
    truths = {name: gathered.truths.get(name, 0) for name in WHOSE}
    about = {"waiting": gathered.waiting, "left_out": gathered.left_out, "truths": truths}
    return found | about, last_event
