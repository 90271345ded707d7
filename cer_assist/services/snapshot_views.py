"""What of snapshots a person may be told, and that they were told.

Whoever still reads protocols is told nothing of those that they may still be given: not their
levels, and no count that holds them, for with two counts one knows the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.split_checks import UNLABELLED, Placed, table
from cer_assist.services import history, unannounced
from cer_assist.services import snapshots as kept
from cer_assist.services.desk_protocols import Viewer, is_over
from cer_assist.services.rubrics import rubric_version
from cer_assist.services.snapshot_choosing import Chosen, check, choose, counts_of
from cer_assist.services.snapshot_differences import Differences
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, Protocol, Snapshot


@dataclass(frozen=True)
class Preview:
    """Counts of what a snapshot would hold, and of what it would not."""

    counts: dict[str, Any]
    checked: dict[str, Any] | None
    protocols_left: Mapping[str, int]
    events_left: Mapping[str, int]
    left_out: int  # protocols of the project that the viewer may still read; nothing counts them
    nothing: str  # why it cannot be kept; empty: it can


@dataclass(frozen=True)
class Told:
    """Counts and check of a snapshot, as far as a viewer may know."""

    counts: dict[str, Any] | None  # None: made before they were kept
    check: dict[str, Any] | None
    left_out: int


def preview(
    database: Database, project_id: int, asked: Asked, viewer: Viewer | None = None
) -> Preview:
    """What would be made now; nothing is stored, and no name is needed yet."""
    check(asked)
    with database.read() as session:
        project = session.get_one(Project, project_id)
        found = choose(session, project, asked)
        scale = rubric_version(session, project.rubric_version_id).scale
        hidden = open_to(session, project_id, viewer)
    shown = {key: name for key, name in found.names.items() if key not in hidden}
    of = {key: row for key, row in found.of.items() if key in shown}
    held = sum(found.events.held[shown[key]] for key in of)
    return Preview(
        counts=counts_of(of, held, scale),
        checked=_check(found.checked, of, shown, scale, asked.shares) if hidden else found.checked,
        protocols_left=dict(Counter(why for key, why in found.left.items() if key in shown)),
        events_left=_events_left(found, set(shown.values()), held),
        left_out=len(hidden),
        nothing=found.nothing,
    )


def _events_left(found: Chosen, shown: Collection[str], held: int) -> dict[str, int]:
    """Label events of these protocols that are not in it, by why."""
    left = Counter[str]()
    for (name, why), number in found.events.left.items():
        left[why] += number if name in shown else 0
    left["protocols"] = sum(found.events.held[name] for name in shown) - held
    return {why: number for why, number in left.items() if number}


def told(session: Session, made: Snapshot, hidden: Collection[int]) -> Told:
    """As stored, but for what is hidden from whoever asks."""
    counts, checked = made.said.get("counts"), made.said.get("check")
    if not hidden:
        return Told(counts, checked, 0)
    of = {key: row for key, row in kept.held_of(session, made).items() if key not in hidden}
    scale = rubric_version(session, made.rubric_version_id).scale
    if counts:  # those of label events would have to be read anew, and `members` tells of all
        anew = counts_of(of, 0, scale)
        counts = {name: anew[name] for name in counts if name != "label_events"}
    if checked:
        names = {key: name for name, key in kept.ids_of(session, made.project_id).items()}
        checked = _check(checked, of, names, scale, made.asked.get("shares"))
    return Told(counts, checked, len(hidden))


def open_to(session: Session, project_id: int, viewer: Viewer | None) -> set[int]:
    """Protocols that the viewer may still be given to read."""
    if viewer is None or not viewer.codes:
        return set()
    in_hand = unannounced.hidden_in_hand(session, project_id, viewer.account_id)
    is_open = ~is_over(project_id, viewer, in_hand)
    own = select(Protocol.id).where(Protocol.project_id == project_id, is_open)
    return set(session.scalars(own))


def note(session: Session, project_id: int, found: Differences, account_id: int) -> None:
    """Record that levels of these protocols were shown: what is said of them later knew them."""
    names = {name for move in found.moved for name in move.protocols}
    if not names:
        return
    own = select(Protocol.id).where(
        Protocol.project_id == project_id, Protocol.external_id.in_(names)
    )
    history.disclose_listed(session, project_id, account_id, session.scalars(own).all(), ())


def _check(
    checked: Mapping[str, Any] | None,
    of: Mapping[int, Mapping[str, Any]],
    names: Mapping[int, str],
    scale: Sequence[int],
    shares: Mapping[str, float] | None,
) -> dict[str, Any] | None:
    """The check for leaks as of these protocols: pairs in common tell no level, all else could.

    So could what the splits fall short of: which level a split lacks.
    """
    if checked is None:
        return None
    placed = [
        Placed(names[key], row["split"] or "", row["level"], 0, False, "", "")
        for key, row in of.items()
    ]
    known = {one.name for one in placed}
    open_ones = sum(one.level is None for one in placed)
    lines = [
        {**line, "names": [name for name in line["names"] if name in known]}
        | ({"of": open_ones} if line["code"] == UNLABELLED else {})
        for line in checked["lines"]
    ]
    return {**checked, "lines": lines, "table": table(placed, scale, shares or {}), "unmet": []}
