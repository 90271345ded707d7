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
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from cer_assist.domain.errors import Corrupt, InvalidInput, NotFound, NotReady
from cer_assist.domain.labels import HIDDEN_LANES
from cer_assist.domain.splits import DEALT, TEST
from cer_assist.exports.columns import (
    LABEL_EVENT_COLUMNS,
    LABEL_EVENTS,
    PROTOCOL_COLUMNS,
    PROTOCOLS,
    Column,
    Table,
)
from cer_assist.exports.dataset import DataSet, LevelName, Record, Stream
from cer_assist.services import audit, queue_order
from cer_assist.services.export_rows import instant, label_event_rows, protocol_rows
from cer_assist.services.models import current_version_id
from cer_assist.services.rubrics import rubric_version
from cer_assist.services.snapshot_splits import Asked, split, without_text
from cer_assist.store.tables import LabelEvent, Project, Protocol, Snapshot, SnapshotProtocol
from cer_assist.store.types import now, table_of

MADE = "snapshot.made"
SPLIT_COLUMNS = (
    Column("split", "text", "Where a model may use it.", "train, validation, test, fenced, …"),
    Column("group", "integer", "What stays together has the same number; empty: nothing was dealt"),
)
_OF_TEXT = ("protocol_id", "title", "content_sha256", "sections", "text", "metadata")
_HASHED = tuple(c.name for c in table_of(Snapshot).c if c.name not in ("id", "sha256"))
_WORDS = re.compile(r"\w+")


def make(session: Session, project: Project, asked: Asked, by: int | None) -> Snapshot:
    """Keep the project's data as they stand now."""
    _check(session, project, asked)
    if session.get_bind().dialect.name == "postgresql":  # an earlier event could come after us
        session.execute(text("LOCK TABLE label_event IN SHARE MODE"))
    rows = [without_text(row) for row in protocol_rows(session, project)]
    ids = _ids(session, project.id)
    if asked.settled_only:
        rows = [row for row in rows if row["final_level"] is not None]
    placed, groups, checked = split(session, project, asked, rows, ids)
    held = [
        {
            "protocol_id": ids[row["protocol_id"]],
            "split": placed.get(ids[row["protocol_id"]]),
            "group_id": groups.get(ids[row["protocol_id"]]),
            "level": row["final_level"],
            "said": {n: v for n, v in row.items() if n not in (*_OF_TEXT, "words")},
        }
        for row in rows
    ]
    return _store(session, project, asked, held, checked, by)


def _check(session: Session, project: Project, asked: Asked) -> None:
    taken = select(Snapshot.id).where(Snapshot.project_id == project.id)
    if not asked.name.strip() or len(asked.name) > 200:
        raise InvalidInput("Give the snapshot a name of up to 200 characters.")
    if session.scalar(taken.where(Snapshot.name == asked.name.strip())):
        raise InvalidInput(
            f"There is a snapshot {asked.name.strip()} already: choose another name."
        )
    shares = asked.shares
    if shares is None:
        return
    fits = set(shares) <= set(DEALT) and all(0 <= share <= 1 for share in shares.values())
    if not fits or abs(sum(shares.values()) - 1) > 1e-6:
        raise InvalidInput("The shares of train, validation and test must add up to 100 %.")
    if asked.fenced_is_test and shares.get(TEST, 0) > 0:
        raise InvalidInput("The fenced sample is the test set: give test a share of 0.")
    if queue_order.lacks_clusters(session, project.id):
        raise NotReady("The worker is still comparing texts for near-copies: try again after it.")


def _ids(session: Session, project_id: int) -> dict[str, int]:
    known = select(Protocol.external_id, Protocol.id).where(Protocol.project_id == project_id)
    return dict(session.execute(known).all())


