"""Reading everything against the audit chain: what was altered is named, the first of it.

What is compared: the chain with itself and its head; every label event, remark, comment,
adjudication, snapshot and pseudonym with the hash the chain holds; fenced samples and published
versions with the events that made them; current labels and the desk's rows with the events they
derive from; texts, titles and columns with the hashes that the imports put into the chain.
`NOT_COVERED` says what is not, and stands wherever an outcome is shown. Someone who can write the
file can still cut the chain's end and move its head; an export's manifest holds an earlier head to
compare with (`audit verify --head`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.protocols import Section, content_hash
from cer_assist.services import (
    desk_rows,
    discussion,
    fence_draws,
    models,
    pseudonyms,
    remarks,
    rulings,
    snapshots,
)
from cer_assist.services.audit import (
    GENESIS,
    chain_sha256,
    descriptions_sha256,
    label_sha256,
    texts_sha256,
)
from cer_assist.store.tables import (
    Adjudication,
    AuditEvent,
    AuditHead,
    Comment,
    CurrentLabel,
    LabelEvent,
    Protocol,
    RubricVersion,
    Snapshot,
    WordRemark,
)

NOT_COVERED = (
    "Not covered are suggestions and their words, measured figures, what was given and shown to "
    "people, accounts, and roles and settings as they stand now (their changes are events); nor, "
    "until a project's next import, titles and columns that an older version stored."
)
_BATCH = 2000
Slot = tuple[int, int, str]  # protocol, account, lane
Said = tuple[int, dict[str, Any]]  # project, what an event says
# What is appended besides labels: the name in the chain, the table, and what its hash is over.
_APPENDED: dict[str, tuple[str, Any, Callable[[Any], str]]] = {
    remarks.RECORDED: ("remark", WordRemark, remarks.remark_sha256),
    rulings.RECORDED: ("adjudication", Adjudication, rulings.adjudication_sha256),
    discussion.RECORDED: ("comment", Comment, discussion.comment_sha256),
    snapshots.MADE: ("snapshot", Snapshot, snapshots.snapshot_sha256),
}
# Events that say what their rows must be, and what compares them.
_COMPARED: dict[str, Callable[[Session, list[Said]], str | None]] = {
    pseudonyms.DRAWN: pseudonyms.fault,
    fence_draws.DRAWN: fence_draws.fault,
    models.PUBLISHED: models.fault,
}


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of reading everything."""

    events: int
    labels: int
    head: str
    fault: str | None  # the first altered thing and what is wrong with it

    @property
    def intact(self) -> bool:
        """True when nothing was altered, removed or added past the chain."""
        return self.fault is None


class _Chain:
    """The chain as it is read: its last hash, the labels and texts it vouches for."""

    def __init__(self, known_head: tuple[int, str] | None) -> None:
        self.known_head = known_head
        self.count = 0
        self.digest = GENESIS
        self.labels: dict[str, str] = {}
        self.others: dict[str, dict[str, str]] = {action: {} for action in _APPENDED}
        self.imports: dict[int, dict[str, Any]] = {}  # project -> what its last import says
        self.compared: dict[str, list[Said]] = {action: [] for action in _COMPARED}

    def read(self, session: Session) -> str | None:
        """Follow the chain to its end; the first fault, if there is one."""
        stream = select(*AuditEvent.__table__.columns).order_by(AuditEvent.id)
        for row in session.execute(stream.execution_options(yield_per=_BATCH)).mappings():
            fault = self._fault_of(dict(row)) or self._note(dict(row))
            if fault:
                return fault
        return self._end_fault(session)

    def _fault_of(self, row: dict[str, Any]) -> str | None:
        expected = self.count + 1
        if row["id"] != expected:
            return f"audit event {expected} is missing (the next one found is {row['id']})"
        if row["previous_sha256"] != self.digest:
            return f"audit event {row['id']} does not follow event {self.count}"
        if chain_sha256(row) != row["sha256"]:
            return f"audit event {row['id']} ({row['action']} {row['subject']}) was altered"
        if (
            self.known_head
            and self.known_head[0] == expected
            and self.known_head[1] != row["sha256"]
        ):
            return f"audit event {expected} is not the one that was there when its hash was noted"
        return None

    def _note(self, row: dict[str, Any]) -> str | None:
        self.count, self.digest = row["id"], row["sha256"]
        of_kind = {"label.recorded": self.labels, **self.others}.get(row["action"])
        if of_kind is not None:
            if row["subject"] in of_kind:
                return f"audit event {row['id']} records {row['subject']} a second time"
            of_kind[row["subject"]] = json.loads(row["detail"])["sha256"]
        elif row["action"] == "import.done":
            self.imports[row["project_id"]] = json.loads(row["detail"])
        elif row["action"] in self.compared:
            said = (row["project_id"], json.loads(row["detail"]))
            self.compared[row["action"]].append(said)
        return None

    def _end_fault(self, session: Session) -> str | None:
        head = session.execute(select(AuditHead.event_id, AuditHead.sha256)).one()
        if (head.event_id, head.sha256) != (self.count, self.digest):
            return (
                f"audit event {self.count + 1} and later are missing: the chain ends at "
                f"{self.count}, its head says {head.event_id}"
            )
        if self.known_head and self.known_head[0] > self.count:
            last = self.known_head[0]
            return f"audit event {self.count + 1} and later are missing: event {last} was there"
        return None


