"""The jobs of the fenced sample: draw it, have versions read it, and say how good they are on it.

Measured are the version in use and the newest one that waits behind it. What the job takes is a
moment: a version is asked about each protocol once, and figures are of a few hundred rows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from cer_assist.config import Settings
from cer_assist.domain.errors import Corrupt
from cer_assist.domain.precision import narrowing, wilson
from cer_assist.learning.metrics import level_figures
from cer_assist.learning.ordinal import spread
from cer_assist.logs import get_logger
from cer_assist.ordering import find_copies
from cer_assist.scoring import document
from cer_assist.services import fence, fence_draws, jobs, models, queue_order, training_data
from cer_assist.services.fence import Reading, Standing
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from cer_assist.tasks import load_current
from cer_assist.worker import Held

MEASURES = ("accuracy", "qwk", "mae")
log = get_logger()


def draw(database: Database, settings: Settings, held: Held) -> str:
    """Enlarge the sample as a lead asked; drawn and done are one transaction: it is done once."""
    project_id, asked = held.claim.project_id, held.claim.payload["size"]
    find_copies(database, held)
    with database.read() as session:
        clusters = queue_order.cluster_numbers(session, project_id)
    with database.write() as session:
        jobs.hold(session, held.claim)
        drawn = fence_draws.draw(session, project_id, asked, clusters, held.claim.payload["by"])
        note = f"{drawn:,} of {asked:,} protocols drawn"
        fence.measure_soon(session, project_id)
        held.finish(session, note)
    return note


def measure(database: Database, settings: Settings, held: Held) -> str:
    """Ask versions what they have not been asked, and store how good they are."""
    project_id = held.claim.project_id
    with database.read() as session:
        versions = _versions(session, project_id)
        scale = project_rubric(session, session.get_one(Project, project_id)).scale
        population = fence_draws.population(fence_draws.draws(session, project_id))
    for version in versions:
        _ask(database, settings, held, version)
    notes = []
    for version in versions:
        with database.read() as session:
            said = fence.scores(session, version.id)
            found = fence.readings(session, project_id)
        usable = _usable(found, said)
        notes.append(f"version {version.number} on {len(usable):,} of {len(found):,}")
        if len(usable) < fence.LEAST_SETTLED:
            continue
        figures = estimate_figures(found, said, scale, population)
        with database.write() as session:
            jobs.hold(session, held.claim)
            fence.add_estimate(session, version.id, len(usable), len(found), figures)
            jobs.enqueue(session, jobs.OUTLOOK, project_id)  # forecasts rest on it
    return f"Fenced sample: {'; '.join(notes) or 'no version yet'}"


def estimate_figures(
    found: list[Reading], said: dict[int, int], scale: tuple[int, ...], population: int | None
) -> dict[str, Any]:
    """Accuracy, QWK and mean distance with 95 % intervals, and what the missing may do to them.

    Parameters
    ----------
    found : list of Reading
        The whole sample.
    said : dict of protocol to level
        What the version says.
    scale : tuple of int
    population : int, optional
        What the sample was drawn from, where that is known: intervals are narrower where it is a
        large part of it (`precision.narrowing`).

    Returns
    -------
    dict
        `accuracy` (Wilson's interval), `qwk`, `mae` (percentile bootstrap by protocol) as {"value",
        "low", "high"}; `bounds` {"low", "high"} of the accuracy, if those whose readings differ
        were all wrong and all right; `differ`, how many those are; `population` as given.
    """
    usable = _usable(found, said)
    n = len(usable)
    truth = np.array([scale.index(one.level or 0) for one in usable], int)
    predicted = np.array([scale.index(said[one.protocol_id]) for one in usable], int)
    narrow = 1.0 if population is None else narrowing(n, population)
    figures = level_figures(truth, predicted, len(scale))
    shown = {name: _narrowed(figures[name], narrow) for name in MEASURES}
    right = float((truth == predicted).mean())
    low, high = wilson(right, n / narrow**2) if narrow else (right, right)
    shown["accuracy"] = {"value": right, "low": low, "high": high}
    differ = sum(one.standing is Standing.differ for one in found)
    bounds = {"low": right * n / (n + differ), "high": (right * n + differ) / (n + differ)}
    return {**shown, "bounds": bounds, "differ": differ, "population": population}


def _usable(found: list[Reading], said: dict[int, int]) -> list[Reading]:
    """Settled protocols of which the version has said something."""
    settled = [one for one in found if one.standing is Standing.settled]
    return [one for one in settled if one.protocol_id in said]


def _narrowed(figure: dict[str, Any], narrow: float) -> dict[str, Any]:
    value = figure["value"]
    if value is None or math.isclose(narrow, 1.0):
        return figure
    ends = {end: value + narrow * (figure[end] - value) for end in ("low", "high")}
    return {"value": value, **ends}


def _versions(session: Session, project_id: int) -> list[ModelVersion]:
    """The version in use and the newest published one."""
    current = models.current_version(session, project_id)
    newest = models.newest_published(session, project_id)
    found = {one.id: one for one in (current, newest) if one is not None}
    return list(found.values())


def _ask(database: Database, settings: Settings, held: Held, version: ModelVersion) -> None:
    """Have a version say the level of fenced protocols whose text has been read by its encoder."""
    with database.read() as session:
        missing = fence.unscored(session, version.project_id, version.id)
        texts = training_data.protocol_texts(session, version.project_id, [*missing])
    if not texts:
        return
    try:
        classifier = load_current(settings, version)
    except Corrupt as error:  # the next job that needs it replaces it
        log.warning("model unusable", version=version.number, reason=str(error))
        return
    documents = [document(row) for row in texts]
    unread = {one.key for one in classifier.cache.missing(documents)}
    ready = [row for row in texts if row.content_hash not in unread]
    if not ready:
        return
    said = classifier.say([document(row) for row in ready])
    numbers = classifier.decide(said.uncalibrated).tolist()
    doubts = spread(said.probabilities).tolist()
    levels = {
        row.id: (classifier.scale[at], doubt)
        for row, at, doubt in zip(ready, numbers, doubts, strict=True)
    }
    with database.write() as session:
        jobs.hold(session, held.claim)
        fence.add_scores(session, version.id, levels)
