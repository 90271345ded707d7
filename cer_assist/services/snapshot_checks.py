"""Whether a snapshot is as it was made: hashes, counts and the check for leaks, computed anew.

Nothing that was found then is believed: rows give hashes, rows and texts the lines of the check.
What is not the same is named, and what an older snapshot did not keep is said to be missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.digests import text_sha256
from cer_assist.domain.near_copies import across, runs
from cer_assist.domain.split_checks import counted
from cer_assist.domain.splits import USED
from cer_assist.exports.columns import LABEL_EVENTS
from cer_assist.services import audit
from cer_assist.services import snapshots as kept
from cer_assist.services.rubrics import rubric_version
from cer_assist.services.snapshot_choosing import counts_of
from cer_assist.services.snapshot_splits import checked_of, placed_of
from cer_assist.store.tables import AuditEvent, Project, Protocol, Snapshot

NO_COUNTS = (
    "It was made before counts were kept with snapshots: what it holds can be exported, its levels "
    "and splits are not told here. Make a new one to have them."
)
NO_TIES = "It did not keep clusters and studies: whether they lie in two splits cannot be told anew"
_TIED = ("near_copy", "study")  # lines that rest on what may change afterwards


@dataclass(frozen=True, slots=True)
class Recheck:
    """What was found."""

    differs: tuple[str, ...]  # empty: as made
    untold: tuple[str, ...]  # what could not be computed, and why
    lines: int  # of the check for leaks that were computed anew

    @property
    def as_made(self) -> bool:
        """Everything that could be computed is the same."""
        return not self.differs


def recheck(session: Session, made: Snapshot) -> Recheck:
    """Compute anew what the snapshot says of itself."""
    project = session.get_one(Project, made.project_id)
    of = kept.held_of(session, made)
    differs = [*_own_row(session, made), *_rows(made, of)]
    members = _members(session, project, made, of)
    for name, known in made.said["members"].items():
        if members[name] != known:
            differs.append(f"The table {name} no longer has the rows that it was made of")
    if text_sha256(audit.canonical(members)) != made.content_sha256:
        differs.append("The content has another SHA-256")
    untold = [] if made.said.get("counts") else [NO_COUNTS]
    if made.said.get("counts") and _counted(session, made, of) != made.said["counts"]:
        differs.append("Counts are not those that it was made with")
    wrong, missing, lines = _leaks(session, made, of)
    return Recheck((*differs, *wrong), (*untold, *missing), lines)


def _own_row(session: Session, made: Snapshot) -> list[str]:
    found = session.scalar(
        select(AuditEvent.detail).where(
            AuditEvent.action == kept.MADE, AuditEvent.subject == f"snapshot:{made.id}"
        )
    )
    known = json.loads(found)["sha256"] if found else None
    if known == made.sha256 == kept.snapshot_sha256(made):
        return []
    return ["What is said of it is not what the audit chain vouches for"]


def _rows(made: Snapshot, of: Mapping[int, Mapping[str, Any]]) -> list[str]:
    altered = [key for key, row in of.items() if kept.row_sha256(row) != row["sha256"]]
    told = [f"Rows of protocols that were altered: {len(altered):,}"] if altered else []
    if kept.rows_sha256(list(of.values())) != made.rows_sha256:
        told.append("Protocols were added to it or removed from it")
    return told


def _members(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    def computed(line: Callable[[str], str]) -> dict[str, Any]:
        rows = kept.protocols_of(session, made, of)
        lines = (line(audit.canonical(row)) for _, row in rows)
        return kept.members_of(lines, kept.events_of(session, project, made, of))

    found = computed(text_sha256)
    if found != made.said["members"] and not made.said.get("counts"):
        return computed(str)  # before there were counts, the rows themselves were hashed
    return found


def _counted(
    session: Session, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    scale = rubric_version(session, made.rubric_version_id).scale
    found = counts_of(of, made.said["members"][LABEL_EVENTS]["rows"], scale)
    return {name: found.get(name) for name in made.said["counts"]}


def _leaks(
    session: Session, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> tuple[list[str], list[str], int]:
    """Lines that are not as stored, what cannot be told, and how many lines were."""
    known = made.said.get("check")
    if not known:
        return [], [], 0
    lines = {line["code"]: line for line in _lines(session, made, of)}
    has_ties = all("near" in row["said"] for row in of.values())
    if not has_ties:
        lines = {code: line for code, line in lines.items() if code not in _TIED}
    before = {line["code"]: (line["found"], line["of"]) for line in known["lines"]}
    told = []
    for code, line in lines.items():
        now = line["found"], line["of"]
        if now != before.get(code, (0, line["of"])):
            was = (
                f"; when made {before[code][0]:,} of {before[code][1]:,}" if code in before else ""
            )
            told.append(f"{line['said']}: {counted(line)}{was}")
    return told, [] if has_ties else [NO_TIES], len(lines)


def _lines(
    session: Session, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    columns = tuple(made.asked.get("columns") or ())
    texts = select(
        Protocol.id, Protocol.external_id, Protocol.text, Protocol.details, Protocol.content_hash
    ).where(Protocol.project_id == made.project_id)
    placed, runs_of, names = [], {}, {}
    for row in session.execute(texts.order_by(Protocol.id).execution_options(yield_per=200)):
        if row.id not in of:
            continue
        held = of[row.id]
        runs_of[row.id], names[row.id] = runs(row.text), row.external_id
        own = {"protocol_id": row.external_id, "content_sha256": row.content_hash}
        own |= {"metadata": row.details, "runs": runs_of[row.id], "final_level": held["level"]}
        ties = {"near": None, "study": None}
        said = {**ties, **held["said"], **own}
        placed.append(placed_of(said, held["split"] or "", held["group_id"] or 0, columns))
    split_of = {key: of[key]["split"] for key in runs_of if of[key]["split"] in USED}
    alike = [(names[one], names[other]) for one, other in across(runs_of, split_of)]
    fenced_is_test = bool(made.asked.get("fenced_is_test"))
    lines: list[dict[str, Any]] = checked_of(placed, columns, alike, fenced_is_test=fenced_is_test)[
        "lines"
    ]
    return lines
