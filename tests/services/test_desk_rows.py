"""The desk's rows are what label events say, whatever happened in whatever order."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.labels import Action
from cer_assist.services import desk_rows, labelling, queue, reading
from cer_assist.services.verification import verify
from cer_assist.store import schema
from cer_assist.store.engine import Database
from cer_assist.store.tables import DeskRow
from tests.builders import a_request
from tests.desk import Desk, a_desk


def rows(session: Session) -> list[tuple[object, ...]]:
    return [tuple(row) for row in session.execute(select(DeskRow.__table__).order_by("event_id"))]


def a_history(session: Session, seed: int, count: int = 60) -> Desk:
    """Answers, second answers, skips, withdrawals and settled levels, as they come."""
    dice = random.Random(seed)
    world = a_desk(session, 5, 2, without=(1,))
    for _ in range(count):
        protocol, by = dice.choice(world.protocols), dice.randrange(3)
        act = dice.random()
        if act < 0.6:
            world.reads(protocol, *dice.choices((2, 4), k=dice.choice((1, 2))), by=by)
        elif act < 0.9:
            current = labelling.current_event_id(session, protocol, world.coders[by])
            action = dice.choice((Action.skip, Action.withdraw)) if current else Action.skip
            wanted = a_request(
                protocol, None, action=action, supersedes=current, note="A reason, as needed."
            )
            labelling.record_label(session, world.coders[by], world.project, wanted)
        else:
            world.settle(dice.choice(world.protocols[:2]), dice.choice((2, 4)), by=world.coders[by])
    for by, level in enumerate((2, 4, 4)):  # that all agree on one and differ on another
        world.reads(world.protocols[3], 4, by=by)
        world.reads(world.protocols[4], level, by=by)
    return world


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_the_rows_are_what_is_derived_anew(
    any_database: Database, seed: int
) -> None:
    with any_database.write() as session:
        world = a_history(session, seed)
        kept = rows(session)
        desk_rows.rewrite_project(session, world.project)
        assert rows(session) == kept
        assert desk_rows.fault(session) is None
    said = [dict(zip(NAMES, row, strict=True)) for row in kept]
    kinds = {(one["is_settled"], one["final"] is None) for one in said}
    assert kinds == {(True, False), (False, True), (False, False)}
    assert {one["is_standing"] for one in said} == {True, False}
    assert {one["was"] for one in said} == {None, 2, 4}
    assert {one["probability"] for one in said} == {0.7}


@pytest.mark.postgres
def test_the_seconds_of_a_reading_are_those_of_its_sitting(any_database: Database) -> None:
    """Of a second look at a suggestion the page counts anew; the text was read before it."""
    with any_database.write() as session:
        world = a_desk(session, 4, 2)
        seen, taken_back, again, single = world.protocols
        world.reads(seen, 3, 1, 2, took=(152.1, 3.2, 4))
        world.reads(seen, 3, by=1, took=(7,))
        world.reads(taken_back, 3, took=(90,))
        current = labelling.current_event_id(session, taken_back, world.coders[0])
        undo = a_request(taken_back, None, action=Action.withdraw, supersedes=current, seconds=5)
        done = labelling.record_label(session, world.coders[0], world.project, undo)
        reading.after_answer(session, world.project, world.coders[0], done, random.Random(1))
        world.reads(taken_back, 4, took=(2.5,))
        world.reads(again, 2, took=(80,))
        queue.serve_picked(session, world.project, world.coders[0], again)
        world.reads(again, 3, took=(6,))
        world.reads(single, 3, took=(33,))
        found = session.execute(
            select(DeskRow.protocol_id, DeskRow.seconds)
            .where(DeskRow.account_id == world.coders[0])
            .order_by(DeskRow.event_id)
        )
        sums = [(world.protocols.index(key), seconds) for key, seconds in found]
    assert sums == [
        (0, 152.1), (0, 155.3), (0, 159.3), (1, 90), (1, 92.5), (2, 80), (2, 6), (3, 33)
    ]  # fmt: skip


def test_a_reading_with_a_step_of_unknown_length_has_no_seconds(database: Database) -> None:
    with database.write() as session:
        world = a_desk(session, 1)
        [protocol], [coder, *_] = world.protocols, world.coders
        for level, took in ((3, None), (4, 2)):
            reading.picked_card(session, world.project, coder, protocol)
            current = labelling.current_event_id(session, protocol, coder)
            wanted = a_request(protocol, level, supersedes=current, seconds=took)
            labelling.record_label(session, coder, world.project, wanted)
        assert set(session.scalars(select(DeskRow.seconds))) == {None}


NAMES = [column.name for column in DeskRow.__table__.columns]


def test_the_migration_derives_the_same(any_database: Database) -> None:
    with any_database.write() as session:
        a_history(session, 4)
        kept = rows(session)
    schema.downgrade(any_database.url, "0029")
    schema.upgrade(any_database.url)
    with any_database.read() as session:
        assert rows(session) == kept


def test_verification_names_a_row_that_was_altered_added_or_taken_away(database: Database) -> None:
    with database.write() as session:
        a_history(session, 5)
        some = session.scalars(select(DeskRow).order_by(DeskRow.event_id)).all()[3]
        assert verify(session).intact
        where = DeskRow.event_id == some.event_id
        for change in (
            update(DeskRow).where(where).values(suggested=1 + some.level % 5),
            update(DeskRow).where(where).values(is_standing=not some.is_standing),
            delete(DeskRow).where(where),
        ):
            with session.begin_nested() as undone:
                session.execute(change)
                found = verify(session).fault
                assert (
                    found
                    == f"the desk's row of label event {some.event_id} is not what the events say"
                )
                undone.rollback()
        assert verify(session).intact
