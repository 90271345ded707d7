"""What a job of the worker reads of a project before it computes, in one short transaction."""

from __future__ import annotations

from dataclasses import dataclass

from cer_assist.domain.rubric import Rubric
from cer_assist.services import marks, models, training_data
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.training_data import TextRow
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project


@dataclass(frozen=True)
class Material:
    """All that a retraining reads from the database, in one short transaction."""

    rubric: Rubric
    model_kind: str
    levels: dict[int, int]  # protocol id -> level
    last_event_id: int
    labelled: list[TextRow]
    open: list[TextRow]
    previous: ModelVersion | None


def read_material(database: Database, project_id: int) -> Material:
    """The labels and texts as they stand now."""
    with database.read() as session:
        project = session.get_one(Project, project_id)
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        levels = training_data.settled_levels(session, project_id)
        texts = training_data.protocol_texts(session, project_id, [*levels.keys() | open_ids])
        labelled = [row for row in texts if row.id in levels]
        return Material(
            project_rubric(session, project),
            project.model_kind,
            levels,
            training_data.last_event_id(session, project_id),
            marks.with_marks(session, project, labelled),
            [row for row in texts if row.id in open_ids],
            models.current_version(session, project_id),
        )
