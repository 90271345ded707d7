"""What the worker foresees of a project rests on its versions and on what nobody has read."""

from __future__ import annotations

import datetime as dt
import random
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist import foreseeing, worker
from cer_assist.config import Settings
from cer_assist.domain import serving
from cer_assist.services import fence, jobs, outlooks, projects, queue, stopping
from cer_assist.services.overview import overview
from cer_assist.services.stopping import Signal
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, ModelVersion, Project, Protocol
from tests.builders import a_fence, a_label, a_member, a_model, a_project, some_protocols

SAID = (3, [0.1, 0.1, 0.6, 0.1, 0.1])
LABELS = (10, 16, 25, 40)


def figures(labels: int, qwk: float) -> dict[str, Any]:
    half = 0.5 / labels**0.5
    return {
        "qwk": {"value": qwk, "low": qwk - half, "high": qwk + half},
        "ece": {"value": 0.05, "low": 0.02, "high": 0.1},
        "accuracy": {"value": 0.6, "low": 0.5, "high": 0.7},
        "n": labels,
        "measured_on": f"{labels} labelled protocols",
    }


def a_history(session: Session, labels: tuple[int, ...] = LABELS) -> Project:
    """Thirty protocols, four of them read, and a version for each number of labels."""
    project = a_project(session, wanted_qwk=0.7)
    ana = a_member(session, project, "ana")
    protocols = some_protocols(session, project, 30)
    for number, count in enumerate(labels):
        key = a_model(session, project, dict.fromkeys([p.id for p in protocols], SAID))
        version = session.get_one(ModelVersion, key)
        version.label_count, version.metrics = count, figures(count, 0.5 + 0.05 * number)
    for protocol in protocols[:4]:
        a_label(session, project, protocol.id, by=ana.id, level=3)
    outlooks.ask(session, project.id)
    return project


def foresee(database: Database, settings: Settings, project_id: int) -> dict[str, Any]:
    """Do the job that waits."""
    lease = dt.timedelta(seconds=30)
    with database.write() as session:
        claim = jobs.claim(session, "test", lease, only=(jobs.OUTLOOK, project_id))
    assert claim is not None
    held = worker.Held(database, claim, lease, threading.Event())
    worker.perform(settings, held, foreseeing.foresee)
    with database.read() as session:
        found = outlooks.newest(session, project_id)
    return found[1] if found else {}


def test_the_unread_are_counted_and_the_curve_is_forecast(
    any_database: Database, settings: Settings
) -> None:
    with any_database.write() as session:
        project_id = a_history(session).id
    said = foresee(any_database, settings, project_id)
    assert (said["version"], said["unread"], said["points"]) == (4, 26, 4)
    assert said["forecast"]["wanted"] == 0.7
    assert (said["forecast"]["now"], said["forecast"]["left"]) == (4, 26)
    assert said["forecast"]["curve"][0]["labels"] == 10
    wrong = said["wrong"]
    assert (wrong["scored"], wrong["measured_on"]) == (26, 40)
    assert wrong["expected"]["value"] == pytest.approx(26 * 0.4)
    assert wrong["by_level"] == pytest.approx([0, 0, 26 * 0.4, 0, 0])
    with any_database.read() as session:
        found = overview(session, session.get_one(Project, project_id))
    assert found.signals[Signal.wrong] is False
    assert found.levels[2].expected_wrong == pytest.approx(26 * 0.4)
    assert found.change is not None
    assert (found.change.compared, found.change.moved) == (30, 0)


def test_fenced_protocols_are_not_labels_that_could_still_be_learnt(
    database: Database,
) -> None:
    with database.write() as session:
        project = a_history(session)
        before = outlooks.grounds(session, project.id)
        unread = list(session.scalars(select(Protocol.id).order_by(Protocol.id)))[-6:]
        a_fence(session, project, unread)
        after = outlooks.grounds(session, project.id)
    assert before is not None
    assert after is not None
    assert (before.settled, before.unsettled) == (4, 26)
    assert (after.settled, after.unsettled, after.unread) == (4, 20, before.unread)


def test_too_few_measured_versions_say_what_is_missing(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project_id = a_history(session, (10, 16)).id
    said = foresee(database, settings, project_id)
    assert (said["forecast"], said["gain"]) == (None, None)
    assert "needs 4 versions measured, each with another number" in said["missing"]
    assert said["wrong"]["scored"] == 26


def test_another_kind_of_model_has_another_curve(database: Database, settings: Settings) -> None:
    with database.write() as session:
        project = a_history(session)
        session.scalars(select(ModelVersion)).first().kind = "lexical"  # type: ignore[union-attr]
        project_id = project.id
    assert foresee(database, settings, project_id)["points"] == 3


def test_a_model_that_was_never_measured_promises_nothing(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project_id = a_history(session).id
        for version in session.scalars(select(ModelVersion)):
            version.metrics = {}
    said = foresee(database, settings, project_id)
    assert (said["wrong"], said["forecast"]) == (None, None)


def test_without_a_model_there_is_no_outlook(database: Database, settings: Settings) -> None:
    with database.write() as session:
        project = a_project(session)
        project_id = project.id
        outlooks.ask(session, project_id)
        assert stopping.signals(project, 0, None, None) == dict.fromkeys(Signal)
    assert foresee(database, settings, project_id) == {}


def test_another_aim_is_foreseen_anew(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        projects.change_settings(session, project, {"wanted_qwk": 0.9}, None)
        assert list(session.scalars(select(Job.kind))) == [jobs.OUTLOOK]


@dataclass
class Fenced:
    """What a fenced sample would say."""

    n: int
    qwk: dict[str, Any]
    version: int


def test_what_the_model_picked_gives_no_forecast_until_the_fence_does(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hard protocols are picked first: figures on them are too low for all the others."""
    with database.write() as session:
        project = a_history(session)
        ana = a_member(session, project, "bea").id
        served = queue.serve_next(session, project, ana, random.Random(3))
        assert served is not None
        assert served.strategy == serving.UNCERTAIN
        a_label(session, project, served.protocol_id, by=ana, level=2)
        project_id = project.id
    said = foresee(database, settings, project_id)
    assert (said["basis"], said["forecast"], said["gain"]) == ("fenced", None, None)
    assert "on the fenced sample" in said["missing"]
    for number, labels in enumerate((50, 60, 70, 80), 5):
        with database.write() as session:
            project = session.get_one(Project, project_id)
            version = session.get_one(ModelVersion, a_model(session, project, {}))
            version.label_count = labels
            outlooks.ask(session, project_id)
        qwk = {"value": 0.5 + number / 50, "low": 0.4, "high": 0.8}
        fenced = Fenced(40, qwk, number)
        monkeypatch.setattr(fence, "estimate", lambda *_, found=fenced: found)
        said = foresee(database, settings, project_id)
    assert [point["labels"] for point in said["fenced"]] == [50, 60, 70, 80]
    assert (said["basis"], said["points"], said["missing"]) == ("fenced", 4, "")
    assert said["forecast"]["wanted"] == 0.7
