"""A snapshot writes the same bytes for ever: label events up to one, and what else stood then.

Texts and label events never change; what may (names, links, suggestions, who is fenced, which
rubric is in use) is stored with the snapshot. Its hash stands in the audit chain, and it is not
written if what it holds no longer gives that hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.digests import text_sha256
from cer_assist.domain.errors import Corrupt, InvalidInput, NotFound
from cer_assist.exports.columns import (
    LABEL_EVENT_COLUMNS,
    LABEL_EVENTS,
    PROTOCOL_COLUMNS,
    PROTOCOLS,
    Column,
    Table,
    untyped,
)
from cer_assist.exports.dataset import DataSet, LevelName, Record, Stream
from cer_assist.services import audit, snapshot_filters
from cer_assist.services.export_rows import label_event_rows
from cer_assist.services.rubrics import rubric_version
from cer_assist.services.snapshot_levels import COLUMNS
from cer_assist.store.tables import Project, Protocol, Snapshot, SnapshotProtocol
from cer_assist.store.types import table_of, utc_text

MADE = "snapshot.made"
SPLIT_COLUMNS = (
    Column("split", "text", "Where a model may use it.", "train, validation, test, fenced, …"),
    Column("group", "integer", "What stays together has the same number; empty: nothing was dealt"),
)
OF_TEXT = ("protocol_id", "title", "content_sha256", "sections", "text", "metadata")
NUMBER = re.compile(r"(number:)?(\d+)")  # never a name
_HASHED = tuple(c.name for c in table_of(Snapshot).c if c.name not in ("id", "sha256"))


def ids_of(session: Session, project_id: int) -> dict[str, int]:
    """Protocols of a project: their own ids, and ours."""
    known = select(Protocol.external_id, Protocol.id).where(Protocol.project_id == project_id)
    return dict(session.execute(known).all())


def listed(session: Session, project_id: int) -> list[Snapshot]:
    """All of a project, the first one first."""
    own = select(Snapshot).where(Snapshot.project_id == project_id).order_by(Snapshot.number)
    return list(session.scalars(own))


def find(session: Session, project_id: int, name: str) -> Snapshot:
    """A snapshot by its name or number; `number:2` is the number alone."""
    said = NUMBER.fullmatch(name)
    alone, number = said.groups() if said else (None, None)
    found = [
        one
        for one in listed(session, project_id)
        if str(one.number) == number or (one.name == name and not alone)
    ]
    if len(found) > 1:  # made before such names were refused
        raise InvalidInput(
            f"One snapshot has the number {name}, another one the name: say "
            f"{' or '.join(f'number:{one.number}' for one in found)}."
        )
    if not found:
        raise NotFound(f"This project has no snapshot {name[:60]}.")
    return found[0]


def find_number(session: Session, project_id: int, number: int) -> Snapshot:
    """A snapshot by its number alone."""
    own = select(Snapshot).where(Snapshot.project_id == project_id, Snapshot.number == number)
    found = session.scalars(own).one_or_none()
    if found is None:
        raise NotFound(f"This project has no snapshot {number}.")
    return found


def data_set(session: Session, made: Snapshot) -> DataSet:
    """What it holds, for any format; refused if that is no longer what its hash says."""
    project = session.get_one(Project, made.project_id)
    of = held_of(session, made)
    _refuse_if_altered(session, project, made, of)
    rubric = rubric_version(session, made.rubric_version_id)
    columns = {
        column.name: column for column in (*LABEL_EVENT_COLUMNS, *PROTOCOL_COLUMNS, *COLUMNS)
    }
    events = tuple(c for c in LABEL_EVENT_COLUMNS if c.name in made.said["event_columns"])
    own = tuple(columns[name] for name in made.said["protocol_columns"])
    if not made.said.get("is_typed"):  # made when all truth values and times were texts
        events, own = untyped(events), untyped(own)
    parts = ("project", "rubric", "model", "audit", "counts", "check")
    head = {name: made.said[name] for name in parts if name in made.said} | {
        "scale": list(rubric.scale),
        "snapshot": {name: getattr(made, name) for name in ("number", "name", "notes", "asked")}
        | {"made_at": utc_text(made.at), "content_sha256": made.content_sha256}
        | {"last_event": made.cutoff, "members": made.said["members"]},
    }
    tables = {
        LABEL_EVENTS: Table(events, Stream(lambda: events_of(session, project, made, of))),
        PROTOCOLS: Table(
            (*own, *SPLIT_COLUMNS),
            Stream(lambda: (row for _, row in protocols_of(session, made, of))),
        ),
    }
    levels = tuple(LevelName(one.value, one.name, one.definition) for one in rubric.levels)
    records = Stream(lambda: _records(session, project, made, of))
    return DataSet(head, levels, tables, records, people=made.said.get("people"))


def _records(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> Iterator[Record]:
    events: dict[str, list[dict[str, Any]]] = {}  # without texts
    for row in events_of(session, project, made, of):
        events.setdefault(row["protocol_id"], []).append(row)
    for _, row in protocols_of(session, made, of):
        yield Record(row, events.get(row["protocol_id"], ()))


def held_of(session: Session, made: Snapshot) -> dict[int, dict[str, Any]]:
    own = select(*table_of(SnapshotProtocol).c).where(SnapshotProtocol.snapshot_id == made.id)
    rows = session.execute(own.order_by(SnapshotProtocol.protocol_id)).mappings()
    return {row["protocol_id"]: dict(row) for row in rows}


def protocols_of(
    session: Session, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows as they are written, by id."""
    texts = select(*table_of(Protocol).c).where(Protocol.project_id == made.project_id)
    for row in session.execute(texts.order_by(Protocol.id).execution_options(yield_per=200)):
        if row.id not in of:
            continue
        known = of[row.id]
        own = (row.external_id, row.title, row.content_hash, row.sections, row.text, row.details)
        all_of = known["said"] | dict(zip(OF_TEXT, own, strict=True))
        shown = {name: all_of[name] for name in made.said["protocol_columns"]}
        yield row.id, shown | {"split": known["split"], "group": known["group_id"]}