def _store(
    session: Session,
    project: Project,
    asked: Asked,
    held: list[dict[str, Any]],
    checked: dict[str, Any] | None,
    by: int | None,
) -> Snapshot:
    newest = select(func.max(LabelEvent.id)).where(LabelEvent.project_id == project.id)
    number = select(func.coalesce(func.max(Snapshot.number), 0) + 1)
    rubric = rubric_version(session, project.rubric_version_id)
    names = {row["coder"]: row["coder_name"] for row in label_event_rows(session, project)}
    made = Snapshot(
        project_id=project.id,
        number=session.scalar(number.where(Snapshot.project_id == project.id)),
        name=asked.name.strip(),
        notes=asked.notes.strip(),
        asked=asdict(asked) | {"columns": list(asked.columns)},
        cutoff=session.scalar(newest) or 0,
        rubric_version_id=project.rubric_version_id,
        model_version_id=current_version_id(session, project.id),
        account_id=by,
        at=now(),
    )
    made.said = {
        "project": {
            "slug": project.slug,
            "name": project.name,
            "is_synthetic": project.is_synthetic,
        },
        "rubric": {"id": rubric.id, "version": rubric.version, "sha256": rubric.sha256},
        "names": names,
        "event_columns": [column.name for column in LABEL_EVENT_COLUMNS],
        "protocol_columns": [column.name for column in PROTOCOL_COLUMNS],
        "check": checked,
    }
    of = {row["protocol_id"]: row for row in held}
    lines = {key: _line(row) for key, row in _protocols(session, made, of)}
    for key, row in of.items():
        row["content_sha256"] = _sha256(lines[key])
        row["sha256"] = _row_sha256(row)
    members = _members(lines.values(), _events(session, project, made, of))
    made.said = made.said | {"members": members}
    made.content_sha256 = _sha256(audit.canonical(members))
    made.rows_sha256 = _rows_sha256(held)
    made.sha256 = snapshot_sha256(made)
    session.add(made)
    session.flush()  # its protocols refer to it
    if held:
        session.execute(insert(SnapshotProtocol), [{"snapshot_id": made.id, **row} for row in held])
    detail = {"sha256": made.sha256, "content_sha256": made.content_sha256, "number": made.number}
    entry = audit.Entry(MADE, f"snapshot:{made.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
    return made


def find(session: Session, project_id: int, name: str) -> Snapshot:
    """A snapshot by its name or number."""
    own = list(session.scalars(select(Snapshot).where(Snapshot.project_id == project_id)))
    for one in own:
        if name in (one.name, str(one.number)):
            return one
    raise NotFound(f"This project has no snapshot {name[:60]}.")


def data_set(session: Session, made: Snapshot) -> DataSet:
    """What it holds, for any format; refused if that is no longer what its hash says."""
    project = session.get_one(Project, made.project_id)
    of = _held(session, made)
    _refuse_if_altered(session, project, made, of)
    rubric = rubric_version(session, made.rubric_version_id)
    columns = {column.name: column for column in (*LABEL_EVENT_COLUMNS, *PROTOCOL_COLUMNS)}
    events = tuple(c for c in LABEL_EVENT_COLUMNS if c.name in made.said["event_columns"])
    own = tuple(columns[name] for name in made.said["protocol_columns"])
    head = {name: made.said[name] for name in ("project", "rubric", "check")} | {
        "scale": list(rubric.scale),
        "snapshot": {name: getattr(made, name) for name in ("number", "name", "notes", "asked")}
        | {"made_at": instant(made.at), "content_sha256": made.content_sha256}
        | {"last_event": made.cutoff, "members": made.said["members"]},
    }
    tables = {
        LABEL_EVENTS: Table(events, Stream(lambda: _events(session, project, made, of))),
        PROTOCOLS: Table(
            (*own, *SPLIT_COLUMNS), Stream(lambda: (r for _, r in _protocols(session, made, of)))
        ),
    }
    levels = tuple(LevelName(one.value, one.name, one.definition) for one in rubric.levels)
    return DataSet(head, levels, tables, Stream(lambda: _records(session, project, made, of)))


def _records(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> Iterator[Record]:
    events: dict[str, list[dict[str, Any]]] = {}  # without texts
    for row in _events(session, project, made, of):
        events.setdefault(row["protocol_id"], []).append(row)
    for _, row in _protocols(session, made, of):
        yield Record(row, events.get(row["protocol_id"], ()))


def _held(session: Session, made: Snapshot) -> dict[int, dict[str, Any]]:
    own = select(*table_of(SnapshotProtocol).c).where(SnapshotProtocol.snapshot_id == made.id)
    rows = session.execute(own.order_by(SnapshotProtocol.protocol_id)).mappings()
    return {row["protocol_id"]: dict(row) for row in rows}


def _protocols(
    session: Session, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows as they are written, by id."""
    texts = select(*table_of(Protocol).c).where(Protocol.project_id == made.project_id)
    for row in session.execute(texts.order_by(Protocol.id).execution_options(yield_per=200)):
        if row.id not in of:
            continue
        known = of[row.id]
        own = (row.external_id, row.title, row.content_hash, row.sections, row.text, row.details)
        all_of = known["said"] | dict(zip(_OF_TEXT, own, strict=True))
        shown = {name: all_of[name] for name in made.said["protocol_columns"]}
        yield row.id, shown | {"split": known["split"], "group": known["group_id"]}


def _events(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Events up to the cutoff, of its protocols; never those of a hidden lane."""
    by_id = {key: name for name, key in _ids(session, project.id).items()}
    fenced = {by_id[key]: row["said"]["is_fenced"] for key, row in of.items()}
    for row in label_event_rows(session, project):
        name = row["protocol_id"]
        if row["event_id"] > made.cutoff or row["lane"] in HIDDEN_LANES or name not in fenced:
            continue
        said = row | {"coder_name": made.said["names"][row["coder"]], "is_fenced": fenced[name]}
        yield {name: said[name] for name in made.said["event_columns"]}


def _refuse_if_altered(
    session: Session, project: Project, made: Snapshot, of: Mapping[int, Mapping[str, Any]]
) -> None:
    lines = []
    for key, row in _protocols(session, made, of):
        lines.append(_sha256(_line(row)))
        if lines[-1] != of[key]["content_sha256"]:
            raise Corrupt(
                f"Snapshot {made.number} is not written: protocol {row['protocol_id']} is not as "
                "it was when the snapshot was made. Run audit verify."
            )
    events = _members((), _events(session, project, made, of))[LABEL_EVENTS]
    known = made.said["members"]
    if events != known[LABEL_EVENTS] or len(lines) != known[PROTOCOLS]["rows"]:
        raise Corrupt(
            f"Snapshot {made.number} is not written: its label events are not those that it was "
            "made of. Run audit verify."
        )


def _members(protocols: Any, events: Iterator[dict[str, Any]]) -> dict[str, Any]:
    return {LABEL_EVENTS: _member(map(_line, events)), PROTOCOLS: _member(iter(protocols))}


def _member(lines: Iterator[str]) -> dict[str, Any]:
    digest, rows = hashlib.sha256(), 0
    for line in lines:
        digest.update(f"{line}\n".encode())
        rows += 1
    return {"rows": rows, "sha256": digest.hexdigest()}


def snapshot_sha256(row: Snapshot) -> str:
    """The hash over everything that a snapshot's own row says."""
    return _sha256(audit.canonical({n: getattr(row, n) for n in _HASHED} | {"at": instant(row.at)}))


def rows_fault(session: Session) -> str | None:
    """What of snapshots' protocols is not as it was stored."""
    for made in session.scalars(select(Snapshot).order_by(Snapshot.id)):
        held = _held(session, made)
        for key, row in held.items():
            if _row_sha256(row) != row["sha256"]:
                return f"protocol {key} of snapshot {made.id} was altered"
        if _rows_sha256(list(held.values())) != made.rows_sha256:
            return f"a protocol was added to snapshot {made.id} or removed from it"
    return None


def _row_sha256(row: Mapping[str, Any]) -> str:
    names = ("protocol_id", "split", "group_id", "level", "said", "content_sha256")
    return _sha256(audit.canonical({name: row[name] for name in names}))


def _rows_sha256(held: Sequence[Mapping[str, Any]]) -> str:
    own = sorted((row["protocol_id"], row["sha256"]) for row in held)
    return _sha256(json.dumps(own))


def _line(row: Mapping[str, Any]) -> str:
    # Sorted: PostgreSQL and SQLite give back the same keys, whoever wrote them first.
    return json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
