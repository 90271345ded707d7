"""The prevalence report, as the worker makes it of what is stored."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist import prevailing, worker
from cer_assist.cli.prevalence import lines_of
from cer_assist.config import Settings
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import compose
from cer_assist.services import (
    fence,
    history,
    jobs,
    prevalence,
    prevalence_readings,
    suggestions,
)
from cer_assist.services.importing import import_protocols
from cer_assist.services.reports import Report
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, Project, Protocol
from cer_assist.store.tables.servings import Disclosed
from cer_assist.views import prevalence_words as words
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_model,
    a_project,
    some_protocols,
    two_readings,
)
from tests.services.benches import Bench

COUNT, FENCED, SETTLED = 100, 50, 15
SURE = [0.0, 0.0, 0.0, 1.0, 0.0]


def truth(at: int) -> int:
    """Two of five are on level 4, the others on level 2."""
    return 4 if at % 5 < 2 else 2


def imported(session: Session, project: Project, details: list[dict[str, str]]) -> list[int]:
    """Protocols with columns of their own."""
    texts = [
        compose(f"P-{at}", f"Study {at}", [("Aims", f"We study walking group {at}.")], one)
        for at, one in enumerate(details)
    ]
    assert not import_protocols(session, project, texts, [], by=None).errors
    return [
        *session.scalars(
            select(Protocol.id).where(Protocol.project_id == project.id).order_by(Protocol.id)
        )
    ]


def a_world(session: Session, slug: str = "demo") -> Project:
    """Half is fenced and read twice, some others once; the model says 4 of all that are, or 2."""
    project = a_project(session, slug)
    ids = imported(
        session,
        project,
        [
            {"year": str(2020 + at // 60), "department": "Nursing" if at < 90 else "Law"}
            for at in range(COUNT)
        ],
    )
    coders = [a_member(session, project, name).id for name in ("vera", "ben")]
    a_fence(session, project, ids[:FENCED])
    version = a_model(session, project, {key: (truth(at), SURE) for at, key in enumerate(ids)})
    said = {key: (truth(at), 0.0) for at, key in enumerate(ids[:FENCED])}
    fence.add_scores(session, version, said)
    for at, key in enumerate(ids[:FENCED]):
        two_readings(session, project, key, coders, truth(at), truth(at))
    for at in range(FENCED, FENCED + SETTLED):
        a_label(session, project, ids[at], by=coders[0], level=truth(at))
    return project


def work(database: Database, settings: Settings, project_id: int) -> None:
    """Do the job that waits."""
    lease = dt.timedelta(seconds=30)
    with database.write() as session:
        claim = jobs.claim(session, "test", lease, only=(jobs.PREVALENCE, project_id))
    assert claim is not None
    held = worker.Held(database, claim, lease, threading.Event())
    worker.perform(settings, held, worker.handlers()[jobs.PREVALENCE])


def report(database: Database, project_id: int, by: str = "") -> Report:
    with database.read() as session:
        return prevalence.report(session, project_id, by)


@pytest.mark.postgres
def test_the_worker_makes_what_was_asked_for_and_it_says_so_when_it_is_old(
    any_database: Database, settings: Settings
) -> None:
    with any_database.write() as session:
        project = a_world(session)
        project_id = project.id
        for by in ("", "year", "year"):
            assert prevalence.report(session, project_id, by).is_waiting
            prevalence.ask(session, project_id, by)
        assert len(session.scalars(select(Job).where(Job.kind == jobs.PREVALENCE)).all()) == 1
    work(any_database, settings, project_id)
    found = report(any_database, project_id).found
    assert found is not None
    assert (found["protocols"], found["counted"], found["sampled"]) == (100, 65, 50)
    assert (found["drawn"], found["differ"], found["unsaid"], found["version"]) == (50, 0, 0, 1)
    assert found["at_least"][3]["value"] == pytest.approx(0.4, abs=0.01)
    assert found["at_least"][3]["low"] < 0.4 < found["at_least"][3]["high"]
    by_year = report(any_database, project_id, "year").found
    assert by_year is not None
    assert [(one["name"], one["protocols"], one["sampled"]) for one in by_year["groups"]] == [
        ("2020", 60, 50), ("2021", 40, 0),
    ]  # fmt: skip
    assert by_year["groups"][1]["levels"] is None
    with any_database.write() as session:
        last = session.scalars(select(Protocol).order_by(Protocol.id.desc())).first()
        assert last is not None
        coder = a_member(session, session.get_one(Project, project_id), "cleo").id
        a_label(session, session.get_one(Project, project_id), last.id, by=coder, level=5)
    late = report(any_database, project_id)
    assert late.is_waiting
    assert late.found == found


@pytest.mark.postgres
def test_what_was_read_and_is_in_dispute_is_not_called_unread(any_database: Database) -> None:
    """Nobody knows its level, but its readers have said between which it is."""
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ids = [one.id for one in some_protocols(session, project, 30)]
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        a_fence(session, project, ids[25:])
        for at, key in enumerate(ids):
            two_readings(session, project, key, coders, 2, 4 if at % 5 == 0 else 2)
        project_id = project.id
    found, _ = prevailing.figures(any_database, project_id)
    assert (found["protocols"], found["counted"], found["disputed"]) == (30, 24, 6)
    assert (found["drawn"], found["sampled"], found["differ"], found["unsaid"]) == (5, 5, 1, 0)
    shares = [
        tuple(round(30 * one[name]) for name in ("low", "value", "high")) for one in found["levels"]
    ]
    assert shares == [(0, 0, 0), (24, 27, 30), (0, 0, 6), (0, 3, 6), (0, 0, 0)]
    said = words.counted(found)
    assert "24 protocols were read by people and are counted as settled; of 6 the readers" in said
    assert "estimated" not in said
    assert any("Of 6 protocols the readers differ" in one for one in words.limits(found))


def test_a_protocol_that_is_settled_is_in_dispute_no_more(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        waiting = prevalence_readings.gather(session, bench.project.id, "")
        bench.rule(bench.asks(0))
        done = prevalence_readings.gather(session, bench.project.id, "")
        assert (waiting.settled, waiting.disputed) == ({}, {bench.ids[0]: [2, 4]})
        assert (done.settled, done.disputed) == ({bench.ids[0]: 3}, {})


def test_nothing_of_a_protocol_that_wants_a_reader_is_in_it(database: Database) -> None:
    """A lead who codes could be told of it."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ids = [one.id for one in some_protocols(session, project, 30)]
        a_label(session, project, ids[0], by=a_member(session, project, "ana").id, level=5)
        project_id = project.id
    with database.read() as session:
        gathered = prevalence_readings.gather(session, project_id, "")
    assert gathered.settled == {}
    assert gathered.unread.keys() == set(ids)


