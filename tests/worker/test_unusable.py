"""A version that cannot be opened: set aside or left alone, and another made without end or not."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading

import pytest
from sqlalchemy import delete, select

from cer_assist import tasks, worker
from cer_assist.cli.demo import make_project
from cer_assist.config import Settings
from cer_assist.services import jobs, models, pinning, training_data
from cer_assist.services.pinning import SCORING
from cer_assist.services.retraining import KIND
from cer_assist.store.engine import Database
from cer_assist.store.tables import Highlight, Job, ModelVersion, Project, Suggestion
from tests.builders import a_member, a_project, a_protocol, some_protocols
from tests.worker.test_tasks import a_trained_demo, in_use, run_worker

LEASE = dt.timedelta(seconds=30)


def test_a_damaged_model_is_set_aside_and_learned_anew_while_its_suggestions_stay(
    database: Database, settings: Settings
) -> None:
    project_id = a_trained_demo(database, settings)
    first = in_use(database, project_id)
    folder = settings.models_folder / first.artefact
    (folder / "weights.safetensors").write_bytes(b"not what was saved")
    with database.write() as session:
        lost = session.scalars(select(Suggestion.id)).first()
        session.execute(delete(Highlight).where(Highlight.suggestion_id == lost))
        session.execute(delete(Suggestion).where(Suggestion.id == lost))
        jobs.enqueue(session, "encode", project_id)
    run_worker(settings)
    assert folder.with_name(f"{folder.name}.damaged").is_dir()
    second = in_use(database, project_id)
    assert second.number == 2
    assert tasks.load_current(settings, second).n_labels_ == second.label_count
    with database.read() as session:
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        assert models.scored_protocol_ids(session, second.id) == open_ids
        assert len(models.scored_protocol_ids(session, first.id)) == len(open_ids) - 1


def test_a_truncated_manifest_does_not_keep_a_project_from_learning(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project_id = make_project(session)
        session.get_one(Project, project_id).model_kind = "lexical"
    run_worker(settings)
    manifest = settings.models_folder / in_use(database, project_id).artefact / "model.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    with database.write() as session:
        jobs.enqueue(session, KIND, project_id)
    run_worker(settings)
    assert numbers(database) == [1, 2]


def a_version_from_the_rubric(database: Database, settings: Settings) -> ModelVersion:
    """The first version of a project without labels."""
    with database.write() as session:
        project = a_project(session)
        some_protocols(session, project)
        project_id = project.id
    run_worker(settings)
    return in_use(database, project_id)


def pin(database: Database, version: ModelVersion) -> None:
    with database.write() as session:
        project = session.get_one(Project, version.project_id)
        lea = a_member(session, project, "lea")
        pinning.pin(session, project, version.id, lea.id)


def note_of_a_new_protocol(database: Database, settings: Settings, version: ModelVersion) -> str:
    """What the job says that was to score a protocol which has just come; at most ten jobs."""
    with database.write() as session:
        project = session.get_one(Project, version.project_id)
        a_protocol(session, project, "Neighbours run the walking group themselves.")
        jobs.enqueue(session, SCORING, project.id)
    claimed = _work_off(database, settings)
    assert claimed < 10, "it goes on without end"
    with database.read() as session:
        newest = select(Job.progress_note).where(Job.kind == SCORING).order_by(Job.id.desc())
        return session.scalars(newest).first() or ""


def _work_off(database: Database, settings: Settings) -> int:
    """Do what is due, ten jobs at most; how many were done."""
    for done in range(10):
        with database.write() as session:
            claim = jobs.claim(session, "test", LEASE)
        if claim is None:
            return done
        worker.run_job(settings, worker.Held(database, claim, LEASE, threading.Event()))
    return 10


def numbers(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(ModelVersion.number).order_by(ModelVersion.number)))


def test_a_pinned_version_from_the_rubric_that_is_damaged_is_made_again_only_once(
    database: Database, settings: Settings
) -> None:
    first = a_version_from_the_rubric(database, settings)
    pin(database, first)
    folder = settings.models_folder / first.artefact
    (folder / "model.json").unlink()
    assert "another is made" in note_of_a_new_protocol(database, settings, first)
    assert folder.with_name(f"{folder.name}.damaged").is_dir()
    note = note_of_a_new_protocol(database, settings, first)
    assert "Version 1 cannot be opened: as long as it is in use" in note
    assert (in_use(database, first.project_id).number, numbers(database)) == (1, [1, 2])


def test_a_version_whose_folder_is_gone_is_made_again(
    database: Database, settings: Settings
) -> None:
    first = a_version_from_the_rubric(database, settings)
    folder = settings.models_folder / first.artefact
    folder.rename(folder.with_name("elsewhere"))
    note_of_a_new_protocol(database, settings, first)
    again = in_use(database, first.project_id)
    assert again.number == 2
    with database.read() as session:
        open_ids = set(training_data.open_protocol_ids(session, again.project_id))
        assert models.scored_protocol_ids(session, again.id) == open_ids


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("label_count", [0, 10])
def test_a_whole_model_of_another_release_is_left_where_it_is(
    pinned: bool, label_count: int, database: Database, settings: Settings
) -> None:
    first = a_version_from_the_rubric(database, settings)
    manifest = settings.models_folder / first.artefact / "model.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 3}))
    with database.write() as session:
        version = session.get_one(ModelVersion, first.id)
        version.sha256 = hashlib.sha256(manifest.read_bytes()).hexdigest()
        version.label_count = label_count
    if pinned:
        pin(database, first)
    note = note_of_a_new_protocol(database, settings, first)
    assert manifest.is_file()
    assert not list(settings.models_folder.glob("*.damaged"))
    with database.read() as session:
        trainings = session.scalars(select(Job).where(Job.kind == KIND)).all()
    assert len(trainings) == (not pinned and label_count > 0)
    assert numbers(database) == ([1, 2] if not pinned and label_count == 0 else [1])
    assert ("as long as it is in use" in note) is pinned
