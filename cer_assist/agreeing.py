"""The job that makes figures of agreement; a command prints what comes from the same function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from cer_assist.config import Settings
from cer_assist.domain.agreement import Readings, Seen
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.precision import NORMAL_95
from cer_assist.services import agreement, jobs, repeats
from cer_assist.services.agreement import Chosen, Reading
from cer_assist.services.repeats import Repeat
from cer_assist.services.rubrics import project_rubric
from cer_assist.statistics.agreement import agreement as agreement_of
from cer_assist.statistics.agreement import pairwise, per_level
from cer_assist.statistics.cautions import warnings
from cer_assist.statistics.drift import CoderDrift, drift
from cer_assist.statistics.estimates import Estimate
from cer_assist.statistics.retest import retest
from cer_assist.statistics.severity import severity
from cer_assist.statistics.sums import UNREAD
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.worker import Held

SEED = 0  # of the bootstrap: the same labels give the same intervals
ENOUGH = 30  # readings under a version of the rubric: with fewer, intervals are wider than levels
SURE = 0.05  # chance of a false alarm about any coder of a project, when none has changed


def agree(database: Database, settings: Settings, held: Held) -> str:
    """Make the figures of every choice of readings that somebody waits for."""
    project_id = held.claim.project_id
    with database.read() as session:
        asked = agreement.unanswered(session, project_id)
        scale = project_rubric(session, session.get_one(Project, project_id)).scale
    for done, wanted in enumerate(asked):
        held.progress(done / len(asked), f"{done} of {len(asked)} choices of readings")
        found, last_event = figures(database, project_id, wanted, scale)
        with database.write() as session:
            jobs.hold(session, held.claim)
            agreement.store(session, project_id, wanted, last_event, found)
    return f"{len(asked)} choices of readings"


def figures(
    database: Database, project_id: int, wanted: Readings, scale: Sequence[int]
) -> tuple[dict[str, Any], int]:
    """Everything that is said of a choice of readings, and the last label event that is in it.

    `units` read by two or more, `readings` of those, `waiting` protocols left out, `elsewhere`
    protocols with two imported readings (told only where there is nothing else), `coders`,
    `retest` each coder against themselves, by name: all pairs and the blind ones, and
    what `statistics` finds: `coefficients`, `pairs`, `levels`, `warnings`, `severity`, `drift`
    and `by_rubric`; the last three None where coders, or versions, cannot be compared.
    """
    with database.read() as session:
        chosen = agreement.chosen(session, project_id, wanted)
        again = repeats.repeats(session, project_id, wanted)
        imported: list[Reading] = []
        if wanted == Readings() and not _shared(chosen.readings):
            every = agreement.chosen(session, project_id, Readings(seen=Seen.elsewhere))
            imported = _shared(every.readings)
    elsewhere = len({one.protocol_id for one in imported})
    more = {"elsewhere": elsewhere, "retest": _retest(again, scale)}
    return _found(chosen, scale) | more, chosen.last_event_id


def _retest(again: Sequence[Repeat], scale: Sequence[int]) -> list[dict[str, Any]]:
    """By user name, for that is no ranking; None where nothing was read twice that way."""
    by_coder: dict[str, list[Repeat]] = {}
    for one in again:
        by_coder.setdefault(one.coder, []).append(one)
    return [
        {
            "coder": coder,
            "all": _twice(pairs, scale),
            "blind": _twice([one for one in pairs if one.is_blind], scale),
        }
        for coder, pairs in sorted(by_coder.items())
    ]


def _twice(pairs: Sequence[Repeat], scale: Sequence[int]) -> dict[str, Any] | None:
    if not pairs:
        return None
    first, second = np.array([(one.first, one.second) for one in pairs]).T - scale[0]
    return asdict(retest(first, second, len(scale), seed=SEED))


def _shared(readings: Sequence[Reading]) -> list[Reading]:
    """Those of protocols that another coder read as well."""
    keys = [one.protocol_id for one in readings]
    often = {key for key, n in zip(*np.unique(keys, return_counts=True), strict=True) if n > 1}
    return [one for one in readings if one.protocol_id in often]


def _found(chosen: Chosen, scale: Sequence[int]) -> dict[str, Any]:
    shared = _shared(chosen.readings)
    table, coders = _table(shared, scale[0])
    levels = len(scale)
    return {
        "units": len(table),
        "readings": len(shared),
        "waiting": chosen.waiting,
        "coders": coders,
        "coefficients": agreement_of(table, levels, seed=SEED),
        "pairs": [
            {"a": coders[a], "b": coders[b], **pair}
            for pair in pairwise(table, levels, seed=SEED)
            for a, b in [pair.pop("coders")]
        ],
        "levels": [
            one | {"level": one["level"] + scale[0]} for one in per_level(table, levels, seed=SEED)
        ],
        "warnings": [_named(fact, coders, scale) for fact in warnings(table, levels)],
        "severity": _comparable(_severity, chosen.readings, scale),
        "drift": _comparable(_drift, chosen.readings, scale),
        "by_rubric": _by_rubric(chosen.readings, scale),
    }


def _table(readings: Sequence[Reading], lowest: int) -> tuple[np.ndarray, list[str]]:
    """Levels from 0 on, (protocols, coders), and the coders' names."""
    coders, columns = np.unique([one.coder for one in readings], return_inverse=True)
    keys, rows = np.unique([one.protocol_id for one in readings], return_inverse=True)
    table = np.full((len(keys), len(coders)), UNREAD)
    table[rows, columns] = [one.level - lowest for one in readings]
    return table, coders.tolist()


