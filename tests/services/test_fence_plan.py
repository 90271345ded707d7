"""What a lead chooses a size from."""

from __future__ import annotations

from sqlalchemy import select

from cer_assist.domain.precision import USUAL, expected, precision
from cer_assist.services import fence_plan
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion
from tests.builders import a_fence, a_model, a_project, some_protocols


def test_sizes_are_of_the_whole_sample_and_the_advice_of_what_is_added(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ids = [protocol.id for protocol in some_protocols(session, project, 90)]
        first = fence_plan.plan(session, project, accuracy=0.1, qwk=0.1)
        assert (first.unread, first.drawn, first.version) == (90, 0, None)
        assert precision(first.advised, 90, expected(USUAL)) in first.rows
        enough, short = (
            precision(size, 90, first.hoped) for size in (first.advised, first.advised - 1)
        )
        assert max(enough.accuracy, enough.qwk) <= 0.1 < max(short.accuracy, short.qwk)
        a_fence(session, project, ids[:20])
        second = fence_plan.plan(session, project, accuracy=0.1, qwk=0.1)
        assert (second.unread, second.drawn) == (70, 20)
        assert second.advised == first.advised - 20
        assert min(row.size for row in second.rows) > 20


def test_what_is_expected_is_what_was_measured(database: Database) -> None:
    counts = [[9, 1, 0], [2, 8, 2], [0, 1, 7]]
    with database.write() as session:
        project = a_project(session)
        some_protocols(session, project, 3)
        a_model(session, project, {})
        version = session.scalars(select(ModelVersion)).one()
        figure = {"value": 0.8, "low": 0.7, "high": 0.9}
        version.metrics = {"qwk": figure, "n": 30, "confusion": counts}
        session.flush()
        found = fence_plan.plan(session, project)
        assert (found.hoped, found.version) == (expected(counts), 1)
        version.metrics = {"qwk": figure, "n": 30, "confusion": [[0, 0], [0, 30]]}
        session.flush()
        found = fence_plan.plan(session, project)  # no QWK is defined for that
        assert (found.hoped, found.version) == (expected(USUAL), None)
