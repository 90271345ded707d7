"""A new rubric version reaches the model, for the rubric is one of its inputs."""

from __future__ import annotations

import json

from cer_assist.cli.demo import TEXTS
from cer_assist.config import Settings
from cer_assist.imports import parse_files
from cer_assist.learning.kinds import COLD_START
from cer_assist.services import models, rubric_versions, training_data
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from tests.builders import a_new_rubric, a_project
from tests.worker.test_tasks import a_trained_demo, in_use, run_worker

WORDS = "A partner lends a room, hands out flyers or passes on lists, and nothing else."


def publish(database: Database, project_id: int) -> str:
    """The next version's exact text."""
    with database.write() as session:
        project = session.get_one(Project, project_id)
        text = a_new_rubric(session, project, 2, WORDS)
        rubric_versions.publish(session, project_id, text, "why", None, None)
    return text


def rubric_read(settings: Settings, version: ModelVersion) -> str:
    """The text of the rubric that a stored model was made with."""
    stored = settings.models_folder / version.artefact / "model.json"
    found: str = json.loads(stored.read_text(encoding="utf-8"))["rubric"]
    return found


def test_the_model_is_fitted_anew_with_the_new_words(
    database: Database, settings: Settings
) -> None:
    project_id = a_trained_demo(database, settings)
    before = in_use(database, project_id)
    text = publish(database, project_id)
    assert rubric_read(settings, before) != text
    run_worker(settings)
    with database.read() as session:
        newest = models.newest(session, project_id, 1)[0]
    assert newest.number == before.number + 1
    assert rubric_read(settings, newest) == text
    assert newest.label_count == before.label_count
    assert "the rubric is a new version" in newest.decision


def test_before_any_label_suggestions_come_from_the_new_words(
    database: Database, settings: Settings
) -> None:
    parsed = parse_files([TEXTS / "protocols.jsonl"], {}, None)
    with database.write() as session:
        project = a_project(session)
        import_protocols(session, project, parsed.protocols[:8], [], by=None)
        project_id = project.id
    run_worker(settings)
    first = in_use(database, project_id)
    text = publish(database, project_id)
    run_worker(settings)
    second = in_use(database, project_id)
    assert (second.number, second.kind, second.label_count) == (2, COLD_START, 0)
    assert rubric_read(settings, first) != text
    assert rubric_read(settings, second) == text
    with database.read() as session:
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        assert models.scored_protocol_ids(session, second.id) == open_ids
