"""The job that holds every settled level against models that have not learnt it.

Fifteen models a view, so it gives way to all other work and takes a quarter of a minute for four
hundred protocols. It reads with the published encoder: a tuned one knows its labels by heart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cer_assist.config import Settings
from cer_assist.encoders import named_reader
from cer_assist.learning.kinds import kind_for
from cer_assist.learning.label_errors import judged_apart, problem_of, suspect
from cer_assist.material import Material, read_material
from cer_assist.scoring import document
from cer_assist.services import jobs, label_checks
from cer_assist.store.engine import Database
from cer_assist.worker import Held

READING = 0.3  # of the progress that is shown: the rest is models


def check(database: Database, settings: Settings, held: Held) -> str:
    """Look at all settled levels and keep those that a second reading would gain most."""
    material = read_material(database, held.claim.project_id)
    if len(material.labelled) < label_checks.LEAST_LABELS:
        return "too few settled levels by now"
    found = _found(settings, held, material)
    with database.write() as session:
        jobs.hold(session, held.claim)
        label_checks.store(session, held.claim.project_id, found)
    return f"{found['checked']:,} levels checked"


def _found(settings: Settings, held: Held, material: Material) -> dict[str, Any]:
    """What `label_checks` shows of; fenced protocols are not among the labelled ones."""
    documents = [document(row) for row in material.labelled]
    lowest = material.rubric.scale[0]
    given = np.array([material.levels[row.id] - lowest for row in material.labelled])
    cache = named_reader(settings, {}).cache
    kind = kind_for(material.model_kind, material.rubric)
    problem, clusters = problem_of(
        documents,
        given,
        len(material.rubric.scale),
        kind=kind,
        rubric=material.rubric,
        reader=cache,
    )
    read = cache.readings(documents, lambda share, note: held.progress(READING * share, note))
    said = judged_apart(
        read,
        given,
        clusters,
        problem,
        kind,
        lambda share, note: held.progress(READING + (1 - READING) * share, note),
    )
    thought = suspect(said, given, clusters)
    return {
        "checked": len(given),
        "kind": material.model_kind,
        "suspects": [
            {
                "protocol": material.labelled[at].id,
                "level": int(given[at]) + lowest,
                "gain": float(thought.gain[at]),
                "wrong": float(thought.wrong[at]),
                "likely": int(thought.likely[at]) + lowest,
            }
            for at in thought.order[: label_checks.KEPT].tolist()
        ],
    }