def verify(session: Session, known_head: tuple[int, str] | None = None) -> Verification:
    """Read the chain, labels, texts and rubrics; `known_head` is an earlier (event, SHA-256)."""
    chain = _Chain(known_head)
    fault = (
        chain.read(session)
        or _label_fault(session, chain.labels)
        or desk_rows.fault(session)
        or _other_fault(session, chain.others)
        or snapshots.rows_fault(session)
        or _compared_fault(session, chain.compared)
        or _text_fault(session, chain.imports)
        or _rubric_fault(session)
    )
    return Verification(chain.count, len(chain.labels), chain.digest, fault)


def _label_fault(session: Session, labels: dict[str, str]) -> str | None:
    unseen = set(labels)
    latest: dict[Slot, tuple[int, str, int | None]] = {}
    for event in _label_events(session):
        name = f"label:{event.id}"
        unseen.discard(name)
        if name not in labels:
            return f"label event {event.id} is not in the audit chain: it was added past it"
        if labels[name] != label_sha256(event) or event.sha256 != labels[name]:
            return f"label event {event.id} was altered"
        latest[event.protocol_id, event.account_id, event.lane] = (
            event.id,
            event.action,
            event.level,
        )
    if unseen:
        first = min(unseen, key=lambda name: int(name.split(":")[1]))
        return f"label event {first.split(':')[1]} was removed"
    return _current_fault(session, latest)


def _other_fault(session: Session, known: dict[str, dict[str, str]]) -> str | None:
    for action, (name, table, sha256) in _APPENDED.items():
        unseen = dict(known[action])
        for row in session.scalars(select(table).order_by(table.id)):
            held = unseen.pop(f"{name}:{row.id}", None)
            if held is None:
                return f"{name} {row.id} is not in the audit chain: it was added past it"
            if not held == row.sha256 == sha256(row):
                return f"{name} {row.id} was altered"
        if unseen:
            return f"{next(iter(unseen)).replace(':', ' ')} was removed"
    return None


def _compared_fault(session: Session, said: dict[str, list[Said]]) -> str | None:
    faults = (compare(session, said[action]) for action, compare in _COMPARED.items())
    return next((fault for fault in faults if fault), None)


def _label_events(session: Session) -> Iterator[LabelEvent]:
    statement = select(LabelEvent).order_by(LabelEvent.id)
    yield from session.scalars(statement.execution_options(yield_per=_BATCH))


def _current_fault(session: Session, latest: dict[Slot, tuple[int, str, int | None]]) -> str | None:
    """Current labels decide what counts; they must be what the events say, no more and no less."""
    rows = session.execute(
        select(
            CurrentLabel.protocol_id,
            CurrentLabel.account_id,
            CurrentLabel.lane,
            CurrentLabel.event_id,
            CurrentLabel.action,
            CurrentLabel.level,
        )
    )
    found = {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}
    for slot in sorted(found.keys() | latest.keys()):
        if found.get(slot) != latest.get(slot):
            return f"the current label of account {slot[1]} on protocol {slot[0]} was altered"
    return None


def _text_fault(session: Session, imports: dict[int, dict[str, Any]]) -> str | None:
    statement = select(
        Protocol.external_id, Protocol.text, Protocol.sections, Protocol.content_hash
    ).order_by(Protocol.id)
    for row in session.execute(statement.execution_options(yield_per=_BATCH // 10)):
        sections = [Section(*part) for part in row.sections]
        if content_hash(row.text, sections) != row.content_hash:
            return f"the text of protocol {row.external_id} was altered"
    projects = session.scalars(select(Protocol.project_id).distinct().order_by(Protocol.project_id))
    for project_id in sorted({*projects, *imports}):
        said = imports.get(project_id, {})
        if texts_sha256(session, project_id) != said.get("texts_sha256"):
            return f"protocols of project {project_id} are not those that were imported"
        held = said.get("descriptions_sha256")
        if held is not None and descriptions_sha256(session, project_id) != held:
            return f"titles or columns of protocols of project {project_id} were altered"
    return None


def _rubric_fault(session: Session) -> str | None:
    for row in session.execute(
        select(
            RubricVersion.rubric_id, RubricVersion.version, RubricVersion.text, RubricVersion.sha256
        )
    ):
        if hashlib.sha256(row.text.encode()).hexdigest() != row.sha256:
            return f"the wording of rubric {row.rubric_id} version {row.version} was altered"
    return None
