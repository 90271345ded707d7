"""A simulation as the worker makes it: in turns, going on where it was, on the frozen labels."""

from __future__ import annotations

import datetime as dt
import threading

import numpy as np
import pytest
from sqlalchemy import select

from cer_assist.config import Settings
from cer_assist.services import jobs, simulations
from cer_assist.services.jobs import SIMULATE
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, Project, Simulation
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_member, a_project, a_protocol
from tests.learning.shared import quick_projection, single_sentences
from tests.worker.test_tasks import run_worker

__all__ = ["quick_projection"]
pytestmark = pytest.mark.usefixtures("quick_projection")
LABELLED = 100


def asked(database: Database, project_id: int) -> Simulation:
    with database.read() as session:
        return session.scalars(select(Simulation).where(Simulation.project_id == project_id)).one()


@pytest.fixture
def project_id(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> int:
    """A project with a hundred labels, learnt, and a simulation of one repeat that waits."""
    monkeypatch.setattr(simulations, "SEEDS", (1,))
    monkeypatch.setattr(simulations, "BATCH", 27)
    with database.write() as session:
        project = a_project(session, model_kind="lexical")
        lea = a_member(session, project, "lea", Role.lead).id
        levels = np.random.default_rng(0).integers(1, 4, LABELLED).tolist()
        for at, text in enumerate(single_sentences(LABELLED)):
            protocol = a_protocol(session, project, f"{at}: {text}")
            a_label(session, project, protocol.id, by=lea, level=levels[at])
        simulations.ask(session, project, ["margin"], 1, lea)
        return project.id


def test_it_ends_with_curves_of_every_way_of_choosing(
    database: Database, settings: Settings, project_id: int
) -> None:
    run_worker(settings)
    row = asked(database, project_id)
    assert [run[:2] for run in row.runs] == [["random", 0], ["margin", 0], ["every label", 0]]
    assert row.found is not None
    assert row.found["documents"] == LABELLED
    assert set(row.found["strategies"]) == {"random", "margin"}
    curve = row.found["strategies"]["margin"]["curve"]
    assert [point["labels"] for point in curve] == [10, 37, 64]
    with database.read() as session:
        stands = simulations.standing(session, project_id)
    assert stands.job is None
    assert stands.last is not None
    assert not stands.failed


def test_it_gives_way_and_goes_on_where_it_was(
    database: Database, settings: Settings, project_id: int
) -> None:
    from cer_assist import simulating, worker

    with database.write() as session:
        claim = jobs.claim(session, "one", dt.timedelta(seconds=60), only=(SIMULATE, project_id))
        assert claim is not None
    held = worker.Held(database, claim, dt.timedelta(seconds=60), threading.Event())
    note = worker.perform(settings, held, simulating.simulate)  # a retraining waits
    assert note == "1 of 3 runs; other work comes first"
    first = asked(database, project_id)
    assert len(first.runs) == 1
    assert first.finished_at is None
    with database.write() as session:
        project = session.get_one(Project, project_id)
        lea = session.scalars(select(Simulation.account_id)).one()
        key = int(next(iter(first.levels)))
        a_label(session, project, key, by=lea, level=5)  # frozen is frozen
    run_worker(settings)
    last = asked(database, project_id)
    assert last.runs[0] == first.runs[0]
    assert last.levels == first.levels
    assert last.found is not None
    with database.read() as session:
        states = session.scalars(select(Job.state).where(Job.kind == SIMULATE)).all()
    assert states == ["done", "done"]
