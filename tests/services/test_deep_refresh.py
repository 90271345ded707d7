"""Who gets a deep refresh and who is told why not; its outcome is recorded once."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import deep_refresh, jobs, pinning
from cer_assist.services.jobs import DEEP_REFRESH
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Job, Project
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.jobs import JobState
from tests.builders import a_label, a_member, a_model, a_project, some_protocols


def a_labelled_project(session: Session, labels: int, **settings: object) -> tuple[Project, int]:
    """A project with so many settled labels and one open protocol; its lead's id."""
    project = a_project(session, "demo", **settings)
    lead = a_member(session, project, "lea", Role.lead).id
    for protocol in some_protocols(session, project, labels + 1)[:labels]:
        a_label(session, project, protocol.id, by=lead, level=1 + protocol.id % 5)
    return project, lead


def waiting(session: Session) -> list[Job]:
    live = Job.state.in_([JobState.queued, JobState.running])
    return list(session.scalars(select(Job).where(Job.kind == DEEP_REFRESH, live)))


def test_a_hundred_and_fifty_settled_labels_are_wanted(any_database: Database) -> None:
    with any_database.write() as session:
        project, lead = a_labelled_project(session, 149)
        with pytest.raises(InvalidInput, match=r"at least 150 .* there are 149: label some more"):
            deep_refresh.ask(session, project, lead)
        assert waiting(session) == []
        last = some_protocols_left(session, project)
        a_label(session, project, last, by=lead, level=3)
        assert deep_refresh.standing(session, project).refusal == ""
        deep_refresh.ask(session, project, lead)
        assert len(waiting(session)) == 1
        with pytest.raises(InvalidInput, match="waiting for the worker already"):
            deep_refresh.ask(session, project, lead)
        [asked] = session.scalars(
            select(AuditEvent).where(AuditEvent.action == deep_refresh.ASKED)
        ).all()
        assert asked.account_id == lead


def some_protocols_left(session: Session, project: Project) -> int:
    from cer_assist.services import training_data

    return training_data.open_protocol_ids(session, project.id)[0]


def test_a_label_that_is_not_settled_does_not_count(database: Database) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 3, double_coded_share=1.0)
        with pytest.raises(InvalidInput, match="there are 0"):
            deep_refresh.ask(session, project, lead, least=1)


@pytest.mark.parametrize("kind", ["lexical", "bilstm"])
def test_a_kind_that_does_not_read_with_the_encoder_is_refused(
    database: Database, kind: str
) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 3, model_kind=kind)
        with pytest.raises(InvalidInput, match="choose another"):
            deep_refresh.ask(session, project, lead, least=3)


def test_behind_a_pinned_version_it_would_be_of_no_use(database: Database) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 3)
        pinning.pin(session, project, a_model(session, project, {}), lead)
        with pytest.raises(InvalidInput, match="unpin it first"):
            deep_refresh.ask(session, project, lead, least=3)


def test_the_worker_takes_it_last_and_one_waits_for_each_project(database: Database) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 3)
        deep_refresh.ask(session, project, lead, least=3)
        jobs.enqueue(session, "encode", project.id)
        assert jobs.is_due(session, before_long_ones=True)
        [job] = waiting(session)
        job.run_after = project.created_at  # it has waited longest
        session.flush()
        lease = dt.timedelta(seconds=30)
        kinds = []
        while claim := jobs.claim(session, "test", lease):
            kinds.append(claim.kind)
        assert kinds[-1] == DEEP_REFRESH
        assert not jobs.is_due(session, before_long_ones=True)


def test_stopping_one_that_waits_ends_it_and_another_may_be_asked_for(database: Database) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 3)
        with pytest.raises(InvalidInput, match="nothing to stop"):
            deep_refresh.stop(session, project, lead)
        deep_refresh.ask(session, project, lead, least=3)
        [first] = deep_refresh.live_runs(session)
        deep_refresh.stop(session, project, lead)
        assert deep_refresh.live_runs(session) == set()
        deep_refresh.ask(session, project, lead, least=3)
        assert deep_refresh.live_runs(session) & {first} == set()


def test_an_outcome_is_recorded_once_and_the_last_one_is_shown(any_database: Database) -> None:
    with any_database.write() as session:
        project, _ = a_labelled_project(session, 1)
        assert deep_refresh.last_outcome(session, project.id) is None
        for run, labels in (("one", 150), ("two", 160), ("two", 170)):
            detail = {"labels": labels, "decision": run, "figures": {"gain": 0.01}}
            deep_refresh.record(session, project.id, run, detail)
        last = deep_refresh.last_outcome(session, project.id)
        assert last is not None
        assert (last.labels, last.decision, last.figures) == (160, "two", {"gain": 0.01})
    with any_database.read() as session:
        assert verify(session).intact
