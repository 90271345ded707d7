"""What a job of the worker reads of a project before it computes, in one short transaction.

Every training begins here, so what the fenced sample keeps from learning is taken out here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cer_assist.domain.rubric import Rubric
from cer_assist.learning.folds import clusters_and_apart
from cer_assist.services import fence, marks, models, training_data
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
    fenced: list[TextRow]  # settled ones among them are in neither of the other lists
    previous: ModelVersion | None
    left_out: int = 0  # labelled near-copies of fenced ones: no version may have read their like

    @property
    def everything(self) -> list[TextRow]:
        """Each text that is read, once."""
        return list({row.id: row for row in (*self.labelled, *self.open, *self.fenced)}.values())


def read_material(database: Database, project_id: int) -> Material:
    """The labels and texts as they stand now; what is fenced or like it is not among the labels."""
    with database.read() as session:
        project = session.get_one(Project, project_id)
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        fenced = fence.fenced_ids(session, project_id)
        levels = training_data.settled_levels(session, project_id)
        wanted = [*levels.keys() | open_ids | fenced]
        texts = training_data.protocol_texts(session, project_id, wanted)
        labelled = [row for row in texts if row.id in levels]
        found = Material(
            project_rubric(session, project),
            project.model_kind,
            levels,
            training_data.last_event_id(session, project_id),
            marks.with_marks(session, project, labelled),
            [row for row in texts if row.id in open_ids],
            [row for row in texts if row.id in fenced],
            models.current_version(session, project_id),
        )
    return _without_copies(found)


def _without_copies(material: Material) -> Material:
    """Near-copies and versions of a fenced protocol would teach what is measured on."""
    if not material.fenced or not material.labelled:
        return material
    fenced = [row.text for row in material.fenced]
    studies = [row.study for row in (*material.fenced, *material.labelled)]
    apart = clusters_and_apart(fenced, [row.text for row in material.labelled], studies)[1]
    kept = [row for row, is_apart in zip(material.labelled, apart, strict=True) if is_apart]
    levels = {row.id: material.levels[row.id] for row in kept}
    left_out = len(material.labelled) - len(kept)
    return replace(material, labelled=kept, levels=levels, left_out=left_out)
