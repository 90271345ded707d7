"""The facts of the methods report: all that its text says, gathered in one reading of the database.

The text picks each number from here by its path, so what is printed as JSON and what stands in the
text cannot differ. Totals only: of no protocol, and of no person.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.services import (
    methods_labels,
    methods_model,
    methods_reports,
    methods_rules,
    methods_settling,
    methods_shown,
    methods_software,
)
from cer_assist.services.methods_reports import Parts
from cer_assist.store.tables import AuditHead, Project
from cer_assist.store.types import now

Facts = dict[str, Any]


def gather(session: Session, project: Project, parts: Parts) -> Facts:
    """Everything that is said of a project."""
    given = methods_labels.readings(session, project.id)
    rubric = methods_rules.rubric(session, project)
    scale = range(rubric["lowest"], rubric["highest"] + 1)
    return {
        "project": {"slug": project.slug, "name": project.name},
        "as_of": _as_of(session),
        "protocols": methods_labels.protocols(session, project, given),
        "coders": methods_labels.coders(session, project.id, given),
        "training": methods_rules.training(session, project),
        "rubric": rubric,
        "labels": methods_labels.labels(session, project.id, given),
        "settings": methods_rules.settings(session, project),
        "suggestions": methods_shown.suggestions(session, project.id, given),
        "exposure": methods_reports.helped(session, project.id, parts.exposure),
        "double": methods_labels.double(given),
        "agreement": methods_reports.agreed(session, project.id, parts.agreement),
        "settling": methods_settling.settling(session, project.id),
        "finals": methods_labels.finals(session, project.id, scale),
        "model": methods_model.model(session, project),
        "sample": methods_model.sample(session, project),
        "serving": methods_model.serving(session, project),
        "stopping": methods_model.stopped(session, project),
        "software": methods_software.software(session),
    }


def _as_of(session: Session) -> Facts:
    head = session.execute(select(AuditHead.event_id, AuditHead.sha256)).one()
    return {"at": now(), "event": head.event_id, "sha256": head.sha256}