def _named(fact: dict[str, Any], coders: Sequence[str], scale: Sequence[int]) -> dict[str, Any]:
    """Columns as coders, level numbers as levels."""
    named = dict(fact)
    if "coders" in named:
        named["coders"] = [coders[at] for at in named["coders"]]
    if "level" in named:
        named["level"] += scale[0]
    if "levels" in named:
        named["levels"] = [level + scale[0] for level in named["levels"]]
    return named


def _comparable(
    measure: Callable[[Sequence[Reading], Sequence[int]], dict[str, Any]],
    readings: Sequence[Reading],
    scale: Sequence[int],
) -> dict[str, Any] | None:
    """A comparison of coders; None where no two of them read the same, or all gave one level."""
    if not _shared(readings):
        return None
    try:
        return measure(readings, scale)
    except InvalidInput:  # one level only: the reason stands in its docstring
        return None


def _severity(readings: Sequence[Reading], scale: Sequence[int]) -> dict[str, Any]:
    found = severity(*_columns(readings, scale), len(scale))
    groups: dict[int, list[str]] = {}
    for name, effect in found.coders.items():
        groups.setdefault(effect.component, []).append(str(name))
    return {
        "coders": [{"coder": name, **asdict(effect)} for name, effect in found.coders.items()],
        "groups": list(groups.values()),
        "spread_of_protocols": asdict(found.sigma),
        "converged": found.converged,
    }


def _drift(readings: Sequence[Reading], scale: Sequence[int]) -> dict[str, Any]:
    """By calendar month; an alarm is a change that chance gives one of all coders in twenty."""
    units, coders, levels = _columns(readings, scale)
    months = np.array([one.at.year * 12 + one.at.month - 1 for one in readings])
    found = drift(units, coders, months, levels, len(scale))
    compared = sum(one.change is not None for one in found.coders.values())
    return {
        "coders": [
            {
                "coder": name,
                "months": [
                    {"month": f"{month // 12}-{month % 12 + 1:02d}", **asdict(effect)}
                    for month, effect in one.periods.items()
                ],
                "change": asdict(one.change) if one.change else None,
                "alarm": _alarms(one, compared),
            }
            for name, one in found.coders.items()
        ],
        "converged": found.converged,
    }


def _by_rubric(readings: Sequence[Reading], scale: Sequence[int]) -> dict[str, Any] | None:
    """Severity by coder and version of the rubric, of versions with enough readings; None where
    there are not two of them. It raises no alarm: what a new wording changes it was to change.
    """
    versions, counts = np.unique([one.rubric for one in readings], return_counts=True)
    enough = set(versions[counts >= ENOUGH].tolist())
    if len(enough) < 2:
        return None
    found = _comparable(_versions, [one for one in readings if one.rubric in enough], scale)
    return found and found | {"left_out": [n for n in versions.tolist() if n not in enough]}


def _versions(readings: Sequence[Reading], scale: Sequence[int]) -> dict[str, Any]:
    units, coders, levels = _columns(readings, scale)
    numbers = np.array([one.rubric for one in readings])
    found = drift(units, coders, numbers, levels, len(scale))
    return {
        "coders": [
            {
                "coder": name,
                "versions": [
                    {"version": number, **asdict(effect)} for number, effect in one.periods.items()
                ],
            }
            for name, one in found.coders.items()
        ],
        "converged": found.converged,
    }


def _alarms(one: CoderDrift, compared: int) -> bool:
    """Whether a coder changed, apart from the others, by more than chance makes of any of them.

    Not by the change alone: a queue that serves other protocols later moves all coders, and what
    protocols link the months takes only a part of that from them. Bonferroni's bound over coders.
    """
    p = _p_of_none(one.change.apart) if one.change else None
    return p is not None and p < SURE / compared


def _p_of_none(found: Estimate | None) -> float | None:
    """The chance of a value this far from 0 if there were none, from a normal interval."""
    if found is None or found.value is None or found.low is None or found.high is None:
        return None
    error = (found.high - found.low) / (2 * NORMAL_95)
    return math.erfc(abs(found.value) / error / math.sqrt(2))


def _columns(
    readings: Sequence[Reading], scale: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Protocols, coders and levels from 0 on, (n,) each."""
    return (
        np.array([one.protocol_id for one in readings]),
        np.array([one.coder for one in readings]),
        np.array([one.level - scale[0] for one in readings]),
    )
