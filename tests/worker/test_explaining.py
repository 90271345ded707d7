"""Words are weighed where someone looks: with the version, when served, or when asked for."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist import ordering
from cer_assist.cli.demo import VISITOR
from cer_assist.config import Settings
from cer_assist.domain.serving import UNCERTAIN
from cer_assist.services import (
    accounts,
    disputes,
    explanations,
    jobs,
    models,
    queue,
    suggestions,
    training_data,
)
from cer_assist.services.retraining import KIND
from cer_assist.store.engine import Database
from cer_assist.store.tables import Explanation, Highlight, Job, Project, QueuePlace, Suggestion
from tests.worker.test_tasks import a_trained_demo, in_use, label_five, run_worker

FEW = 3


@pytest.fixture
def project_id(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """A trained demo, of whose open protocols few have their words yet."""
    monkeypatch.setattr(ordering, "WITH_WORDS", FEW)
    return a_trained_demo(database, settings)


def with_words(session: Session) -> set[int]:
    return set(session.scalars(select(Highlight.suggestion_id)))


def asked_for(session: Session, project_id: int) -> list[Explanation]:
    """What was asked for by a person; a new version is asked of disputes, whoever looks."""
    waiting = disputed(session, project_id)
    return [one for one in session.scalars(select(Explanation)) if one.protocol_id not in waiting]


def disputed(session: Session, project_id: int) -> dict[int, float | None]:
    """How much the readings surprise the model, of each protocol whose readers differ."""
    rows = disputes.docket(session, session.get_one(Project, project_id), 0).rows
    return {one.protocol_id: one.surprise for one in rows}


def test_a_new_version_says_what_it_makes_of_protocols_in_dispute(
    database: Database, settings: Settings, project_id: int
) -> None:
    run_worker(settings)
    with database.read() as session:
        found = disputed(session, project_id)
        assert len(found) == 9  # of the demo, whose labels were imported: nobody was ever asked
        assert None not in found.values()
        assert not found.keys() & training_data.settled_levels(session, project_id).keys()


def test_what_is_served_first_has_its_words_at_once_any_other_when_it_is_served(
    database: Database, settings: Settings, project_id: int
) -> None:
    version_id = in_use(database, project_id).id
    in_order = (
        select(Suggestion.id)
        .join(QueuePlace, QueuePlace.protocol_id == Suggestion.protocol_id)
        .where(Suggestion.model_version_id == version_id)
        .where(QueuePlace.model_version_id == version_id, QueuePlace.strategy == UNCERTAIN)
        .order_by(QueuePlace.place)
    )
    with database.write() as session:
        ordered = session.scalars(in_order).all()
        assert len(ordered) > FEW + 1
        at_once = with_words(session) & set(ordered)
        assert len(at_once) == FEW
        assert ordered[0] in at_once
        bare = [one for one in ordered if one not in at_once][-1]
        chosen = session.get_one(Suggestion, bare)
        project = session.get_one(Project, project_id)
        visitor = accounts.find_account(session, VISITOR).id
        served = queue.serve_picked(session, project, visitor, chosen.protocol_id)
        assert served.suggestion_id == chosen.id
    run_worker(settings)
    with database.read() as session:
        assert with_words(session) & set(ordered) == {*at_once, bare}
        found = suggestions.suggestion_view(session, chosen.id)
        assert found is not None
        assert found.level == chosen.level
        assert found.words
        assert found.sections
        assert asked_for(session, project_id) == []


def test_a_settled_protocol_is_explained_when_asked_and_says_what_it_learnt(
    database: Database, settings: Settings, project_id: int
) -> None:
    version = in_use(database, project_id)
    with database.write() as session:
        settled = min(training_data.settled_levels(session, project_id))
        explanations.ask(session, project_id, version.id, settled)
        explanations.ask(session, project_id, version.id, settled)  # a second click
        assert explanations.is_pending(session, project_id, settled)
        assert suggestions.view_on_request(session, project_id, settled) is None
    run_worker(settings)
    with database.read() as session:
        assert not explanations.is_pending(session, project_id, settled)
        found = suggestions.view_on_request(session, project_id, settled)
        assert found is not None
        assert (found.id, found.version_number, found.has_learnt) == (None, version.number, True)
        assert sum(found.probabilities) == pytest.approx(1)
        assert found.words
        assert 0 < sum(mass.attention for mass in found.sections) <= 1.001
        assert models.scored_protocol_ids(session, version.id).isdisjoint({settled})


def test_a_level_given_after_the_training_was_not_learnt(
    database: Database, settings: Settings, project_id: int
) -> None:
    version = in_use(database, project_id)
    with database.read() as session:
        before = set(training_data.settled_levels(session, project_id))
    label_five(database, project_id)
    with database.read() as session:
        after = set(training_data.settled_levels(session, project_id))
        known = explanations.learnt_from(session, version, sorted(after))
    assert after > before
    assert known == before


def test_requests_to_a_version_that_cannot_be_opened_are_given_up_by_name(
    database: Database, settings: Settings, project_id: int
) -> None:
    version = in_use(database, project_id)
    shutil.rmtree(settings.models_folder / version.artefact)
    with database.write() as session:
        settled = min(training_data.settled_levels(session, project_id))
        explanations.ask(session, project_id, version.id, settled)
    run_worker(settings)
    with database.read() as session:
        assert asked_for(session, project_id) == []
        newest = select(Job.progress_note).where(Job.kind == jobs.EXPLAIN).order_by(Job.id.desc())
        note = session.scalars(newest).first()
    assert note == f"0 protocols explained; version {version.number} cannot be opened"


def test_who_waits_for_words_comes_before_a_training(database: Database, project_id: int) -> None:
    version = in_use(database, project_id)
    with database.write() as session:
        jobs.enqueue(session, KIND, project_id)
    with database.write() as session:
        settled = min(training_data.settled_levels(session, project_id))
        explanations.ask(session, project_id, version.id, settled)
    with database.write() as session:
        claim = jobs.claim(session, "a worker", dt.timedelta(minutes=1))
    assert claim is not None
    assert claim.kind == jobs.EXPLAIN


def test_answers_of_versions_that_nobody_uses_go(
    database: Database, settings: Settings, project_id: int
) -> None:
    version = in_use(database, project_id)
    with database.write() as session:
        settled = min(training_data.settled_levels(session, project_id))
        explanations.ask(session, project_id, version.id, settled)
    run_worker(settings)
    for expected in (1, 0):  # the version before the one in use keeps what it said
        label_five(database, project_id)
        run_worker(settings)
        with database.read() as session:
            assert len(asked_for(session, project_id)) == expected
