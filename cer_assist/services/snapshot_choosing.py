"""What a snapshot would hold under its filters, for the look beforehand and for the making.

Texts pass by one at a time; what stays of each is what levels, splits and the check need.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotReady
from cer_assist.domain.labels import HIDDEN_LANES
from cer_assist.domain.splits import DEALT, TEST
from cer_assist.services import (
    queue_order,
    rubric_versions,
    snapshot_filters,
    snapshot_levels,
)
from cer_assist.services import snapshots as kept
from cer_assist.services.export_rows import label_event_rows, protocol_rows
from cer_assist.services.rubrics import rubric_version
from cer_assist.services.snapshot_levels import Levels
from cer_assist.services.snapshot_splits import Asked, split, without_text
from cer_assist.store.tables import Project, Protocol

NO_PROTOCOLS = "No protocol fits, for the project has none yet: import some."
NOT_STORED = (*kept.OF_TEXT, "runs", "id")


@dataclass
class Events:
    """Label events passed by once: who made them, how many are chosen, why others are not."""

    names: dict[str, str] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)  # by protocol
    # By protocol and the filter that leaves them out.
    left: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Chosen:
    """Protocols by our id, as they are stored but for their hashes."""

    of: dict[int, dict[str, Any]]
    events: Events
    checked: dict[str, Any] | None
    left: dict[int, str]  # protocols that are not in it, and how each lacks a level
    names: dict[int, str]  # of all protocols

    @property
    def nothing(self) -> str:
        """Why there is nothing to keep, and what to do; empty: there is something."""
        if self.of:
            return ""
        return "No protocol fits: choose fewer filters." if self.names else NO_PROTOCOLS


def check(asked: Asked) -> None:
    """Refuse what cannot be made whatever the project holds."""
    snapshot_filters.check(asked)
    shares = asked.shares
    if shares is None:
        return
    fits = set(shares) <= set(DEALT) and all(0 <= share <= 1 for share in shares.values())
    if not fits or abs(sum(shares.values()) - 1) > 1e-6:
        raise InvalidInput("The shares of train, validation and test must add up to 100 %.")
    if asked.fenced_is_test and shares.get(TEST, 0) > 0:
        raise InvalidInput("The fenced sample is the test set: give test a share of 0.")


def choose(session: Session, project: Project, asked: Asked) -> Chosen:
    """All but hashes, number, maker and time."""
    _check_here(session, project, asked)
    rubric = rubric_version(session, project.rubric_version_id)
    levels, events = _played(session, project, asked)
    ids = kept.ids_of(session, project.id)
    in_use = {"version": rubric.version, "sha256": rubric.sha256}
    every = [
        without_text(row, asked)
        | levels.of(row["protocol_id"], in_use)
        | {"id": ids[row["protocol_id"]]}
        for row in protocol_rows(session, project)
    ]
    rows = [row for row in every if row["final_level"] is not None or not asked.settled_only]
    dealt = split(session, project, asked, rows)
    of = {
        row["id"]: {
            "protocol_id": row["id"],
            "split": dealt.split_of.get(row["id"]),
            "group_id": dealt.group_of.get(row["id"]),
            "level": row["final_level"],
            "said": {name: value for name, value in row.items() if name not in NOT_STORED}
            | dealt.ties.get(row["id"], {}),
        }
        for row in rows
    }
    left = {row["id"]: row["final_from"] for row in every if row["id"] not in of}
    names = {key: name for name, key in ids.items()}
    return Chosen(of, events, dealt.checked, left, names)


def _check_here(session: Session, project: Project, asked: Asked) -> None:
    """Refuse what this project never had: a mistyped name would choose or keep apart nothing."""
    had = [one.number for one in rubric_versions.versions(session, project)]
    for number in asked.rubric_versions:
        if number not in had:
            raise InvalidInput(
                f"This project was never coded under version {number} of its rubric: choose among "
                f"{', '.join(map(str, had))}."
            )
    there = _columns(session, project.id) if asked.columns else set()
    for name in asked.columns:
        if name not in there:
            raise InvalidInput(
                f"No protocol has a column “{name[:60]}”: choose among {', '.join(sorted(there))}."
                if there
                else "These protocols have no columns to keep apart: import some with them."
            )
    if asked.shares is not None and queue_order.lacks_clusters(session, project.id):
        raise NotReady("The worker is still comparing texts for near-copies: try again after it.")


def _columns(session: Session, project_id: int) -> set[str]:
    own = select(Protocol.details).where(Protocol.project_id == project_id)
    rows = session.scalars(own.execution_options(yield_per=200))
    return {name for details in rows for name in details}


def _played(session: Session, project: Project, asked: Asked) -> tuple[Levels, Events]:
    said = asdict(asked)
    levels, events = Levels(session, project.id, said), Events()
    why_not = snapshot_filters.why_not(said)
    for row in label_event_rows(session, project):
        events.names[row["coder"]] = row["coder_name"]
        levels.play(row)
        if row["lane"] in HIDDEN_LANES:
            continue
        why = why_not(row)
        if why is None:
            events.held[row["protocol_id"]] += 1
        else:
            events.left[row["protocol_id"], why] += 1
    return levels, events


def counts_of(
    of: Mapping[int, Mapping[str, Any]], events: int, scale: Sequence[int]
) -> dict[str, Any]:
    """What manifest, page and commands tell of it."""
    levels = Counter(row["level"] for row in of.values())
    return {
        "levels": {str(level): levels[level] for level in scale},
        "without_level": levels[None],
        "without_split": sum(not row["split"] for row in of.values()),
        "protocols": len(of),
        "label_events": events,
        **snapshot_levels.counted(row["said"] for row in of.values()),
    }
