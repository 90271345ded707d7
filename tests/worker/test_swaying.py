"""The report whether suggestions help or steer, as the worker makes it of what is stored."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist import swaying, worker
from cer_assist.config import Settings
from cer_assist.services import exposures, jobs, reports
from cer_assist.services.reports import Report, Stored
from cer_assist.store.engine import Database
from cer_assist.store.tables import ExposureReport, Job
from cer_assist.views import exposure_words as words
from tests.desk import Desk, a_desk

LOTS = (8, 9, 10, 11)


def work(database: Database, settings: Settings, project_id: int) -> dict[str, Any]:
    """Do the job that waits."""
    lease = dt.timedelta(seconds=30)
    with database.write() as session:
        claim = jobs.claim(session, "test", lease, only=(jobs.EXPOSURE, project_id))
    assert claim is not None
    held = worker.Held(database, claim, lease, threading.Event())
    worker.perform(settings, held, worker.handlers()[jobs.EXPOSURE])
    with database.read() as session:
        found = reports.kept(Stored.exposure, session.get_one(ExposureReport, project_id).found)
    assert found is not None
    return found


def read_all(desk: Desk) -> None:
    """Twelve protocols with a reader each; then three of them are settled by somebody else."""
    for protocol in desk.protocols[8:]:
        desk.reads(protocol, 4)
    for protocol in desk.protocols[:3]:
        desk.reads(protocol, 3, 4)
    for protocol in desk.protocols[3:8]:
        desk.reads(protocol, 2, 2)
    for protocol, level in zip(desk.protocols, (4, 4, 3), strict=False):
        desk.settle(protocol, level, by=desk.coders[2])


@pytest.mark.postgres
def test_the_worker_makes_the_report_and_it_says_so_when_it_is_old(
    any_database: Database, settings: Settings
) -> None:
    with any_database.write() as session:
        desk = a_desk(session, 12, without=LOTS)
        read_all(desk)
        project_id = desk.project.id
        assert exposures.report(session, project_id) == Report(None, None, True)
        for _ in range(2):
            exposures.ask(session, project_id)
        assert len(session.scalars(select(Job).where(Job.kind == jobs.EXPOSURE)).all()) == 1
    found = work(any_database, settings, project_id)
    assert (found["readings"], found["protocols"], found["coders"]) == (12, 12, 1)
    assert (found["waiting"], found["left_out"]) == (0, 0)
    assert found["truths"] == {
        "settled": 3, "settled_seen": 0, "settled_elsewhere": 0, "others": 0, "none": 9,
    }  # fmt: skip
    switching = found["switching"]
    assert [words.hits(switching[name]) for name in ("changed", "adopted", "right", "wrong")] == [
        3, 3, 2, 1,
    ]  # fmt: skip
    assert [switching[name]["n"] for name in ("changed", "adopted", "net")] == [8, 8, 3]
    assert {name: arm["readings"] for name, arm in found["lots"].items()} == {
        "none": 4, "after": 8, "shown": 0,
    }  # fmt: skip
    with any_database.write() as session:
        assert not exposures.report(session, project_id).is_waiting
        desk = Desk(session, session.merge(desk.project), desk.protocols, desk.coders)
        desk.reads(desk.protocols[0], 5)
        report = exposures.report(session, project_id)
        assert (report.is_waiting, report.found) == (True, found)


def test_what_is_found_is_said_in_plain_words(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 12, without=LOTS)
        read_all(desk)
        project_id = desk.project.id
    found, _ = swaying.figures(database, project_id)
    first, second, third, *_ = words.headline(found)
    assert first.startswith("After seeing the model's level coders changed 3 of 8 answers (38 %, ")
    assert first.endswith("Of the 3 that can be judged 2 became right, 1 became wrong.")
    assert second.startswith("Of 8 answers that differed from the model's level, 3 became it")
    assert third.startswith("Whether that helps or steers cannot be told from these yet: +33")
    limits = " ".join(words.limits(found))
    assert "Only 4 readings went by lot without a suggestion that there was, of protocols" in limits
    assert "Judged by a final level: 3 readings." in limits
    assert "With fewer than 5 coders" in limits


def figure(value: float, low: float, high: float, n: int = 80) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n}


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (figure(0.06, 0.01, 0.12), "Seeing it helped"),
        (figure(-0.06, -0.12, -0.01), "Seeing it steered"),
        (figure(0.0, -0.05, 0.05), "cannot be told"),
    ],
)
def test_the_verdict_waits_for_the_interval(net: dict[str, Any], said: str) -> None:
    none = {"value": None, "low": None, "high": None, "n": 0}
    share = figure(0.15, 0.08, 0.24)
    found = {
        "switching": {
            "changed": share,
            "adopted": none,
            "right": share,
            "wrong": share,
            "net": net,
        },
        "lots": {name: {"readings": 0} for name in ("none", "after", "shown")},
        "differences": {name: {} for name in ("after", "shown")},
    }
    first, verdict = words.headline(found)
    assert first == (
        "After seeing the model's level coders changed 12 of 80 answers (15 %, 8 to 24 %): "
        "12 became right, 12 became wrong."
    )
    assert said in verdict
