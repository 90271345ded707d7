"""An export is what a project's labels and protocols say at one moment, written to one file."""

from __future__ import annotations

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
from cer_assist.exports.writing import ExportResult, write_export
from cer_assist.services import audit, history
from cer_assist.services.export_rows import instant, label_event_rows, protocol_rows, record_rows
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import AuditHead, Project
from cer_assist.store.types import now


def export_project(
    session: Session, project: Project, export_format: str, out: Path
) -> ExportResult:
    """Write everything a project's labels and protocols say to one file."""
    return write_export(export_format, out, data_set(session, project))


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
    session: Session, project_id: int, export_format: str, made: ExportResult, by: int | None
) -> None:
    """Put into the audit chain that data were taken out; whoever took them has seen all in them."""
    if by is not None:
        history.disclose_project(session, project_id, by)
    detail = {"format": export_format, "sha256": made.sha256, "rows": made.rows}
    entry = audit.Entry("export.taken", f"project:{project_id}", detail)
    audit.append(session, entry, account_id=by, project_id=project_id)


def _manifest(session: Session, project: Project) -> dict[str, Any]:
    rubric = project_rubric(session, project)
    head = session.execute(select(AuditHead.event_id, AuditHead.sha256)).one()
    return {
        "created_at": instant(now()),
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
