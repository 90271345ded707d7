"""How a snapshot's protocols are dealt to splits, and the check that it leaks nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from cer_assist.domain.near_copies import across, runs
from cer_assist.domain.split_checks import Placed, report, table
from cer_assist.domain.splits import FENCED, TEST, USED, Piece, dealt, joined, merged, unmet
from cer_assist.services import queue_order, studies
from cer_assist.services.rubrics import rubric_version
from cer_assist.store.tables import Project


@dataclass(frozen=True, slots=True)
class Asked:
    """What a snapshot is to hold and how it is split; without shares it is not."""

    name: str
    notes: str = ""
    settled_only: bool = False
    shares: Mapping[str, float] | None = None
    columns: tuple[str, ...] = ()  # whose equal values stay together
    fenced_is_test: bool = False
    seed: int = 1
    readings: str = "all"  # of snapshot_filters.READINGS
    exposures: tuple[str, ...] = ()  # empty: whatever was seen
    rubric_versions: tuple[int, ...] = ()  # numbers; empty: all
    since: str = ""  # days on which events were recorded here, both included
    until: str = ""


@dataclass(frozen=True)
class Dealt:
    """Splits and groups by protocol, what ties are stored, and what the check found."""

    split_of: dict[int, str]
    group_of: dict[int, int]
    ties: dict[int, dict[str, Any]]
    checked: dict[str, Any] | None


def without_text(row: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """A row of the export; of its text its word sequences, if anything is to be dealt."""
    kept = {name: value for name, value in row.items() if name not in ("text", "sections")}
    kept["metadata"] = {name: row["metadata"].get(name) for name in asked.columns}
    return kept | {"runs": runs(row["text"]) if asked.shares is not None else ()}


def split(
    session: Session, project: Project, asked: Asked, rows: Sequence[Mapping[str, Any]]
) -> Dealt:
    """Deal, look for near-copies in two splits in the texts themselves, and deal anew with these.

    The worker's clusters are an estimate: what they lack is found here, tied and dealt again, until
    nothing is found.
    """
    if asked.shares is None:
        return Dealt({}, {}, {}, None)
    of = {row["id"]: row for row in rows}
    near, study = queue_order.clusters(session, project.id), studies.numbers(session, project.id)
    columns = [
        {key: row["metadata"].get(name) or None for key, row in of.items()}
        for name in asked.columns
    ]
    same = {key: row["content_sha256"] for key, row in of.items()}
    words = {key: _words(row) for key, row in of.items()}
    everyone = sorted({*near, *of})  # a tie may go through one that is not in the snapshot
    groups = joined(everyone, near, study, same, words, *columns)
    found, pieces, groups, unknown = _dealt(of, groups, asked)
    ties = {key: {"near": near.get(key), "study": study.get(key)} for key in of}
    placed = [
        placed_of({**row, **ties[key]}, found.get(key, ""), groups[key], asked.columns)
        for key, row in of.items()
    ]
    checked = checked_of(placed, asked.columns, (), fenced_is_test=asked.fenced_is_test)
    scale = rubric_version(session, project.rubric_version_id).scale
    checked |= {
        "table": table(placed, scale, asked.shares),
        "unmet": unmet(found, pieces, asked.shares),
        "unknown": unknown,  # near-copies that the worker did not know
    }
    return Dealt(found, groups, ties, checked)


def _dealt(
    of: Mapping[int, Mapping[str, Any]], groups: dict[int, int], asked: Asked
) -> tuple[dict[int, str], list[Piece], dict[int, int], int]:
    runs_of = {key: row["runs"] for key, row in of.items()}
    unknown = 0
    while True:
        pieces = [
            Piece(key, groups[key], row["final_level"], row["is_fenced"] == "true")
            for key, row in of.items()
            if row["final_level"] is not None
        ]
        fenced_to = TEST if asked.fenced_is_test else FENCED
        found = dealt(pieces, asked.shares or {}, asked.seed, fenced_to=fenced_to)
        alike = across(runs_of, {key: own for key, own in found.items() if own in USED})
        if not alike:
            return found, pieces, groups, unknown
        unknown += len(alike)
        groups = merged(groups, alike)


def placed_of(row: Mapping[str, Any], split: str, group: int, columns: Sequence[str]) -> Placed:
    """A protocol as the check sees it."""
    return Placed(
        row["protocol_id"],
        split,
        row["final_level"],
        group,
        row["is_fenced"] == "true",
        row["content_sha256"],
        _words(row),
        row["near"],
        row["study"],
        {name: row["metadata"].get(name) or "" for name in columns},
    )


def checked_of(
    placed: Sequence[Placed],
    columns: Sequence[str],
    alike: Sequence[tuple[str, str]],
    *,
    fenced_is_test: bool,
) -> dict[str, Any]:
    """The lines of the check as they are stored."""
    lines = report(placed, columns, alike, fenced_is_test=fenced_is_test)
    return {"lines": [line.as_dict() for line in lines]}


def _words(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(row["runs"].tobytes()).hexdigest()
