"""Who reads what next."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from sqlalchemy import select

from cer_assist.domain.labels import Action
from cer_assist.domain.serving import (
    RANDOM,
    RETURNED,
    UNCERTAIN,
)
from cer_assist.services import labelling, queue
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project, Protocol, Serving
from tests.builders import (
    a_label,
    a_member,
    a_model,
    a_project,
    a_request,
    some_protocols,
)

SURE = [0.0, 0.0, 1.0, 0.0, 0.0]
TORN = [0.5, 0.0, 0.0, 0.0, 0.5]


def test_without_a_model_everything_is_served_in_random_order(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        protocols = some_protocols(session, project, 12)
        order = []
        for _ in protocols:
            served = queue.serve_next(session, project, ana.id, random.Random(5))
            assert served is not None
            assert (served.strategy, served.score) == (RANDOM, None)
            order.append(served.protocol_id)
            a_label(session, project, served.protocol_id, by=ana.id, level=1)
        assert sorted(order) == [protocol.id for protocol in protocols]
        assert order != sorted(order)
        assert queue.serve_next(session, project, ana.id, random.Random(5)) is None


def test_with_a_model_the_widest_spread_comes_first(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, random_share=0.0)
        ana = a_member(session, project, "ana")
        one, two, three = some_protocols(session, project)
        a_model(session, project, {one.id: (3, SURE), two.id: (1, TORN), three.id: (3, SURE)})
        served = queue.serve_next(session, project, ana.id, random.Random(1))
        assert served is not None
        assert (served.protocol_id, served.strategy, served.score) == (two.id, UNCERTAIN, 4.0)
        assert served.suggestion_id is not None
        # The reason must not tell a level: the coder's own answer comes first.
        assert not any(character.isdigit() for character in served.reason)


def test_an_unpublished_model_serves_nothing(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, random_share=0.0)
        ana = a_member(session, project, "ana")
        one, *_ = some_protocols(session, project)
        a_model(session, project, {one.id: (1, TORN)}, publish=False)
        served = queue.serve_next(session, project, ana.id, random.Random(1))
        assert served is not None
        assert (served.strategy, served.suggestion_id) == (RANDOM, None)


def test_a_reload_shows_the_same_protocol(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        some_protocols(session, project, 20)
        first = queue.serve_next(session, project, ana.id, random.Random(1))
        again = queue.serve_next(session, project, ana.id, random.Random(2))
        assert first == again


def test_an_expired_reservation_goes_to_the_next_coder(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        (only,) = some_protocols(session, project, 1)
        assert queue.serve_next(session, project, ana.id, random.Random(1)) is not None
        assert queue.serve_next(session, project, ben.id, random.Random(1)) is None
        held = session.scalars(select(Serving)).one()
        held.reserved_until = held.served_at
        session.flush()
        served = queue.serve_next(session, project, ben.id, random.Random(1))
        assert served is not None
        assert served.protocol_id == only.id
        # The late answer is kept all the same: a label is never lost.
        assert a_label(session, project, only.id, by=ana.id, level=2).event_id


def test_skipped_ones_return_last(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        one, two = some_protocols(session, project, 2)
        skip = a_request(one.id, None, action=Action.skip, note="too long")
        labelling.record_label(session, ana.id, project, skip)
        served = queue.serve_next(session, project, ana.id, random.Random(1))
        assert served is not None
        assert served.protocol_id == two.id
        a_label(session, project, two.id, by=ana.id, level=1)
        served = queue.serve_next(session, project, ana.id, random.Random(1))
        assert served is not None
        assert (served.protocol_id, served.strategy) == (one.id, RETURNED)


def test_a_double_coded_protocol_goes_to_two_coders_and_no_more(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, double_coded_share=1.0)
        coders = [a_member(session, project, name) for name in ("ana", "ben", "cleo")]
        (only,) = some_protocols(session, project, 1)
        served = [queue.serve_next(session, project, c.id, random.Random(1)) for c in coders]
        assert [bool(one) for one in served] == [True, True, False]
        a_label(session, project, only.id, by=coders[0].id, level=1)
        assert queue.serve_next(session, project, coders[2].id, random.Random(1)) is None
        a_label(session, project, only.id, by=coders[1].id, level=1)
        session.expire_all()
        assert session.get_one(Protocol, only.id).coders_missing == 0


def test_eight_coders_at_once_never_get_the_same_protocol(any_database: Database) -> None:
    """Label Studio handed 52 of 1,544 out twice under 8 users."""
    coders, each = 8, 25
    with any_database.write() as session:
        project = a_project(session, random_share=0.5)
        ids = [a_member(session, project, f"coder{n}").id for n in range(coders)]
        protocols = some_protocols(session, project, coders * each)
        a_model(session, project, {p.id: (2, [0.2, 0.3, 0.2, 0.2, 0.1]) for p in protocols})
        project_id = project.id
    start = threading.Barrier(coders)

    def work(account_id: int) -> list[int]:
        start.wait()
        return [_read_one(any_database, project_id, account_id) for _ in range(each)]

    with ThreadPoolExecutor(coders) as pool:
        taken = Counter(chain.from_iterable(pool.map(work, ids)))
    assert max(taken.values()) == 1
    assert len(taken) == coders * each


def _read_one(database: Database, project_id: int, account_id: int) -> int:
    with database.write() as session:
        project = session.get_one(Project, project_id)
        served = queue.serve_next(session, project, account_id, random.Random(account_id))
    assert served is not None
    with database.write() as session:
        project = session.get_one(Project, project_id)
        a_label(session, project, served.protocol_id, by=account_id, level=3)
    return served.protocol_id
