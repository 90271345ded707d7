"""Who gets a simulation and who is told why not; the question is frozen as it was asked."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.strategies import STRATEGY_WORDS
from cer_assist.learning.strategies import STRATEGIES
from cer_assist.services import jobs, simulations, training_data
from cer_assist.services.jobs import SIMULATE
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Job, Project, Simulation
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_member, a_project, some_protocols


def a_labelled_project(session: Session, labels: int) -> tuple[Project, int]:
    project = a_project(session, "demo")
    lead = a_member(session, project, "lea", Role.lead).id
    for protocol in some_protocols(session, project, labels + 1)[:labels]:
        a_label(session, project, protocol.id, by=lead, level=1 + protocol.id % 5)
    return project, lead


def test_every_strategy_can_be_chosen_by_its_words() -> None:
    assert list(STRATEGY_WORDS) == list(STRATEGIES)


def test_a_hundred_settled_labels_are_wanted(any_database: Database) -> None:
    with any_database.write() as session:
        project, lead = a_labelled_project(session, 99)
        assert "at least 100" in simulations.standing(session, project.id).refusal
        with pytest.raises(InvalidInput, match="there are 99: label some more"):
            simulations.ask(session, project, ["coreset"], 5, lead)
        [left] = training_data.open_protocol_ids(session, project.id)
        a_label(session, project, left, by=lead, level=3)
        assert simulations.standing(session, project.id).refusal == ""
        simulations.ask(session, project, ["margin", "coreset"], 5, lead)
        [asked] = session.scalars(select(Simulation)).all()
        # A fifth judges, and a fifth of what is left is never labelled: else all ways are the same.
        assert asked.plan["budget"] == 64
        assert asked.plan["strategies"] == ["random", "margin", "coreset"]
        a_label(session, project, left, by=lead, level=1)
        assert asked.levels[str(left)] == 3
        with pytest.raises(InvalidInput, match="under way already"):
            simulations.ask(session, project, ["margin"], 5, lead)
        actions = session.scalars(select(AuditEvent.action)).all()
        assert "simulation.asked" in actions
        assert verify(session).intact


@pytest.mark.parametrize(
    ("strategies", "seeds", "why"),
    [([], 5, "at least one way"), (["hope"], 5, "from the list"), (["margin"], 7, "one of 5, 10")],
)
def test_what_cannot_be_played_is_refused(
    database: Database, strategies: list[str], seeds: int, why: str
) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 100)
        with pytest.raises(InvalidInput, match=why):
            simulations.ask(session, project, strategies, seeds, lead)
        assert session.scalars(select(Simulation)).all() == []


def test_it_is_stopped_on_request(database: Database) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 100)
        with pytest.raises(InvalidInput, match="nothing to stop"):
            simulations.stop(session, project.id, lead)
        simulations.ask(session, project, ["margin"], 5, lead)
        simulations.stop(session, project.id, lead)
        assert simulations.standing(session, project.id).job is None
        [job] = session.scalars(select(Job).where(Job.kind == SIMULATE)).all()
        assert job.state == "cancelled"


def test_all_other_work_comes_first(database: Database) -> None:
    with database.write() as session:
        project, lead = a_labelled_project(session, 100)
        simulations.ask(session, project, ["margin"], 5, lead)
        jobs.enqueue(session, "encode", project.id)
        kinds = []
        for _ in range(3):
            claim = jobs.claim(session, "one", dt.timedelta(seconds=60))
            kinds.append(claim.kind if claim else None)
        assert kinds[-1] == SIMULATE
        assert "encode" in kinds
