"""kill -9 on the worker in training: another takes over within two leases, versions stay whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cer_assist.cli.demo import VISITOR, make_project
from cer_assist.config import ROOT
from cer_assist.learning.kinds import COLD_START
from cer_assist.services import accounts, jobs, models, training_data
from cer_assist.services.retraining import IN_FULL, KIND
from cer_assist.services.verification import verify
from cer_assist.store import schema
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, ModelVersion, Project
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.types import now
from tests.builders import a_label

pytestmark = pytest.mark.chaos

KILLS = 12
LEASE = 4.0
PATIENCE = 600.0  # seconds to wait for: a machine that others share can be five times slower


class Workers:
    """Two workers; one that is killed is replaced at once."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {"CER_LEASE_SECONDS": str(LEASE)}
        self.running = [self.start(), self.start()]

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(ROOT / "manage.py"), "worker", "--home", str(self.home)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)

    def kill(self, name: str) -> None:
        pid = int(name.rsplit("-", 1)[1])
        (victim,) = [process for process in self.running if process.pid == pid]
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.running = [p for p in self.running if p.pid != pid] + [self.start()]

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(120)


@contextmanager
def workers(home: Path) -> Iterator[Workers]:
    """Two workers until the block ends."""
    started = Workers(home)
    try:
        yield started
    finally:
        started.stop()


def the_job(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return session.get_one(Job, job_id)


def wait_for(database: Database, job_id: int, *, attempt: int, done: bool = False) -> Job:
    """The job once it is in this attempt, or done."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        job = the_job(database, job_id)
        assert job.state != JobState.dead, job.error
        if job.state == JobState.done if done else job.attempt >= attempt:
            return job
        time.sleep(0.02)
    raise AssertionError(f"job {job_id} did not get there in {PATIENCE} s")


def enqueue(database: Database, project_id: int) -> int:
    """Ask for a full fit, which lasts long enough to be killed in; the id of its job."""
    payload = {IN_FULL: "asked for by a test"}
    with database.write() as session:
        jobs.enqueue(session, KIND, project_id, run_after=now(), payload=payload)
        statement = select(func.max(Job.id)).where(Job.kind == KIND)
        return session.execute(statement).scalar_one()


def open_protocols(database: Database, project_id: int) -> list[int]:
    with database.read() as session:
        return training_data.open_protocol_ids(session, project_id)


def wait_until_idle(database: Database) -> None:
    """Until no job is due or runs; one that measures waits an hour for coders to pause."""
    deadline = time.monotonic() + PATIENCE
    active = select(func.count()).select_from(Job)
    active = active.where(Job.state.in_([JobState.queued, JobState.running]))
    while time.monotonic() < deadline:
        with database.read() as session:
            if session.execute(active.where(Job.run_after <= now())).scalar_one() == 0:
                return
        time.sleep(0.1)
    raise AssertionError("jobs are still waiting")


def test_a_dozen_kills_in_training(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cer.sqlite3'}"
    schema.upgrade(url)
    database = Database(url)
    with database.write() as session:
        project_id = make_project(session)
        project = session.get_one(Project, project_id)
        project.retrain_every, project.retrain_idle_seconds = 1000, 3600  # only when asked
        visitor = accounts.find_account(session, VISITOR).id
    kills = 0
    with workers(tmp_path) as running:
        enqueue(database, project_id)
        wait_until_idle(database)
        for number, protocol_id in enumerate(open_protocols(database, project_id)[:KILLS]):
            with database.write() as session:
                project = session.get_one(Project, project_id)
                a_label(session, project, protocol_id, by=visitor, level=1 + number % 5)
            kills += kill_one(database, running, enqueue(database, project_id), number)
            wait_until_idle(database)
    assert kills >= KILLS - 2  # a training may end before its kill
    check(database, project_id)
    database.close()


def kill_one(database: Database, running: Workers, job_id: int, number: int) -> int:
    """Kill the worker that holds the job; 1 when that was during its training."""
    job = wait_for(database, job_id, attempt=1)
    time.sleep(random.Random(number).uniform(0.0, 0.6))
    if the_job(database, job_id).state != JobState.running:
        return 0
    killed = time.monotonic()
    running.kill(str(job.worker))
    wait_for(database, job_id, attempt=2)
    assert time.monotonic() - killed < 2 * LEASE
    wait_for(database, job_id, attempt=2, done=True)
    return 1


def check(database: Database, project_id: int) -> None:
    """Every published version is whole: one number each, a suggestion for each open protocol."""
    with database.read() as session:
        versions = session.scalars(select(ModelVersion).order_by(ModelVersion.number)).all()
        current = models.current_version(session, project_id)
        assert current is not None
        scored = models.scored_protocol_ids(session, current.id)
        chain = verify(session)
        open_ids = set(training_data.open_protocol_ids(session, project_id))
    assert [version.number for version in versions] == list(range(1, len(versions) + 1))
    taught = [version for version in versions if version.kind != COLD_START]
    assert sum(version.published_at is not None for version in taught) <= KILLS + 1
    assert open_ids <= scored
    assert chain.intact, chain.fault
    assert chain.labels > KILLS
