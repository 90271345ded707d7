"""Importing is all or nothing: every fault is found first, then everything is stored at once."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.faults import Fault, parted
from cer_assist.domain.labels import Action, PriorLabel
from cer_assist.domain.protocols import ProtocolText
from cer_assist.domain.rubric import Rubric
from cer_assist.services import audit, fence, import_studies, jobs, retraining, studies
from cer_assist.services.label_events import clean_seconds
from cer_assist.services.prior_labels import by_whom, insert_labels, of_label, split_known
from cer_assist.services.queue import SHUFFLE_RANGE
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import Project, Protocol
from cer_assist.store.types import now, table_of

_TABLE = table_of(Protocol)
# RETURNING makes SQLAlchemy send many rows in one statement. FTS5 sorts its words in at the end of
# every statement, so a row a statement made storing take twice as long.
_INSERT_PROTOCOLS = insert(_TABLE).returning(_TABLE.c.external_id, _TABLE.c.id)
_BATCH_ROWS = 1_000  # of one statement, as in SQLAlchemy
_BATCH_CHARACTERS = 4_000_000  # SQLite holds all texts of a statement twice over


@dataclass
class ImportReport:
    """What an import did, or with `dry_run` would do."""

    protocols: int = 0
    already_there: int = 0  # same id, same text: left as they are
    labels: int = 0
    labels_already_there: int = 0
    duplicates: list[tuple[str, str]] = field(default_factory=list)  # (new id, id with same text)
    new_versions: list[tuple[str, str]] = field(default_factory=list)  # (stored as, id in the file)
    links: int = 0  # to earlier versions, or to what is copied
    errors: list[Fault] = field(default_factory=list)
    new_coders: list[str] = field(default_factory=list)


def import_protocols(
    session: Session,
    project: Project,
    protocols: Sequence[ProtocolText],
    labels: Sequence[PriorLabel],
    *,
    by: int | None,
    new_versions: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Store protocols and prior labels; with any fault, or on a dry run, nothing is stored.

    With `new_versions` a text under a known id that has another text there becomes a new version of
    it, and the import's labels of that id are its own; otherwise that is a fault.
    """
    report = ImportReport()
    _lock(session, project.id)
    labels = by_whom(session, project, labels)
    stored = {
        row.external_id: (row.id, row.content_hash)
        for row in session.execute(
            select(Protocol.external_id, Protocol.id, Protocol.content_hash).where(
                Protocol.project_id == project.id
            )
        )
    }
    if new_versions:
        protocols, labels, report.new_versions = import_studies.as_new_versions(
            session, project.id, stored, protocols, labels
        )
    new = _new_protocols(protocols, stored, report)
    links, faults = import_studies.wanted_links(session, project.id, protocols, stored)
    report.errors += faults
    report.links = len(links)
    rubric = project_rubric(session, project)
    known = stored.keys() | {protocol.external_id for protocol in new}
    _check_labels(labels, known, rubric, report)
    labels, report.labels_already_there, conflicts = split_known(session, project.id, labels)
    report.errors += conflicts
    report.protocols, report.labels = len(new), len(labels)
    if report.errors or dry_run:
        return report
    ids = {name: row[0] for name, row in stored.items()}
    ids |= _insert_protocols(session, project, new)
    studies.store(session, project.id, links, ids, by)
    if labels:
        report.new_coders = insert_labels(session, project, labels, ids, by)
    _record(session, project, report, by)
    return report


def _lock(session: Session, project_id: int) -> None:
    """Let no answer be stored while its protocol is compared with the file (PostgreSQL)."""
    protocols = select(Protocol.id).where(Protocol.project_id == project_id).order_by(Protocol.id)
    session.execute(protocols.with_for_update(key_share=True)).all()


def _new_protocols(
    protocols: Iterable[ProtocolText], stored: dict[str, tuple[int, str]], report: ImportReport
) -> list[ProtocolText]:
    seen = {content: name for name, (_, content) in stored.items()}
    new: list[ProtocolText] = []
    for protocol in protocols:
        known = stored.get(protocol.external_id)
        if known is not None and known[1] == protocol.content_hash:
            report.already_there += 1
            continue
        if known is not None:
            report.errors.append(
                Fault(
                    f"Protocol {protocol.external_id} is already in the project with another text",
                    "have it stored as a new version, or give it an id of its own, such as the old "
                    "one with -A1.",
                    table="protocols",
                    external_id=protocol.external_id,
                    column="external_id",
                )
            )
            continue
        twin = seen.setdefault(protocol.content_hash, protocol.external_id)
        if twin != protocol.external_id:
            report.duplicates.append((protocol.external_id, twin))
        new.append(protocol)
    return new


def _check_labels(
    labels: Iterable[PriorLabel], known: set[str], rubric: Rubric, report: ImportReport
) -> None:
    for label in labels:
        if label.external_id not in known:
            wrong = f"protocol {label.external_id} is neither in the project nor in this import"
            remedy = "import it too, or remove the label."
            report.errors.append(of_label(label, wrong, remedy, "external_id"))
            continue
        column = "seconds"
        try:
            clean_seconds(label.seconds)
            column = "level"
            if label.action is Action.label:
                rubric.level(-1 if label.level is None else label.level)
        except InvalidInput as error:
            report.errors.append(of_label(label, *parted(error.message), column))


def _insert_protocols(
    session: Session, project: Project, new: Sequence[ProtocolText]
) -> dict[str, int]:
    dice = random.Random()  # noqa: S311 - spreads the reading order, guards nothing
    at = now()
    ids: dict[str, int] = {}
    for batch in _batches(new):
        rows = [_row(project, protocol, dice, at) for protocol in batch]
        ids |= session.execute(_INSERT_PROTOCOLS, rows).all()
    return ids


def _batches(new: Sequence[ProtocolText]) -> Iterator[list[ProtocolText]]:
    batch: list[ProtocolText] = []
    characters = 0
    for protocol in new:
        batch.append(protocol)
        characters += len(protocol.text)
        if len(batch) == _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _row(
    project: Project, protocol: ProtocolText, dice: random.Random, at: dt.datetime
) -> dict[str, Any]:
    double = dice.random() < project.double_coded_share
    wanted = project.coders_per_protocol + (1 if double else 0)
    return {
        "project_id": project.id,
        "external_id": protocol.external_id,
        "title": protocol.title,
        "text": protocol.text,
        "sections": [[part.name, part.start, part.end] for part in protocol.sections],
        "details": dict(protocol.metadata),
        "content_hash": protocol.content_hash,
        "shuffle": dice.randrange(SHUFFLE_RANGE),
        "coders_wanted": wanted,
        "coders_missing": wanted,
        "created_at": at,
    }


def _record(session: Session, project: Project, report: ImportReport, by: int | None) -> None:
    detail = {
        "protocols": report.protocols,
        "labels": report.labels,
        "texts_sha256": audit.texts_sha256(session, project.id),
        "descriptions_sha256": audit.descriptions_sha256(session, project.id),
    }
    entry = audit.Entry("import.done", f"project:{project.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
    if report.protocols:
        jobs.enqueue(session, "encode", project.id)
    if report.labels:
        retraining.labels_changed(session, project)
        fence.measure_soon(session, project.id)
