"""Claims, leases and fences, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from cer_assist.services import jobs, retraining
from cer_assist.services.jobs import LeaseLost
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, some_protocols

LEASE = dt.timedelta(seconds=30)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("new_labels", "expected"),
    [(0, AT + LEASE), (4, AT + LEASE), (5, AT), (40, AT)],
)
def test_when_to_retrain(new_labels: int, expected: dt.datetime) -> None:
    assert retraining.retrain_at(new_labels, every=5, idle=LEASE, at=AT) == expected


def expire(database: Database) -> None:
    """Let the lease run out, as if the worker had fallen silent."""
    with database.write() as session:
        session.execute(update(Job).values(lease_until=now() - LEASE))


def test_forty_labels_want_one_retraining(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, retrain_every=5, retrain_idle_seconds=600)
        ana = a_member(session, project, "ana")
        protocols = some_protocols(session, project, 7)
        for protocol in protocols[:4]:
            a_label(session, project, protocol.id, by=ana.id, level=2)
        (waiting,) = session.scalars(select(Job).where(Job.kind == "retrain")).all()
        assert waiting.run_after > now() + dt.timedelta(seconds=500)
        for protocol in protocols[4:]:
            a_label(session, project, protocol.id, by=ana.id, level=2)
        session.expire_all()
        (waiting,) = session.scalars(select(Job).where(Job.kind == "retrain")).all()
        assert waiting.run_after <= now()


def test_a_label_during_a_retraining_wants_the_next_one(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, retrain_every=1)
        ana = a_member(session, project, "ana")
        first, second, third = some_protocols(session, project)
        a_label(session, project, first.id, by=ana.id, level=2)
        a_label(session, project, second.id, by=ana.id, level=2)
        states = select(Job.state).where(Job.kind == "retrain")
        assert session.scalars(states).all() == [JobState.queued]
        assert jobs.claim(session, "w1", LEASE) is not None
        a_label(session, project, third.id, by=ana.id, level=2)
        assert sorted(session.scalars(states)) == [JobState.queued, JobState.running]


def test_one_worker_at_a_time_and_in_turn(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        jobs.enqueue(session, "encode", project.id)
        jobs.enqueue(session, "retrain", project.id)
        jobs.enqueue(session, "retrain", project.id)
    with any_database.write() as session:
        first = jobs.claim(session, "w1", LEASE)
        second = jobs.claim(session, "w2", LEASE)
        assert first is not None
        assert second is not None
        assert (first.kind, second.kind) == ("retrain", "encode")
        assert jobs.claim(session, "w3", LEASE) is None
        # Labels that come in now want another retraining, but not beside the one that runs.
        jobs.enqueue(session, "retrain", first.project_id)
        assert jobs.claim(session, "w3", LEASE) is None
        jobs.finish(session, first)
        third = jobs.claim(session, "w3", LEASE)
        assert third is not None
        assert third.kind == "retrain"


def test_a_silent_worker_is_fenced_off(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        jobs.enqueue(session, "retrain", project.id)
        lost = jobs.claim(session, "w1", LEASE)
        assert lost is not None
    expire(any_database)
    with any_database.write() as session:
        taken = jobs.claim(session, "w2", LEASE)
        assert taken is not None
        assert (taken.job_id, taken.attempt) == (lost.job_id, 2)
    for write in (jobs.finish, jobs.hold, jobs.give_back):
        with pytest.raises(LeaseLost), any_database.write() as session:
            write(session, lost)
    with pytest.raises(LeaseLost), any_database.write() as session:
        jobs.heartbeat(session, lost, LEASE, 0.5, "still here")
    with any_database.write() as session:
        jobs.finish(session, taken, "done")
        assert session.scalars(select(Job)).one().progress_note == "done"


def test_failures_wait_then_die_with_their_reason_and_run_again(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        jobs.enqueue(session, "retrain", project.id)
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        with any_database.write() as session:
            session.execute(update(Job).values(run_after=now()))
            claim = jobs.claim(session, "w1", LEASE)
            assert claim is not None
            assert claim.attempt == attempt
            jobs.fail(session, claim, "the disk is full")
    with any_database.write() as session:
        dead = session.scalars(select(Job)).one()
        assert (dead.state, dead.error) == (JobState.dead, "the disk is full")
        jobs.run_again(session, dead.id, ana.id)
        again = jobs.claim(session, "w1", LEASE)
        assert again is not None
        assert again.job_id != dead.id


def test_a_worker_that_dies_each_time_is_not_tried_for_ever(any_database: Database) -> None:
    with any_database.write() as session:
        jobs.enqueue(session, "retrain", a_project(session).id)
    for _ in range(jobs.MAX_ATTEMPTS):
        with any_database.write() as session:
            assert jobs.claim(session, "w1", LEASE) is not None
        expire(any_database)
    with any_database.write() as session:
        assert jobs.claim(session, "w1", LEASE) is None
        dead = session.scalars(select(Job)).one()
        assert dead.state == JobState.dead
        assert "run it again" in dead.error


def test_stopping_on_request(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        jobs.enqueue(session, "retrain", project.id)
        claim = jobs.claim(session, "w1", LEASE)
        assert claim is not None
        assert not jobs.heartbeat(session, claim, LEASE, 0.1, "")
        jobs.request_cancel(session, claim.job_id, ana.id)
        assert jobs.heartbeat(session, claim, LEASE, 0.2, "")
        jobs.cancelled(session, claim)
        jobs.enqueue(session, "encode", project.id)
        waiting = session.scalars(select(Job).where(Job.state == JobState.queued)).one()
        jobs.request_cancel(session, waiting.id, ana.id)
        assert jobs.claim(session, "w1", LEASE) is None


def test_a_worker_that_shuts_down_gives_its_job_back(any_database: Database) -> None:
    with any_database.write() as session:
        jobs.enqueue(session, "retrain", a_project(session).id)
        claim = jobs.claim(session, "w1", LEASE)
        assert claim is not None
        jobs.give_back(session, claim)
        again = jobs.claim(session, "w2", LEASE)
        assert again is not None
        assert again.job_id != claim.job_id


def test_a_full_fit_waits_for_a_pause_and_never_puts_off_what_waits_already(
    any_database: Database,
) -> None:
    def payloads() -> list[tuple[bool, dict[str, str]]]:
        with any_database.read() as session:
            rows = session.execute(select(Job.run_after, Job.payload).where(Job.kind == "retrain"))
            return [(at <= now(), payload) for at, payload in rows]

    paused = {retraining.IN_FULL: retraining.PAUSED}
    with any_database.write() as session:
        project = a_project(session, retrain_every=2, retrain_idle_seconds=600)
        ana = a_member(session, project, "ana")
        first, second, _ = some_protocols(session, project)
        retraining.measure_when_idle(session, project.id)
    assert payloads() == [(False, paused)]
    with any_database.write() as session:
        a_label(session, project, first.id, by=ana.id, level=2)
    assert payloads() == [(False, paused)]  # one label, then silence: there is time to measure
    with any_database.write() as session:
        a_label(session, project, second.id, by=ana.id, level=2)
    assert payloads() == [(True, {})]  # enough labels: coders wait, so the model learns on
    with any_database.write() as session:
        retraining.measure_when_idle(session, project.id)
    assert payloads() == [(True, {})]
