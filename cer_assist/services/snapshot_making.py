"""A snapshot is made while people go on labelling: nobody waits for its reading and hashing.

A moment's lock fixes the state that is read: with it held the reading session takes its view, so
that no event up to the cutoff can come later. What is read is stored, not what stands at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from cer_assist.domain.digests import text_sha256
from cer_assist.domain.errors import Corrupt, InvalidInput
from cer_assist.exports.columns import LABEL_EVENT_COLUMNS, LABEL_EVENTS, PROTOCOL_COLUMNS
from cer_assist.services import audit, pseudonyms
from cer_assist.services import snapshots as kept
from cer_assist.services.models import current_version_id
from cer_assist.services.rubrics import rubric_version
from cer_assist.services.snapshot_choosing import Chosen, check, choose, counts_of
from cer_assist.services.snapshot_levels import COLUMNS
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.engine import Database
from cer_assist.store.tables import (
    AuditHead,
    LabelEvent,
    ModelVersion,
    Project,
    Snapshot,
    SnapshotProtocol,
)
from cer_assist.store.types import now


def make(database: Database, project_id: int, asked: Asked, by: int | None) -> Snapshot:
    """Keep the project's data as they stand now."""
    with database.read() as reading:
        with database.write() as session:
            if not database.is_sqlite:  # one who has a number and has not committed is waited for
                session.execute(text("LOCK TABLE label_event IN SHARE MODE"))
            cutoff = reading.scalar(_newest(project_id)) or 0  # from here on it sees no more
        project = reading.get_one(Project, project_id)
        _check(reading, project, asked)
        made, held = _read(reading, project, asked, cutoff)
        count = reading.scalar(_count(project_id, cutoff))
    with database.write() as session:
        if session.scalar(_count(project_id, cutoff)) != count:
            raise Corrupt("Label events changed while the snapshot was read. Run audit verify.")
        return _store(session, made, held, by)


def _newest(project_id: int) -> Any:
    return select(func.max(LabelEvent.id)).where(LabelEvent.project_id == project_id)


def _count(project_id: int, cutoff: int) -> Any:
    own = select(func.count()).select_from(LabelEvent).where(LabelEvent.project_id == project_id)
    return own.where(LabelEvent.id <= cutoff)


def _check(session: Session, project: Project, asked: Asked) -> None:
    name = asked.name.strip()
    if not name or len(asked.name) > 200:
        raise InvalidInput("Give the snapshot a name of up to 200 characters.")
    if kept.NUMBER.fullmatch(name):
        raise InvalidInput(f"“{name}” would be taken for a snapshot's number: add a word to it.")
    _refuse_taken(session, project.id, name)
    check(asked)


def _refuse_taken(session: Session, project_id: int, name: str) -> None:
    taken = select(Snapshot.id).where(Snapshot.project_id == project_id, Snapshot.name == name)
    if session.scalar(taken):
        raise InvalidInput(f"There is a snapshot {name} already: choose another name.")


def _read(
    session: Session, project: Project, asked: Asked, cutoff: int
) -> tuple[Snapshot, dict[int, dict[str, Any]]]:
    """All but number, maker and time; texts pass by one at a time."""
    found = choose(session, project, asked)
    if found.nothing:
        raise InvalidInput(found.nothing)
    made = Snapshot(
        project_id=project.id,
        name=asked.name.strip(),
        notes=asked.notes.strip(),
        asked={n: list(v) if isinstance(v, tuple) else v for n, v in asdict(asked).items()},
        cutoff=cutoff,
        rubric_version_id=project.rubric_version_id,
        model_version_id=current_version_id(session, project.id),
    )
    made.said = _said(session, project, made, found)
    _hash(session, project, made, found.of)
    return made, found.of


def _said(session: Session, project: Project, made: Snapshot, found: Chosen) -> dict[str, Any]:
    rubric = rubric_version(session, project.rubric_version_id)
    head = session.execute(select(AuditHead.event_id, AuditHead.sha256)).one()
    own = select(ModelVersion.number, ModelVersion.sha256)
    model = session.execute(own.where(ModelVersion.id == made.model_version_id)).first()
    return {
        "project": {
            "slug": project.slug,
            "name": project.name,
            "is_synthetic": project.is_synthetic,
        },
        "rubric": {"id": rubric.id, "version": rubric.version, "sha256": rubric.sha256},
        "model": {"number": model.number, "sha256": model.sha256} if model else None,
        "audit": {"event_id": head.event_id, "sha256": head.sha256},
        "names": found.events.names,
        "people": pseudonyms.people(session, project.id),  # so that masks find the same for ever
        "event_columns": [column.name for column in LABEL_EVENT_COLUMNS],
        "protocol_columns": [c.name for c in (*PROTOCOL_COLUMNS, *COLUMNS)],
        "check": found.checked,
        "is_typed": True,
    }


def _hash(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, dict[str, Any]]
) -> None:
    def lines() -> Any:
        for key, row in kept.protocols_of(session, made, of):
            line = audit.canonical(row)
            of[key]["content_sha256"] = text_sha256(line)
            yield of[key]["content_sha256"]

    members = kept.members_of(lines(), kept.events_of(session, project, made, of))
    for row in of.values():
        row["sha256"] = kept.row_sha256(row)
    scale = rubric_version(session, made.rubric_version_id).scale
    counts = counts_of(of, members[LABEL_EVENTS]["rows"], scale)
    made.said = made.said | {"members": members, "counts": counts}
    made.content_sha256 = text_sha256(audit.canonical(members))
    made.rows_sha256 = kept.rows_sha256(list(of.values()))


def _store(
    session: Session, made: Snapshot, held: Mapping[int, dict[str, Any]], by: int | None
) -> Snapshot:
    _refuse_taken(session, made.project_id, made.name)
    number = select(func.coalesce(func.max(Snapshot.number), 0) + 1)
    # Two get two numbers; a label refers to its project and must not wait for that.
    session.get_one(Project, made.project_id, with_for_update={"key_share": True})
    made.number = session.scalars(number.where(Snapshot.project_id == made.project_id)).one()
    made.account_id, made.at = by, now()
    made.sha256 = kept.snapshot_sha256(made)
    session.add(made)
    session.flush()  # its protocols refer to it
    if held:
        rows = [{"snapshot_id": made.id, **row} for row in held.values()]
        session.execute(insert(SnapshotProtocol), rows)
    detail = {"sha256": made.sha256, "content_sha256": made.content_sha256, "number": made.number}
    entry = audit.Entry(kept.MADE, f"snapshot:{made.id}", detail)
    audit.append(session, entry, account_id=by, project_id=made.project_id)
    return made
