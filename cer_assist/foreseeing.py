"""The job that forecasts how many labels are still worth making, and what would stay wrong.

It follows every encoding, which follows every new version: so it knows what is said of all that
nobody has read. It takes a fraction of a second, and no transaction is open meanwhile.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from cer_assist.config import Settings
from cer_assist.domain.rubric import Rubric
from cer_assist.learning import stopping
from cer_assist.services import jobs, outlooks
from cer_assist.services.outlooks import Grounds, MeasuredVersion
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.worker import Held


def foresee(database: Database, settings: Settings, held: Held) -> str:
    """Make a project's forecast and keep it."""
    project_id = held.claim.project_id
    with database.read() as session:
        grounds = outlooks.grounds(session, project_id)
        rubric = project_rubric(session, session.get_one(Project, project_id))
    if grounds is None:
        return "no model yet, so nothing can be foreseen"
    said = outlook(grounds, rubric)
    with database.write() as session:
        jobs.hold(session, held.claim)
        outlooks.store(session, project_id, said)
    return said["missing"] or "forecast made"


def outlook(grounds: Grounds, rubric: Rubric) -> dict[str, Any]:
    """All that is foreseen, as pages and commands read it.

    `version`, `kind`, `unread`, `basis` (fenced or labelled), `points` of it, those `fenced`;
    `forecast` and `gain` (`learning.stopping`), each None with the reason in `missing`; `wrong`
    (`_wrong`), None where no figure tells how far the model's percentages can be trusted.
    """
    now, left = grounds.settled, grounds.unsettled
    basis, points, missing = _basis(grounds)
    said: dict[str, Any] = {
        "version": grounds.version,
        "kind": grounds.kind,
        "unread": grounds.unread,
        "basis": basis,
        "points": len(_labels(points)),
        "fenced": [asdict(point) for point in grounds.fenced],
        "forecast": None,
        "gain": None,
        "missing": missing,
        "wrong": _wrong(grounds, rubric),
    }
    if missing:
        return said
    curves = stopping.fit_curves([stopping.Point(**asdict(point)) for point in points])
    return said | {
        "forecast": stopping.forecast(curves, grounds.wanted_qwk, now, left)
        | {"curve": stopping.drawn(curves, now + left)},
        "gain": stopping.next_gain(curves, now, left),
    }


def _basis(grounds: Grounds) -> tuple[str, list[MeasuredVersion], str]:
    """What a forecast may rest on, and what it lacks in words; empty where it lacks nothing."""
    fenced, points = grounds.fenced, grounds.points
    if grounds.is_picked or len(_labels(fenced)) >= stopping.FEWEST:
        basis, points, where = "fenced", fenced, "measured on the fenced sample"
    else:
        basis, where = "labelled", "measured"
    known, fewest = len(_labels(points)), stopping.FEWEST
    if known >= fewest:
        return basis, points, ""
    return (
        basis,
        points,
        (
            f"A forecast needs {fewest} versions {where}, each with another number of labels; "
            f"so far there {'is' if known == 1 else 'are'} {known}."
        ),
    )


def _labels(points: list[MeasuredVersion]) -> set[int]:
    return {point.labels for point in points}


def _wrong(grounds: Grounds, rubric: Rubric) -> dict[str, Any] | None:
    """Wrong levels among unread protocols, if the model's were taken.

    `expected` and `distance` as figures, `by_level`, `scored` protocols that they are about, and
    how far percentages may be `off` alike, as `measured_on` so many protocols.
    """
    figures = grounds.measured.figures if grounds.measured else {}
    if not figures.get("ece") or not figures.get("accuracy"):
        return None
    off = stopping.shared_error(figures["ece"]["value"], figures["accuracy"]["value"], figures["n"])
    shape = (len(grounds.levels), len(rubric.scale))
    found = stopping.expected_wrong(
        np.array(grounds.probabilities, float).reshape(shape),
        np.array(grounds.levels, int) - rubric.scale[0],
        off,
    )
    return {
        **found,
        "scored": shape[0],
        "off": off,
        "measured_on": figures["n"],
    }
