"""What a snapshot's protocols count as: the label events that its filters choose, played again.

Coders' readings are those of the chosen events alone, so that no level rests silently on answers
that the snapshot leaves out. A level that an adjudicator settled stays whatever coders had seen,
for settling means knowing the readings; days and rubric versions hold for it too. Each level names
the events that it rests on, and a settled one what its adjudicator had been shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action, Lane, Origin, final_level
from cer_assist.exports.columns import Column
from cer_assist.services.snapshot_filters import FINAL, counts_for_levels
from cer_assist.store.tables import Disclosure, LabelEvent
from cer_assist.store.tables.servings import Disclosed

SEEN_READINGS, SEEN_SUGGESTION, SEEN_UNKNOWN = "readings", "suggestion", "unknown"
COLUMNS = (
    Column("level_events", "json", "Label events that the final level rests on.", "[event_id]"),
    Column(
        "settled_seen",
        "text",
        "Of an adjudicated level: whether its adjudicator had been shown the model's suggestion "
        "besides the readings, as far as this program showed it.",
        "readings, suggestion, unknown (settled elsewhere) or empty",
    ),
)
_OF_EVENT = ("event_id", "level", "rubric_version", "rubric_sha256", "origin")
SOURCES = ("adjudicated", "agreed", "single", "disagreed", "none")


@dataclass(slots=True)
class _Played:
    """What stands on a protocol: the newest event of each, the newest last."""

    readings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    finals: dict[str, Mapping[str, Any]] = field(default_factory=dict)


class Levels:
    """The levels of a project's protocols under a snapshot's filters."""

    def __init__(self, session: Session, project_id: int, asked: Mapping[str, Any]) -> None:
        self._shown = _settled_with_suggestion(session, project_id)
        self._counts = counts_for_levels(asked)
        self._names_readings = asked.get("readings") != FINAL
        self._played: dict[str, _Played] = {}

    def play(self, row: Mapping[str, Any]) -> None:
        """One event after the other, as they were recorded."""
        if not self._counts(row):
            return
        own = self._played.setdefault(row["protocol_id"], _Played())
        lane = own.finals if row["lane"] == Lane.final else own.readings
        lane.pop(row["coder"], None)
        if row["action"] == Action.label:
            lane[row["coder"]] = {name: row[name] for name in _OF_EVENT}

    def of(self, name: str, rubric: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a protocol that tell its level; `rubric` is the one in use."""
        own = self._played.get(name, _Played())
        settled = next(reversed(own.finals.values()), None)
        levels = {coder: row["level"] for coder, row in own.readings.items()}
        level, source = final_level(settled["level"] if settled else None, levels)
        readings = [] if level is None else list(own.readings.values())
        rests_on = [settled] if settled else readings
        read_by = [settled] if settled else list(own.readings.values())
        by = min(((r["rubric_version"], r["rubric_sha256"]) for r in read_by), default=None)
        version, digest = by or (rubric["version"], rubric["sha256"])
        return {
            "final_level": level,
            "final_from": source,
            "n_coders": len(levels),
            "coder_levels": levels if self._names_readings else {},
            "rubric_version": version,
            "rubric_sha256": digest,
            "level_events": sorted(row["event_id"] for row in rests_on),
            "settled_seen": self._seen(settled) if settled else None,
        }

    def _seen(self, settled: Mapping[str, Any]) -> str:
        if settled["event_id"] in self._shown:
            return SEEN_SUGGESTION
        return SEEN_UNKNOWN if settled["origin"] == Origin.imported else SEEN_READINGS


def counted(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many levels came about how, and of the settled ones what had been shown."""
    held = [(row["final_from"], row["settled_seen"]) for row in rows]
    sources, seen = Counter(one for one, _ in held), Counter(one for _, one in held if one)
    told = (SEEN_READINGS, SEEN_SUGGESTION, SEEN_UNKNOWN)
    return {
        "sources": {name: sources[name] for name in SOURCES},
        "settled_seen": {name: seen[name] for name in told},
    }


def _settled_with_suggestion(session: Session, project_id: int) -> set[int]:
    """Final levels by who had been shown a suggestion of the protocol before."""
    shown = exists().where(
        Disclosure.protocol_id == LabelEvent.protocol_id,
        Disclosure.account_id == LabelEvent.account_id,
        Disclosure.what == Disclosed.suggestion,
        Disclosure.at <= LabelEvent.recorded_at,
    )
    own = select(LabelEvent.id).where(
        LabelEvent.project_id == project_id, LabelEvent.lane == Lane.final, shown
    )
    return set(session.scalars(own))