def test_one_of_the_sample_whose_readings_differ_leaves_their_levels_open(
    database: Database,
) -> None:
    with database.write() as session:
        project = a_project(session)
        ids = [one.id for one in some_protocols(session, project, 4)]
        a_fence(session, project, ids[:2])
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        two_readings(session, project, ids[0], coders, 2, 5)
        two_readings(session, project, ids[1], coders, 3, 3)
        gathered = prevalence_readings.gather(session, project.id, "")
    assert gathered.sample == {ids[0]: ((2, 5), None), ids[1]: ((3,), None)}
    assert (gathered.differ, gathered.drawn, gathered.version) == (1, 2, None)
    assert (gathered.settled, gathered.disputed) == ({ids[1]: 3}, {ids[0]: [2, 5]})
    assert gathered.unread.keys() == {ids[2], ids[3]}


def test_a_change_of_mind_after_a_suggestion_counts_and_teaches_nothing_of_errors(
    database: Database,
) -> None:
    """All other pages count the final level; blind ones alone say where the model is wrong."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ids = [one.id for one in some_protocols(session, project, 2)]
        a_fence(session, project, ids)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        for key in ids:
            two_readings(session, project, key, coders, 2, 2)
        a_model(session, project, dict.fromkeys(ids, (3, SURE)))
        for key, coder, level in ((0, 0, 3), (0, 1, 3), (1, 0, 4)):
            shown = suggestions.current_suggestion_id(session, project.id, ids[key])
            history.disclose(session, ids[key], coders[coder], Disclosed.suggestion, shown)
            a_label(session, project, ids[key], by=coders[coder], level=level)
        gathered = prevalence_readings.gather(session, project.id, "")
    assert gathered.settled == {ids[0]: 3}
    assert sorted(gathered.disputed.pop(ids[1])) == [2, 4]
    assert gathered.disputed == {}
    assert gathered.sample == dict.fromkeys(ids, ((2,), None))


def test_one_of_the_sample_that_wants_a_reader_is_unread(database: Database) -> None:
    """Two of three agree: a lead who may be the third must not be told so."""
    with database.write() as session:
        project = a_project(session, coders_per_protocol=3)
        ids = [one.id for one in some_protocols(session, project, 1)]
        a_fence(session, project, ids)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        two_readings(session, project, ids[0], coders, 2, 2)
        gathered = prevalence_readings.gather(session, project.id, "")
    assert (gathered.settled, gathered.sample) == ({}, {})
    assert gathered.unread.keys() == set(ids)


def test_many_values_are_told_as_the_commonest_and_the_others(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        most = prevalence_readings.MOST_GROUPS
        sites = [f"site {at % most}" for at in range(2 * most)] + ["rare", "rarer", "  "]
        imported(session, project, [{"site": site} for site in sites])
        project_id = project.id
    found, _ = prevailing.figures(database, project_id, "site")
    names = [one["name"] for one in found["groups"]]
    assert len(names) == most + 2
    assert names[-2:] == ["(all others)", "(not given)"]


def test_a_column_that_is_none_is_refused(database: Database) -> None:
    with database.write() as session:
        project = a_world(session)
        assert prevalence.columns(session, project.id) == ["department", "year"]
        with pytest.raises(InvalidInput, match="choose one of department, year"):
            prevalence.check(session, project.id, "funder")


def test_the_command_says_it_in_words(database: Database) -> None:
    with database.write() as session:
        project_id = a_world(session).id
    found, _ = prevailing.figures(database, project_id, "year")
    first, *others = lines_of(found)
    assert first.startswith("Of 100 protocols about 40 % (")
    assert first.endswith(" are on level 3 or above (few errors of the model seen).")
    assert any(line.startswith("  level 4: 40 % (") for line in others)
    assert "  2021: too few readings in the random sample: 0 of 20" in others


def figure(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (figure(0.31, 0.27, 0.35), "31 % (27 to 35 %)"),
        (figure(0.004, 0.0, 0.031), "0.4 % (0 to 3 %)"),
        (figure(0.25, 0.25, 0.25), "25 %"),
        (figure(0.0001, 0.0, 0.06), "< 0.1 % (0 to 6 %)"),
        (figure(0.9999, 0.94, 1.0), "> 99.9 % (94 to 100 %)"),
    ],
)
def test_shares_are_said_in_per_cent(one: dict[str, Any], said: str) -> None:
    assert words.percent(one) == said
