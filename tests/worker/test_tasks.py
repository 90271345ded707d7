"""A label's way through the worker: retrain, publish, suggest, and what happens when it cannot."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cer_assist import tasks, worker
from cer_assist.cli.demo import TEXTS, VISITOR, make_project
from cer_assist.config import Settings
from cer_assist.domain.errors import Corrupt
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.imports import parse_files
from cer_assist.learning.kinds import COLD_START
from cer_assist.material import read_material
from cer_assist.services import accounts, jobs, models, pinning, training_data
from cer_assist.services.importing import import_protocols
from cer_assist.services.retraining import KIND
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Highlight, Job, ModelVersion, Project, Protocol, Suggestion
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, intended_levels, some_protocols

# After start and end, of each mark.
NUMBERS: dict[str, int] = {Marks.words: 7, Marks.sentences: 1, Marks.sections: 2}


def run_worker(settings: Settings) -> None:
    worker.run(settings, threading.Event(), until_idle=True)


def a_trained_demo(database: Database, settings: Settings) -> int:
    """The demo project with its first model; its id."""
    with database.write() as session:
        project_id = make_project(session)
    run_worker(settings)
    return project_id


def test_labels_become_a_version_with_words_and_suggestions(
    database: Database, settings: Settings
) -> None:
    project_id = a_trained_demo(database, settings)
    with database.read() as session:
        version = models.current_version(session, project_id)
        assert version is not None
        settled = training_data.training_levels(session, project_id).keys()
        learned = settled - set(training_data.open_protocol_ids(session, project_id))
        assert (version.number, version.label_count) == (1, len(learned))
        assert version.metrics["n"] == version.label_count
        assert "labelled protocols" in version.metrics["measured_on"]
        figure = version.metrics["qwk"]
        assert figure["low"] <= figure["value"] <= figure["high"]
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        assert models.scored_protocol_ids(session, version.id) == open_ids
        for row in session.execute(
            select(Suggestion, Highlight, Protocol.text).join(Highlight).join(Protocol)
        ):
            suggestion, highlight, text = row
            assert sum(suggestion.probabilities) == pytest.approx(1)
            assert 0 <= highlight.evidence_strength <= 1
            assert highlight.words
            for start, end, *numbers in highlight.words:
                assert text[start:end].strip() == text[start:end] != ""
                assert len(numbers) == NUMBERS[highlight.method]
        assert verify(session).intact
    assert version.word_scores is not None
    assert version.word_scores["documents"] == version.label_count
    assert len(version.word_scores["words"]["committee"]) == 2 + 5
    assert version.word_scores["course"]["of"] == "sentences"
    _next_version_continues(database, settings, project_id)


def _next_version_continues(database: Database, settings: Settings, project_id: int) -> None:
    """Five more labels make version 2; suggestions of version 1 stay to be compared with."""
    first = in_use(database, project_id)
    label_five(database, project_id)
    run_worker(settings)
    with database.read() as session:
        version = models.current_version(session, project_id)
        assert version is not None
        newest = session.scalars(select(ModelVersion).order_by(ModelVersion.number.desc())).first()
        assert newest is not None
        assert (version.number, newest.decision) == (2, version.decision)
        assert scored_by(session) == {first.id, version.id}
        classifier = tasks.load_current(settings, version)
        assert classifier.n_labels_ == version.label_count
        assert classifier.marking_ is not None  # its labels came with quotes
    assert first.word_scores is not None
    assert version.word_scores is not None
    # What was followed goes on: all of it is still said in two labelled protocols.
    assert first.word_scores["words"].keys() <= version.word_scores["words"].keys()
    assert version.word_scores["course"] is None
    _a_roll_back_has_its_suggestions_made(database, settings, project_id, first.id)


def _a_roll_back_has_its_suggestions_made(
    database: Database, settings: Settings, project_id: int, first: int
) -> None:
    """Also of protocols that version 1 never scored; version 3 then waits, scored as well."""
    with database.write() as session:
        old = select(Suggestion.id).where(Suggestion.model_version_id == first)
        session.execute(delete(Highlight).where(Highlight.suggestion_id.in_(old)))
        session.execute(delete(Suggestion).where(Suggestion.model_version_id == first))
        project = session.get_one(Project, project_id)
        visitor = accounts.find_account(session, VISITOR).id
        pinning.pin(session, project, first, visitor)
    run_worker(settings)
    with database.read() as session:
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        assert models.scored_protocol_ids(session, first) == open_ids
    label_five(database, project_id)
    run_worker(settings)
    with database.read() as session:
        newest = session.scalars(select(ModelVersion).order_by(ModelVersion.number.desc())).first()
        assert newest is not None
        assert (newest.number, newest.published_at is not None) == (3, True)
        assert models.current_version_id(session, project_id) == first
        pinned = pinning.standing(session, project).pinned
        assert pinned is not None
        assert pinned.waiting == [2, 3]
        assert scored_by(session) == {first, first + 1, newest.id}


def in_use(database: Database, project_id: int) -> ModelVersion:
    with database.read() as session:
        version = models.current_version(session, project_id)
    assert version is not None
    return version


def label_five(database: Database, project_id: int, but: Sequence[int] = ()) -> None:
    with database.write() as session:
        project = session.get_one(Project, project_id)
        visitor = accounts.find_account(session, VISITOR).id
        open_ids = training_data.open_protocol_ids(session, project_id)
        for protocol_id in [key for key in open_ids if key not in but][:5]:
            name = session.get_one(Protocol, protocol_id).external_id
            a_label(session, project, protocol_id, by=visitor, level=intended_levels()[name])


def scored_by(session: Session) -> set[int]:
    """The versions that have suggestions."""
    return set(session.scalars(select(Suggestion.model_version_id).distinct()))


def test_an_imported_project_has_suggestions_from_the_rubric_alone_until_labels_teach(
    database: Database, settings: Settings
) -> None:
    parsed = parse_files([TEXTS / "protocols.jsonl"], {}, None)
    with database.write() as session:
        project = a_project(session, retrain_every=5)
        visitor = a_member(session, project, VISITOR, Role.administrator)
        import_protocols(session, project, parsed.protocols[:24], [], by=visitor.id)
        project_id = project.id
    run_worker(settings)
    with database.read() as session:
        first = models.current_version(session, project_id)
        assert first is not None
        assert (first.number, first.kind, first.label_count) == (1, COLD_START, 0)
        assert "rubric alone" in first.decision
        assert "Not measured" in first.metrics["not_measured"]
        assert models.scored_protocol_ids(session, first.id) == set(
            training_data.open_protocol_ids(session, project_id)
        )
        shown = select(Highlight.words, Protocol.text).select_from(Suggestion)
        for words, text in session.execute(shown.join(Highlight).join(Protocol)):
            assert all(text[start:end].strip() for start, end, *_ in words)
    _a_damaged_first_version_is_made_again(database, settings, first)
    for _ in range(2):
        label_five(database, project_id)
    run_worker(settings)
    taught = in_use(database, project_id)
    assert (taught.number, taught.kind, taught.label_count) == (3, DEFAULT_KIND, 10)
    assert taught.decision == "the first version with a measured quality"


def _a_damaged_first_version_is_made_again(
    database: Database, settings: Settings, first: ModelVersion
) -> None:
    """There may be no labels to learn it from; found when a protocol wants a suggestion."""
    (settings.models_folder / first.artefact / "model.json").unlink()
    with database.write() as session:
        old = select(Suggestion.id).where(Suggestion.model_version_id == first.id)
        session.execute(delete(Highlight).where(Highlight.suggestion_id.in_(old)))
        session.execute(delete(Suggestion).where(Suggestion.model_version_id == first.id))
        jobs.enqueue(session, "encode", first.project_id)
    run_worker(settings)
    again = in_use(database, first.project_id)
    assert (again.number, again.kind) == (2, COLD_START)
    with database.read() as session:
        open_ids = set(training_data.open_protocol_ids(session, first.project_id))
        assert models.scored_protocol_ids(session, again.id) == open_ids


def test_a_protocol_that_wants_a_second_reader_teaches_nothing_yet(database: Database) -> None:
    """Else the second reader would be shown the first one's answer as the model's suggestion."""
    with database.write() as session:
        project = a_project(session, double_coded_share=1.0)
        ana, bob = (a_member(session, project, name).id for name in ("ana", "bob"))
        first, second, _ = (protocol.id for protocol in some_protocols(session, project))
        for coder, protocol_id in ((bob, first), (bob, second), (ana, second)):
            a_label(session, project, protocol_id, by=coder, level=5)
        project_id = project.id
    material = read_material(database, project_id)
    assert material.levels == {second: 5}
    assert first in {row.id for row in material.open}


def test_too_few_labels_say_what_is_missing(database: Database, settings: Settings) -> None:
    with database.write() as session:
        project = a_project(session, retrain_every=1)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        a_label(session, project, first.id, by=ana.id, level=2)
    run_worker(settings)
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.kind == KIND)).one()
        assert job.state == JobState.done
        assert "label some more" in job.progress_note
        assert "Levels without a label: 1, 3, 4, 5." in job.progress_note
        assert session.scalars(select(ModelVersion.kind)).all() == [COLD_START]


def test_a_job_that_is_asked_to_stop_stops(database: Database, settings: Settings) -> None:
    with database.write() as session:
        project_id = make_project(session)
        session.execute(update(Job).values(run_after=now()))
        claim = jobs.claim(session, "test", dt.timedelta(seconds=30), only=(KIND, project_id))
        assert claim is not None
    held = worker.Held(database, claim, dt.timedelta(seconds=30), threading.Event(), cancel=True)
    worker.run_job(settings, held)
    with database.read() as session:
        assert session.get_one(Job, claim.job_id).state == JobState.cancelled
        assert session.scalars(select(ModelVersion)).all() == []


def test_an_unknown_kind_of_job_fails_with_its_reason(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project = a_project(session)
        jobs.enqueue(session, "unheard-of", project.id)
    run_worker(settings)
    with database.read() as session:
        job = session.scalars(select(Job)).one()
        assert job.state == JobState.queued  # it waits for its next try
        assert "unheard-of" in job.error


def test_a_damaged_artefact_is_found_before_it_is_used(
    database: Database, settings: Settings
) -> None:
    project_id = a_trained_demo(database, settings)
    with database.read() as session:
        version = models.current_version(session, project_id)
    assert version is not None
    folder = settings.models_folder / version.artefact
    for path in folder.iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.raises(Corrupt):
            tasks.load_current(settings, version)
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    assert tasks.load_current(settings, version).n_labels_ == version.label_count


@pytest.mark.parametrize("kind", ["lexical", "maxpool"])
def test_the_kind_that_the_lead_chose_learns(
    kind: str, database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project_id = make_project(session)
        session.get_one(Project, project_id).model_kind = kind
    run_worker(settings)
    version = in_use(database, project_id)
    assert version.kind == kind
    assert tasks.load_current(settings, version).kind == kind
