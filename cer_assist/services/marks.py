"""What coders say of words teaches which words are shown first, if the project's lead lets it.

Marked are the evidence of labels in force and words that the model missed, contested are words that
it showed and that are none. No level depends on either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from cer_assist.domain.remarks import Remark
from cer_assist.services import remarks, training_data
from cer_assist.services.training_data import TextRow
from cer_assist.store.tables import Project


def with_marks(session: Session, project: Project, rows: Sequence[TextRow]) -> list[TextRow]:
    """The rows with what was marked and contested in them, unless that is switched off."""
    if not project.learns_from_marks:
        return list(rows)
    evidence = training_data.marked_spans(session, project.id)
    missed = remarks.spans(session, project.id, Remark.missed)
    contested = remarks.spans(session, project.id, Remark.not_evidence)
    return [
        replace(
            row,
            marked=(*evidence.get(row.id, ()), *missed.get(row.id, ())),
            contested=contested.get(row.id, ()),
        )
        for row in rows
    ]
