"""What is served of orders, of the fenced sample, of near-copies and of what leads wish."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action
from cer_assist.domain.serving import (
    COLD_START,
    DIVERSE,
    PINNED,
    RANDOM,
    RARE,
    REASONS,
    RETURNED,
    UNCERTAIN,
)
from cer_assist.services import labelling, queue, queue_order, queue_wishes
from cer_assist.services.queue_turns import COPIES_WAIT
from cer_assist.store.engine import Database
from cer_assist.store.tables import FencedProtocol, ModelVersion, Project, Protocol, Serving
from cer_assist.store.tables.queue import Wish
from cer_assist.store.types import now
from tests.builders import (
    a_label,
    a_member,
    a_model,
    a_project,
    a_request,
    an_order,
    some_protocols,
)

SURE = [0.0, 0.0, 1.0, 0.0, 0.0]
TORN = [0.5, 0.0, 0.0, 0.0, 0.5]


def order_of(*protocols: Protocol) -> dict[int, float]:
    return {protocol.id: float(-place) for place, protocol in enumerate(protocols)}


@pytest.mark.parametrize(
    ("strategy", "diverse", "rare", "labels"),
    [
        (UNCERTAIN, 0.0, 0.0, 5),
        (DIVERSE, 1.0, 0.0, 5),
        (RARE, 0.0, 1.0, 5),
        (COLD_START, 0.0, 0.0, 0),
    ],
)
def test_every_order_is_served_from_its_front_and_keeps_reservations(
    any_database: Database, strategy: str, diverse: float, rare: float, labels: int
) -> None:
    with any_database.write() as session:
        project = a_project(session, random_share=0.0, diverse_share=diverse, rare_share=rare)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        one, two, three, four = some_protocols(session, project, 4)
        version = a_model(session, project, {p.id: (3, SURE) for p in (one, two, three, four)})
        session.get_one(ModelVersion, version).label_count = labels
        an_order(session, version, strategy, order_of(three, one, four, two))
        session.flush()
        served = serve(session, project, ana.id)
        assert (served.protocol_id, served.strategy, served.score) == (three.id, strategy, 0.0)
        stored = session.get_one(Serving, served.serving_id)
        assert (stored.strategy, stored.score) == (strategy, 0.0)
        assert (stored.reason, stored.model_version_id) == (REASONS[strategy], version)
        # Reserved: the next coder has the next one; skipped, it comes back last.
        assert serve(session, project, ben.id).protocol_id == one.id
        skip = a_request(three.id, None, action=Action.skip, note="too long")
        labelling.record_label(session, ana.id, project, skip)
        assert serve(session, project, ana.id).protocol_id == four.id
        # Ben's time is up: his goes to whoever comes next.
        held = session.scalars(select(Serving).where(Serving.account_id == ben.id)).one()
        held.reserved_until = held.served_at
        session.flush()
        a_label(session, project, four.id, by=ana.id, level=1)
        assert serve(session, project, ana.id).protocol_id == one.id
        a_label(session, project, one.id, by=ana.id, level=1)
        a_label(session, project, two.id, by=ana.id, level=1)
        back = serve(session, project, ana.id)
        assert (back.protocol_id, back.strategy) == (three.id, RETURNED)


def test_an_order_that_has_come_to_its_end_is_followed_by_random_ones(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, random_share=0.0)
        ana = a_member(session, project, "ana")
        one, *_ = some_protocols(session, project, 4)
        a_model(session, project, {one.id: (3, SURE)})
        assert serve(session, project, ana.id).strategy == UNCERTAIN
        a_label(session, project, one.id, by=ana.id, level=1)
        served = serve(session, project, ana.id)
        assert (served.strategy, served.score) == (RANDOM, None)


@pytest.mark.parametrize("strategy", [UNCERTAIN, DIVERSE, RARE, COLD_START])
def test_a_fenced_protocol_comes_at_random_whatever_a_strategy_says(
    any_database: Database, strategy: str
) -> None:
    """Drawn after the order was computed, it still stands in it."""
    with any_database.write() as session:
        project = a_project(
            session,
            random_share=0.0,
            diverse_share=float(strategy == DIVERSE),
            rare_share=float(strategy == RARE),
        )
        ana = a_member(session, project, "ana")
        one, two = some_protocols(session, project, 2)
        version = a_model(session, project, {one.id: (1, TORN), two.id: (3, SURE)})
        session.get_one(ModelVersion, version).label_count = 0 if strategy == COLD_START else 5
        an_order(session, version, strategy, order_of(one, two))
        a_fenced(session, project, one)
        assert serve(session, project, ana.id).protocol_id == two.id
        a_label(session, project, two.id, by=ana.id, level=1)
        served = serve(session, project, ana.id)
        assert (served.protocol_id, served.strategy) == (one.id, RANDOM)
        # What is stored and said of it is what is stored and said of any random one.
        assert (served.score, served.reason) == (None, REASONS[RANDOM])


def test_half_of_the_random_draws_are_of_the_fenced_sample(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, random_share=1.0)
        ana = a_member(session, project, "ana")
        protocols = some_protocols(session, project, 60)
        fenced = {protocol.id for protocol in protocols[:20]}
        a_fenced(session, project, *protocols[:20])
        dice, drawn = random.Random(3), []
        for _ in range(20):
            served = queue.serve_next(session, project, ana.id, dice)
            assert served is not None
            assert served.strategy == RANDOM
            drawn.append(served.protocol_id in fenced)
            a_label(session, project, served.protocol_id, by=ana.id, level=1)
        # Of 60 a third is fenced: more than that, and not all.
        assert 9 <= sum(drawn) <= 18


@pytest.mark.parametrize("random_share", [0.0, 1.0])
def test_a_near_copy_of_what_someone_was_just_served_waits(
    any_database: Database, random_share: float
) -> None:
    with any_database.write() as session:
        project = a_project(session, random_share=random_share)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        one, copy, other = some_protocols(session, project, 3)
        said = {one.id: (1, TORN), copy.id: (1, TORN), other.id: (3, SURE)}
        an_order(session, a_model(session, project, said), UNCERTAIN, order_of(one, copy, other))
        queue_order.store_clusters(session, {one.id: one.id, copy.id: one.id, other.id: None})
        queue.serve_picked(session, project, ana.id, one.id)
        for seed in range(5):
            served = serve(session, project, ben.id, seed)
            assert served.protocol_id == other.id
            queue.release(session, project.id, ben.id)
        a_label(session, project, other.id, by=ben.id, level=1)
        assert serve(session, project, ben.id).protocol_id == copy.id  # nothing else is left


def test_a_copy_that_was_served_long_ago_holds_nothing_up(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, random_share=0.0)
        ana = a_member(session, project, "ana")
        one, copy, other = some_protocols(session, project, 3)
        said = {one.id: (1, TORN), copy.id: (1, TORN), other.id: (3, SURE)}
        an_order(session, a_model(session, project, said), UNCERTAIN, order_of(one, copy, other))
        queue_order.store_clusters(session, {one.id: one.id, copy.id: one.id, other.id: None})
        assert serve(session, project, ana.id).protocol_id == one.id
        a_label(session, project, one.id, by=ana.id, level=1)
        session.execute(update(Serving).values(served_at=now() - 2 * COPIES_WAIT))
        assert serve(session, project, ana.id).protocol_id == copy.id


def test_a_pinned_one_comes_first_and_a_held_one_not_at_all(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, random_share=0.0)
        ana, ben, lea = (a_member(session, project, name) for name in ("ana", "ben", "lea"))
        one, two, three = some_protocols(session, project)
        said = {one.id: (1, TORN), two.id: (3, SURE), three.id: (3, SURE)}
        an_order(session, a_model(session, project, said), UNCERTAIN, order_of(one, two, three))
        queue_wishes.want(session, project, ["P-3"], Wish.pinned, "for the meeting", lea.id)
        queue_wishes.want(session, project, ["P-1"], Wish.held, "wrong text", lea.id)
        first = serve(session, project, ana.id)
        assert (first.protocol_id, first.strategy) == (three.id, PINNED)
        assert serve(session, project, ben.id).protocol_id == two.id
        for account, protocol in ((ana, three), (ben, two)):
            a_label(session, project, protocol.id, by=account.id, level=1)
            assert queue.serve_next(session, project, account.id, random.Random(1)) is None
        queue_wishes.release(session, project, ["P-1"], lea.id)
        assert serve(session, project, ana.id).protocol_id == one.id


def test_one_that_was_pinned_and_then_fenced_waits_for_its_turn(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, random_share=0.0)
        ana = a_member(session, project, "ana")
        one, two = some_protocols(session, project, 2)
        a_model(session, project, {one.id: (1, TORN), two.id: (3, SURE)})
        queue_wishes.want(session, project, ["P-1"], Wish.pinned, "for the meeting", ana.id)
        a_fenced(session, project, one)
        assert serve(session, project, ana.id).protocol_id == two.id


def serve(session: Session, project: Project, account_id: int, seed: int = 1) -> queue.Served:
    served = queue.serve_next(session, project, account_id, random.Random(seed))
    assert served is not None
    return served


def a_fenced(session: Session, project: Project, *protocols: Protocol) -> None:
    session.add_all(
        FencedProtocol(protocol_id=protocol.id, project_id=project.id, drawn_at=now())
        for protocol in protocols
    )
    session.flush()