def events_of(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Events up to the cutoff, of its protocols, that it was asked to hold."""
    by_id = {key: name for name, key in ids_of(session, project.id).items()}
    fenced = {by_id[key]: row["said"]["is_fenced"] for key, row in of.items()}
    holds = snapshot_filters.holds(made.asked)
    for row in label_event_rows(session, project):
        name = row["protocol_id"]
        if row["event_id"] > made.cutoff or name not in fenced or not holds(row):
            continue
        said = row | {"coder_name": made.said["names"][row["coder"]], "is_fenced": fenced[name]}
        yield {name: said[name] for name in made.said["event_columns"]}


def _refuse_if_altered(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> None:
    lines = []
    for key, row in protocols_of(session, made, of):
        lines.append(text_sha256(audit.canonical(row)))
        if lines[-1] != of[key]["content_sha256"]:
            raise Corrupt(
                f"Snapshot {made.number} is not written: protocol {row['protocol_id']} is not as "
                "it was when the snapshot was made. Run audit verify."
            )
    events = members_of((), events_of(session, project, made, of))[LABEL_EVENTS]
    known = made.said["members"]
    if events != known[LABEL_EVENTS] or len(lines) != known[PROTOCOLS]["rows"]:
        raise Corrupt(
            f"Snapshot {made.number} is not written: its label events are not those that it was "
            "made of. Run audit verify."
        )


def members_of(protocols: Any, events: Iterator[dict[str, Any]]) -> dict[str, Any]:
    return {
        LABEL_EVENTS: _member(map(audit.canonical, events)),
        PROTOCOLS: _member(iter(protocols)),
    }


def _member(lines: Iterator[str]) -> dict[str, Any]:
    digest, rows = hashlib.sha256(), 0
    for line in lines:
        digest.update(f"{line}\n".encode())
        rows += 1
    return {"rows": rows, "sha256": digest.hexdigest()}


def snapshot_sha256(row: Snapshot) -> str:
    """The hash over everything that a snapshot's own row says."""
    return text_sha256(
        audit.canonical({n: getattr(row, n) for n in _HASHED} | {"at": utc_text(row.at)})
    )


def rows_fault(session: Session) -> str | None:
    """What of snapshots' protocols is not as it was stored."""
    for made in session.scalars(select(Snapshot).order_by(Snapshot.id)):
        held = held_of(session, made)
        for key, row in held.items():
            if row_sha256(row) != row["sha256"]:
                return f"protocol {key} of snapshot {made.id} was altered"
        if rows_sha256(list(held.values())) != made.rows_sha256:
            return f"a protocol was added to snapshot {made.id} or removed from it"
    return None


def row_sha256(row: Mapping[str, Any]) -> str:
    names = ("protocol_id", "split", "group_id", "level", "said", "content_sha256")
    return text_sha256(audit.canonical({name: row[name] for name in names}))


def rows_sha256(held: Sequence[Mapping[str, Any]]) -> str:
    own = sorted((row["protocol_id"], row["sha256"]) for row in held)
    return text_sha256(json.dumps(own))
