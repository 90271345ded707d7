"""How a snapshot's protocols are dealt to splits, and the check that it leaks nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from cer_assist.domain.split_checks import Placed, report, table
from cer_assist.domain.splits import FENCED, TEST, Piece, dealt, joined, unmet
from cer_assist.services import queue_order, studies
from cer_assist.services.rubrics import rubric_version
from cer_assist.store.tables import Project

_WORDS = re.compile(r"\w+")


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
    since: str = ""  # days on which events were recorded, both included
    until: str = ""


def without_text(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """A row of the export: for its text a hash of its word sequences, of details what is needed."""
    words = _WORDS.findall(row["text"].casefold())
    runs = sorted(set(zip(words, words[1:], words[2:], strict=False))) or [tuple(words)]
    kept = {name: value for name, value in row.items() if name not in ("text", "sections")}
    kept["metadata"] = {name: row["metadata"].get(name) for name in columns}
    return kept | {"words": hashlib.sha256(json.dumps(runs).encode()).hexdigest()}


def split(
    session: Session,
    project: Project,
    asked: Asked,
    rows: Sequence[Mapping[str, Any]],
    ids: Mapping[str, int],
) -> tuple[dict[int, str], dict[int, int], dict[str, Any] | None]:
    """Splits, groups, and what the check found; all empty where nothing is to be split."""
    if asked.shares is None:
        return {}, {}, None
    of = {ids[row["protocol_id"]]: row for row in rows}
    near, study = queue_order.clusters(session, project.id), studies.numbers(session, project.id)
    ties = [
        {key: row["metadata"].get(name) or None for key, row in of.items()}
        for name in asked.columns
    ]
    same = {key: row["content_sha256"] for key, row in of.items()}
    words = {key: row["words"] for key, row in of.items()}
    everyone = list(ids.values())  # a tie may go through one that is not in the snapshot
    groups = joined(everyone, near, study, same, words, *ties)
    pieces = [
        Piece(key, groups[key], row["final_level"], row["is_fenced"] == "true")
        for key, row in of.items()
        if row["final_level"] is not None
    ]
    fenced_to = TEST if asked.fenced_is_test else FENCED
    found = dealt(pieces, asked.shares, asked.seed, fenced_to=fenced_to)
    placed = [
        Placed(
            row["protocol_id"],
            found.get(key, ""),
            row["final_level"],
            groups[key],
            row["is_fenced"] == "true",
            row["content_sha256"],
            row["words"],
            near.get(key),
            study.get(key),
            {name: row["metadata"].get(name) or "" for name in asked.columns},
        )
        for key, row in of.items()
    ]
    lines = report(placed, asked.columns, fenced_is_test=asked.fenced_is_test)
    scale = rubric_version(session, project.rubric_version_id).scale
    checked = {
        "lines": [line.as_dict() for line in lines],
        "table": table(placed, scale, asked.shares),
        "unmet": unmet(found, pieces, asked.shares),
    }
    return found, groups, checked
