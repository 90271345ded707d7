"""The rules that labels were made under, for the methods report: rubric, settings, training.

Settings are told as they stand and, from the audit, as they changed: what a paper says of exposure
has to be true of all its labels.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.services import (
    project_settings,
    rubric_versions,
    rubrics,
    training_checks,
    training_results,
)
from cer_assist.store.tables import AuditEvent, Project

Facts = dict[str, Any]
SETTINGS_CHANGED = "project.settings"


def rubric(session: Session, project: Project) -> Facts:
    """Its versions, and the levels of the one in use."""
    used = rubrics.project_rubric(session, project)
    return {
        "id": used.id,
        "title": used.title,
        "source": used.source.strip(),
        "levels": len(used.levels),
        "lowest": used.scale[0],
        "highest": used.scale[-1],
        "names": {str(level.value): level.name for level in used.levels},
        "versions": [
            {"number": one.number, "sha256": one.sha256, "at": one.at, "is_first": one.by is None}
            for one in rubric_versions.versions(session, project)
        ],
    }


def settings(session: Session, project: Project) -> Facts:
    """As they stand, and every change of one, the oldest first."""
    rows = session.execute(
        select(AuditEvent.id, AuditEvent.at, AuditEvent.detail)
        .where(AuditEvent.project_id == project.id, AuditEvent.action == SETTINGS_CHANGED)
        .order_by(AuditEvent.id)
    )
    changes = [
        {"event": key, "at": at, "setting": name, "before": before, "after": after}
        for key, at, detail in rows
        for name, (before, after) in json.loads(detail).items()
    ]
    return {
        "now": project_settings.values(project),
        "uncertain_share": project.shares.uncertain,
        "changes": changes,
    }


def training(session: Session, project: Project) -> Facts:
    """Rounds of practice and what came of them, attention checks too."""
    lines = training_results.by_coder(session, project)
    rounds = [done for line in lines for done in line.rounds if done.has_passed is not None]
    first = [line.rounds[0] for line in lines if line.rounds and line.rounds[0] in rounds]
    checks = [line.total for line in training_checks.by_coder(session, project.id)]
    asked = sum(done.asked for done in first)
    return {
        "coders": sum(bool(line.rounds) for line in lines),
        "rounds": len(rounds),
        "passed": sum(line.passed_at is not None for line in lines),
        "first_answers": asked,
        "first_right": sum(done.right for done in first),
        "checks": sum(one.asked for one in checks),
        "checks_right": sum(one.right for one in checks),
    }
