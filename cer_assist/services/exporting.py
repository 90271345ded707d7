"""An export is what a project's labels and protocols say at one moment, written to one file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.exports.columns import (
    LABEL_EVENT_COLUMNS,
    LABEL_EVENTS,
    PROTOCOL_COLUMNS,
    PROTOCOLS,
    Table,
)
from cer_assist.exports.dataset import DataSet, LevelName, Stream
from cer_assist.exports.privacy import Choice, Outside, filtered
from cer_assist.exports.writing import ExportResult, write_export
from cer_assist.services import audit, history, pseudonyms
from cer_assist.services.export_rows import label_event_rows, protocol_rows, record_rows
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import AuditHead, Project
from cer_assist.store.types import now, utc_text


def export_project(
    session: Session,
    project: Project,
    export_format: str,
    out: Path,
    choice: Choice | None = None,
    options: Mapping[str, Any] | None = None,
    source: DataSet | None = None,
) -> ExportResult:
    """Write everything a project's labels and protocols say, as chosen, to one file.

    Some formats have options; a snapshot is a source of its own. Unless names are chosen,
    `pseudonyms.give` must have been called in an earlier transaction.
    """
    chosen = outward(session, project, choice or Choice(), source)
    return write_export(export_format, out, chosen, options)


def outward(
    session: Session, project: Project, choice: Choice, source: DataSet | None = None
) -> DataSet:
    """What a project's labels and protocols say, or a snapshot does, as it may leave."""
    found = source or data_set(session, project)
    return filtered(found, choice, _outside(session, project.id, choice, found))


def _outside(session: Session, project_id: int, choice: Choice, found: DataSet) -> Outside:
    """What people and records are called outside, as far as the choice needs it."""
    people = found.people
    if people is None and "name" in choice.masks:
        people = pseudonyms.people(session, project_id)
    coders = {} if choice.names else pseudonyms.of_coders(session, project_id)
    outside = Outside(coders, people or ())
    if "record" not in choice.masks:
        return outside
    kept_at = found.head.get("snapshot", {}).get("made_at")
    until = dt.datetime.fromisoformat(kept_at) if kept_at else None
    ids = pseudonyms.records(session, project_id, until)
    return replace(outside, record=pseudonyms.of_records(session, project_id), ids=ids)


def data_set(session: Session, project: Project) -> DataSet:
    """Everything a project's labels and protocols say."""
    rubric = project_rubric(session, project)
    tables = {
        LABEL_EVENTS: Table(
            LABEL_EVENT_COLUMNS, Stream(lambda: label_event_rows(session, project))
        ),
        PROTOCOLS: Table(PROTOCOL_COLUMNS, Stream(lambda: protocol_rows(session, project))),
    }
    return DataSet(
        _manifest(session, project),
        tuple(LevelName(one.value, one.name, one.definition) for one in rubric.levels),
        tables,
        Stream(lambda: record_rows(session, project)),
    )


def record_export(
    session: Session,
    project_id: int,
    export_format: str,
    made: ExportResult,
    by: int | None,
    choice: Choice | None = None,
    snapshot: str | None = None,
) -> None:
    """Put into the audit chain that data were taken out; whoever took them has seen all in them."""
    if by is not None:
        history.disclose_project(session, project_id, by)
    detail: dict[str, Any] = {"format": export_format, "sha256": made.sha256, "rows": made.rows}
    if snapshot is not None:
        detail["snapshot"] = snapshot
    if choice is not None:
        detail |= choice.told(made.masked)
    detail |= made.options
    entry = audit.Entry("export.taken", f"project:{project_id}", detail)
    audit.append(session, entry, account_id=by, project_id=project_id)


def _manifest(session: Session, project: Project) -> dict[str, Any]:
    rubric = project_rubric(session, project)
    head = session.execute(select(AuditHead.event_id, AuditHead.sha256)).one()
    return {
        "created_at": utc_text(now()),
        "project": {
            "slug": project.slug,
            "name": project.name,
            "is_synthetic": project.is_synthetic,
        },
        "rubric": {"id": rubric.id, "version": rubric.version, "sha256": rubric.sha256},
        "scale": list(rubric.scale),
        # Ties the export to the audit chain: `audit verify` of the same database passes this event.
        "audit": {"event_id": head.event_id, "sha256": head.sha256},
    }
