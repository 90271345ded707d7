"""Between full fits the version in use learns on; what is measured, when, and what is kept out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update

from cer_assist import tasks
from cer_assist.cli.demo import VISITOR
from cer_assist.config import Settings
from cer_assist.domain.labels import Action
from cer_assist.material import read_material
from cer_assist.services import accounts, models, quality, training_data
from cer_assist.services.retraining import IN_FULL, KIND, PAUSED
from cer_assist.store.engine import Database
from cer_assist.store.tables import CurrentLabel, Job, ModelVersion, Project, Protocol, Suggestion
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.types import now
from tests.builders import a_label
from tests.worker.test_tasks import a_trained_demo, in_use, label_five, run_worker


def versions(database: Database) -> list[ModelVersion]:
    with database.read() as session:
        return list(session.scalars(select(ModelVersion).order_by(ModelVersion.number)))


def waiting(database: Database) -> list[tuple[bool, dict[str, Any]]]:
    """Whether each retraining that waits is due, and its payload."""
    with database.read() as session:
        rows = session.execute(
            select(Job.run_after, Job.payload).where(Job.kind == KIND, Job.state == JobState.queued)
        )
        return [(at <= now(), payload) for at, payload in rows]


def pause(database: Database) -> None:
    """Let the time pass that coders may be idle."""
    with database.write() as session:
        session.execute(
            update(Job)
            .where(Job.kind == KIND, Job.state == JobState.queued)
            .values(run_after=now() - dt.timedelta(seconds=1))
        )


def test_a_version_learns_on_and_is_measured_once_coders_pause(
    database: Database, settings: Settings
) -> None:
    project_id = a_trained_demo(database, settings)
    first = in_use(database, project_id)
    label_five(database, project_id)
    run_worker(settings)
    second = in_use(database, project_id)
    settled = read_material(database, project_id).levels
    more = len(settled) - first.label_count
    assert more > 0
    assert (second.number, second.label_count) == (2, len(settled))
    assert second.decision == f"learnt on from version 1, {more} labels more"
    assert "qwk" not in second.metrics
    assert second.metrics["judged"]["n"] == more
    stands = quality.measured(second)
    assert stands is not None
    assert (stands.version, stands.since, stands.figures) == (1, more, first.metrics)
    with database.read() as session:
        open_ids = set(training_data.open_protocol_ids(session, project_id))
        assert models.scored_protocol_ids(session, second.id) == open_ids
    one, other = (tasks.load_current(settings, version) for version in (first, second))
    assert other.blend_ == one.blend_
    assert waiting(database) == [(False, {IN_FULL: PAUSED})]
    pause(database)
    run_worker(settings)
    third = versions(database)[2]
    assert third.metrics["n"] == third.label_count == second.label_count
    assert third.decision.endswith(f"; fitted anew: {PAUSED}")
    assert waiting(database) == []


def test_labels_that_contradict_the_model_are_measured_before_they_are_used(
    database: Database, settings: Settings
) -> None:
    """A bad batch must not slip in unmeasured: here somebody turns the scale round."""
    project_id = a_trained_demo(database, settings)
    first = in_use(database, project_id)
    _label_the_surest_wrongly(database, project_id, first)
    run_worker(settings)
    second = versions(database)[1]
    assert "fitted anew: new labels contradict it more than chance would" in second.decision
    assert second.metrics["n"] == second.label_count
    assert waiting(database) == []


def test_what_is_clearly_worse_once_measured_is_not_used(
    database: Database, settings: Settings
) -> None:
    """The gate at the end of that path, with figures that the contradicted version cannot reach."""
    project_id = a_trained_demo(database, settings)
    first = in_use(database, project_id)
    with database.write() as session:
        version = session.get_one(ModelVersion, first.id)
        best = {"value": 0.999, "low": 0.998, "high": 1.0}
        version.metrics = version.metrics | {"qwk": best}
    _label_the_surest_wrongly(database, project_id, first)
    run_worker(settings)
    second = versions(database)[1]
    assert second.published_at is None, second.decision
    assert second.decision.startswith("not used: its QWK")
    assert in_use(database, project_id).number == 1


def _label_the_surest_wrongly(database: Database, project_id: int, version: ModelVersion) -> None:
    """Ten labels as far as can be from what the version is surest of.

    Of protocols that one coder settles: which ones want a second is drawn at import, and what still
    waits for another reader contradicts nobody.
    """
    with database.write() as session:
        project = session.get_one(Project, project_id)
        visitor = accounts.find_account(session, VISITOR).id
        surest = session.scalars(
            select(Suggestion)
            .join(Protocol, Protocol.id == Suggestion.protocol_id)
            .where(Suggestion.model_version_id == version.id, Protocol.coders_wanted == 1)
            .order_by(Suggestion.uncertainty)
            .limit(10)
        ).all()
        for suggestion in surest:
            far = 5 if suggestion.level <= 3 else 1
            a_label(session, project, suggestion.protocol_id, by=visitor, level=far)


def test_a_label_that_was_learnt_and_changed_has_everything_fitted_anew(
    database: Database, settings: Settings
) -> None:
    project_id = a_trained_demo(database, settings)
    learnt = read_material(database, project_id).levels
    with database.write() as session:
        project = session.get_one(Project, project_id)
        row = session.scalars(
            select(CurrentLabel).where(
                CurrentLabel.protocol_id.in_(learnt), CurrentLabel.action == Action.label
            )
        ).first()
        assert row is not None
        level = 1 if row.level != 1 else 2
        a_label(session, project, row.protocol_id, by=row.account_id, level=level)
        session.execute(update(Job).values(payload={}))  # as if five labels had come
    pause(database)
    run_worker(settings)
    second = versions(database)[1]
    assert "it had learnt" in second.decision
    assert second.metrics["n"] == second.label_count


@pytest.mark.parametrize("kind", ["lexical", "maxpool"])
def test_another_kind_starts_anew(kind: str, database: Database, settings: Settings) -> None:
    project_id = a_trained_demo(database, settings)
    with database.write() as session:
        session.get_one(Project, project_id).model_kind = kind
    label_five(database, project_id)
    run_worker(settings)
    second = versions(database)[1]
    assert (second.kind, second.metrics["n"]) == (kind, second.label_count)
    assert "the kind of model" in second.decision
