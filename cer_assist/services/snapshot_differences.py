"""What differs between two snapshots of a project, from what was stored of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Result, select
from sqlalchemy.orm import Session

from cer_assist.domain.splits import DEALT
from cer_assist.exports.columns import LABEL_EVENTS
from cer_assist.services.snapshot_filters import chosen
from cer_assist.store.tables import Protocol, Snapshot, SnapshotProtocol

_Row = Mapping[str, Any]
NAMED = 200  # protocols of one kind that are named


@dataclass(frozen=True, slots=True)
class Move:
    """Protocols that went from one to another; empty: had none, or have none."""

    before: str
    after: str
    n: int
    protocols: tuple[str, ...]  # the first of them


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about the snapshots themselves that is not the same."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Differences:
    """From one snapshot to another."""

    before: int
    after: int
    added: tuple[str, ...]
    added_count: int
    removed: tuple[str, ...]
    removed_count: int
    moved: tuple[Move, ...]  # final levels
    dealt: tuple[Move, ...]  # splits
    facts: tuple[Fact, ...]
    same_content: bool
    left_out: int  # protocols of the project that are in none of these counts


def differences(
    session: Session, before: Snapshot, after: Snapshot, hidden: Collection[int] = ()
) -> Differences:
    """All of them; protocols are named by their own ids, in the order of import.

    Those that are `hidden` are in no name and no count: whoever asks may still read them.
    """
    old, new = (
        {key: row for key, row in held_in(session, one).items() if key not in hidden}
        for one in (before, after)
    )
    added = {key: row for key, row in new.items() if key not in old}
    removed = {key: row for key, row in old.items() if key not in new}
    return Differences(
        before.number,
        after.number,
        _named(added),
        len(added),
        _named(removed),
        len(removed),
        _moves(old, new, lambda row: "" if row["level"] is None else str(row["level"])),
        _moves(old, new, lambda row: row["split"] or ""),
        _facts(before, after),
        before.content_sha256 == after.content_sha256,
        len(hidden),
    )


def held_in(session: Session, made: Snapshot) -> dict[int, dict[str, Any]]:
    """Name, level, its source and split of each protocol of a snapshot."""
    rows: Result[Any] = session.execute(
        select(
            SnapshotProtocol.protocol_id,
            SnapshotProtocol.level,
            SnapshotProtocol.split,
            SnapshotProtocol.said["final_from"].as_string().label("source"),
            Protocol.external_id.label("name"),
        )
        .join(Protocol, Protocol.id == SnapshotProtocol.protocol_id)
        .where(SnapshotProtocol.snapshot_id == made.id)
        .order_by(SnapshotProtocol.protocol_id)
    )
    return {row["protocol_id"]: dict(row) for row in rows.mappings()}


def _named(rows: Mapping[int, _Row]) -> tuple[str, ...]:
    return tuple(islice((row["name"] for row in rows.values()), NAMED))


def _moves(
    old: Mapping[int, _Row],
    new: Mapping[int, _Row],
    said: Callable[[_Row], str],
) -> tuple[Move, ...]:
    found: defaultdict[tuple[str, str], dict[int, _Row]] = defaultdict(dict)
    for key, row in old.items():
        if key in new and said(row) != said(new[key]):
            found[said(row), said(new[key])][key] = row
    return tuple(Move(*pair, len(rows), _named(rows)) for pair, rows in sorted(found.items()))


def _facts(before: Snapshot, after: Snapshot) -> tuple[Fact, ...]:
    pairs = zip(_said(before).items(), _said(after).values(), strict=True)
    return tuple(Fact(what, old, new) for (what, old), new in pairs if old != new)


def _said(made: Snapshot) -> dict[str, str]:
    model = made.said.get("model")
    rubric = made.said["rubric"]
    return {
        "Label events": f"{made.said['members'][LABEL_EVENTS]['rows']:,}",
        "Rubric version": f"{rubric['version']} ({rubric['sha256'][:12]})",
        "Model version": f"{model['number']} ({model['sha256'][:12]})" if model else "none",
        "Filters": chosen(made.asked),
        "Shares": shares(made.asked),
        "Columns kept apart": ", ".join(made.asked.get("columns") or ()) or "none",
        "Seed": str(made.asked.get("seed", 1)),
    }


def shares(asked: Mapping[str, Any]) -> str:
    """The shares of the splits in one line."""
    own = asked.get("shares")
    if not own:
        return "no splits"
    told = [f"{name} {own[name] * 100:.0f} %" for name in DEALT if name in own]
    if asked.get("fenced_is_test"):
        told.append("the fenced sample is the test set")
    return ", ".join(told)
