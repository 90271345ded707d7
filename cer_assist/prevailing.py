"""The job that reports how many protocols are on each level; a command prints the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cer_assist.config import Settings
from cer_assist.services import jobs, prevalence, prevalence_readings
from cer_assist.services.prevalence_readings import NAMELESS, OTHERS, Gathered, Said
from cer_assist.services.rubrics import project_rubric
from cer_assist.statistics import prevalence as statistics
from cer_assist.statistics.prevalence import Read, Unread
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.worker import Held


def make_reports(database: Database, settings: Settings, held: Held) -> str:
    """Make the reports that were asked for and keep them."""
    project_id = held.claim.project_id
    with database.read() as session:
        wanted = prevalence.unanswered(session, project_id)
    for by in wanted:
        found, stood = figures(database, project_id, by)
        with database.write() as session:
            jobs.hold(session, held.claim)
            prevalence.store(session, project_id, by, stood, found)
    return f"{len(wanted):,} reports"


def figures(database: Database, project_id: int, by: str = "") -> tuple[dict[str, Any], str]:
    """All that is said, and what it rests on.

    What `statistics.prevalence` finds, with `scale`; of the sample `drawn` and `differ`; `version`,
    `unsaid` (unread protocols of which the model has said nothing); `by` and its `groups`, each
    with its `name`, the largest first, years and other numbers in order.
    """
    with database.read() as session:
        stood = prevalence.basis(session, project_id)
        gathered = prevalence_readings.gather(session, project_id, by)
        scale = project_rubric(session, session.get_one(Project, project_id)).scale
    about = {
        "scale": list(scale),
        "drawn": gathered.drawn,
        "differ": gathered.differ,
        "version": gathered.version,
        "unsaid": sum(said is None for said in gathered.unread.values()),
        "by": by,
    }
    everything = _figures(gathered, scale, None)
    groups = [{"name": name, **_figures(gathered, scale, name)} for name in _in_order(gathered)]
    return everything | about | {"groups": groups}, stood


def _in_order(gathered: Gathered) -> list[str]:
    """Names of groups; those of many protocols first, unless they are numbers."""
    names = list(gathered.groups.values())
    proper = set(names) - {NAMELESS, OTHERS}
    rest = [name for name in (OTHERS, NAMELESS) if name in names]
    if all(name.isdecimal() for name in proper):
        return [*sorted(proper, key=int), *rest]
    return [*sorted(proper, key=lambda name: (-names.count(name), name)), *rest]


def _figures(gathered: Gathered, scale: tuple[int, ...], group: str | None) -> dict[str, Any]:
    """Of one group, or of all protocols."""

    def of_group(key: int) -> bool:
        return group is None or gathered.groups[key] == group

    place = {level: at for at, level in enumerate(scale)}
    settled = [place[level] for key, level in gathered.settled.items() if of_group(key)]
    sample = [one for key, one in gathered.sample.items() if of_group(key)]
    unread = [said for key, said in gathered.unread.items() if of_group(key)]
    counted = np.bincount(np.array(settled, int), minlength=len(scale))
    votes = _votes([levels for levels, _ in sample], place)
    read = Read(votes, *_columns([said for _, said in sample], place))
    disputed = [said for key, said in gathered.disputed.items() if of_group(key)]
    return statistics.prevalence(
        counted, read, Unread(*_columns(unread, place)), _votes(disputed, place)
    )


def _votes(given: Sequence[Sequence[int]], place: dict[int, int]) -> np.ndarray:
    """Of each protocol the share of its readers who gave each level, (n, K)."""
    found = np.zeros((len(given), len(place)))
    for row, levels in zip(found, given, strict=True):
        for level in levels:
            row[place[level]] += 1 / len(levels)
    return found


def _columns(said: list[Said | None], place: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Level numbers and doubts, (n,) each."""
    levels = [statistics.UNSAID if one is None else place[one[0]] for one in said]
    doubts = [np.nan if one is None or one[1] is None else one[1] for one in said]
    return np.array(levels, int), np.array(doubts, float)
