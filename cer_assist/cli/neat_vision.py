"""export --format neat-vision: labelled protocols with their words' weights, for that viewer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from cer_assist.cli.base import progress_bar
from cer_assist.config import Settings
from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.exports.writing import ExportResult, file_sha256, taking_its_place
from cer_assist.services import models, training_data
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, Protocol

NAME = "neat-vision"


def write_neat_vision(
    database: Database, settings: Settings, project: Project, out: Path
) -> ExportResult:
    """Write the data file at `out` and the label file beside it.

    Every settled protocol is explained by the version in use, which has learnt from it: this shows
    what a model goes by, and measures nothing.
    """
    from cer_assist import scoring, tasks
    from cer_assist.explain.methods import DEFAULT_METHOD
    from cer_assist.explain.neat_vision import Labelled, label_names, neat_vision

    if out.suffix.lower() != ".json" or not out.parent.is_dir():
        raise InvalidInput(f"{NAME} wants a .json file in a folder that exists, not {out}.")
    with database.read() as session:
        version = models.current_version(session, project.id)
        levels = training_data.settled_levels(session, project.id)
        texts = training_data.protocol_texts(session, project.id, [*levels])
        known = select(Protocol.id, Protocol.external_id).where(Protocol.id.in_(levels))
        names = {row.id: row.external_id for row in session.execute(known)}
        rubric = project_rubric(session, project)
    if version is None or not texts:
        raise NotFound("There is no model or no labelled protocol yet: label some, then `train`.")
    classifier = tasks.load_current(settings, version)
    rows = [Labelled(names[row.id], scoring.document(row), levels[row.id]) for row in texts]
    with progress_bar("Weighing words") as advance:
        found = list(neat_vision(classifier, rows, DEFAULT_METHOD, advance))
    _write(out.with_name(f"{out.stem}-labels.json"), label_names(rubric))
    _write(out, found)
    return ExportResult(out, file_sha256(out), {"protocols": len(found)})


def _write(path: Path, content: Any) -> None:
    with taking_its_place(path) as unfinished:
        unfinished.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
