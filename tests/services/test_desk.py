"""The auditor's desk: cells sum to what a loop counts, and each cell's list has just its count."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.services import desk, desk_counts
from cer_assist.services.desk_filters import DeskFilters, Signal, read_filters
from cer_assist.services.desk_protocols import Viewer
from cer_assist.store.engine import Database
from cer_assist.store.tables import Highlight, LabelEvent, ModelVersion, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import now
from tests.desk import Desk, a_desk

AUDITOR = Viewer(1, Role.auditor)  # what they see does not depend on who they are


def a_small_world(session: object) -> Desk:
    """The model says 4 of all; ana switches on the first, ben differs on the second."""
    world = a_desk(session, 4, 2)  # type: ignore[arg-type]
    world.reads(world.protocols[0], 2, 4)
    world.reads(world.protocols[0], 2, by=1)
    world.reads(world.protocols[1], 4)
    world.reads(world.protocols[1], 5, by=1)
    world.reads(world.protocols[2], 3)
    world.settle(world.protocols[0], 2, by=world.coders[2])
    return world


@pytest.mark.postgres
def test_cells_are_what_a_loop_counts_and_lists_hold_what_cells_count(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        world = a_small_world(session)
        opened = desk.open_desk(session, world.project, DeskFilters(), AUDITOR)
        found = desk_counts.overview(session, opened)
        said, final, label = (table.counts for table in found.tables)
        assert found.readings == 5
        assert said == {(4, 4): 2, (4, 2): 1, (4, 5): 1, (4, 3): 1}
        assert final == {(4, 2): 2, (4, 3): 1}  # the second protocol's readers differ
        assert label == {(4, 2): 1, (2, 2): 1, (3, 3): 1}
        for table, one, other in itertools.product(found.tables, range(1, 6), range(1, 6)):
            cell = read_filters({table.rows: str(one), table.columns: str(other)})
            listed = desk.lines(
                session, desk.open_desk(session, world.project, cell, AUDITOR), 1, ""
            )
            assert listed.total == len(listed.rows) == table.counts.get((one, other), 0)
        signals = found.signals
        assert signals[Signal.towards] == signals[Signal.wrong_switch] == 1
        assert signals[Signal.away] == signals[Signal.weak] == 0
        for signal, number in signals.items():
            chosen = desk.open_desk(session, world.project, DeskFilters(signal=signal), AUDITOR)
            assert desk.lines(session, chosen, 1, "").total == number


@pytest.mark.postgres
def test_without_an_adjudication_a_final_level_tells_nothing_of_labels(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        world = a_desk(session, 4, 2)
        world.reads(world.protocols[0], 2, 4)
        world.reads(world.protocols[0], 4, by=1)
        world.reads(world.protocols[1], 3)
        plain = desk.open_desk(session, world.project, DeskFilters(), AUDITOR)
        before = desk_counts.overview(session, plain)
        world.settle(world.protocols[0], 2, by=world.coders[2])
        after = desk_counts.overview(session, plain)
    own, settled = before.tables[2], after.tables[2]
    assert (before.settled, before.signals[Signal.wrong_switch]) == (0, None)
    assert (own.total, own.could_differ, own.within(0)) == (3, 0, 0)
    assert (after.settled, after.signals[Signal.wrong_switch]) == (2, 1)
    assert (settled.total, settled.could_differ, settled.within(0)) == (3, 2, 0)
    assert before.tables[0].could_differ == before.tables[0].total == 3


@pytest.mark.postgres
def test_a_coders_share_is_of_readings_that_could_show_the_signal(any_database: Database) -> None:
    with any_database.write() as session:
        world = a_desk(session, 4, 2)
        world.reads(world.protocols[0], 2, 4, took=(0.01, 0.01))  # ana follows, unread
        world.reads(world.protocols[1], 2, 4, took=(500, 0.01))  # and having read
        world.reads(world.protocols[2], 2, took=(0.01,))
        world.reads(world.protocols[3], 2, took=(0,))
        plain = desk.open_desk(session, world.project, DeskFilters(), AUDITOR)
        [unread] = desk_counts.by_coder(session, plain, Signal.unread)
        [fast] = desk_counts.by_coder(session, plain, Signal.fast)
    assert (unread.shown, unread.of) == (1, 2)
    assert (fast.shown, fast.of) == (2, 3)


def test_a_lead_is_told_nothing_of_what_still_wants_a_reader(any_database: Database) -> None:
    with any_database.write() as session:
        world = a_small_world(session)
        for key, missing in zip(world.protocols, (0, 0, 1, 2), strict=True):
            session.get_one(Protocol, key).coders_missing = missing
        session.flush()
        lead = Viewer(world.coders[2], Role.lead)
        opened = desk.open_desk(session, world.project, DeskFilters(), lead)
        found = desk_counts.overview(session, opened)
        listed = desk.lines(session, opened, 1, "oldest")
    assert (found.readings, found.left_out) == (4, 2)
    assert {one.protocol_id for one in listed.rows} == set(world.protocols[:2])


def listed(session: Session, world: Desk, **asked: str) -> set[int]:
    """Events of a list."""
    opened = desk.open_desk(session, world.project, read_filters(asked), AUDITOR)
    return {one.event_id for one in desk.all_lines(session, opened, "")}


def test_two_filters_list_what_both_list(database: Database) -> None:
    with database.write() as session:
        world = a_small_world(session)
        today = now().date()
        tomorrow, yesterday = (str(today + dt.timedelta(days=by)) for by in (1, -1))
        some = [
            {"level": "4"}, {"final": "2"}, {"final": "none"}, {"coder": "ana"}, {"version": "1"},
            {"exposure": "blind"}, {"signal": "towards"}, {"signal": "wrong_switch"},
            {"until": tomorrow}, {"since": yesterday}, {"until": yesterday}, {"unlearnt": "yes"},
        ]  # fmt: skip
        alone = [listed(session, world, **one) for one in some]
        assert len({frozenset(one) for one in alone}) > 4
        for (one, had), (other, has) in itertools.combinations(zip(some, alone, strict=True), 2):
            if one.keys() != other.keys():
                assert listed(session, world, **one, **other) == had & has


def test_a_period_begins_and_ends_with_its_days(database: Database) -> None:
    with database.write() as session:
        world = a_small_world(session)
        today = str(session.scalars(select(LabelEvent.recorded_at)).first().date())  # type: ignore[union-attr]
        everything = listed(session, world)
        assert len(everything) == 5
        assert listed(session, world, since=today, until=today) == everything
        before = str(dt.date.fromisoformat(today) - dt.timedelta(days=1))
        after = str(dt.date.fromisoformat(today) + dt.timedelta(days=1))
        assert listed(session, world, until=before) == listed(session, world, since=after) == set()


def test_weak_evidence_is_below_what_its_version_measured(database: Database) -> None:
    with database.write() as session:
        world = a_small_world(session)
        version = session.scalars(select(ModelVersion)).one()
        version.metrics = {**version.metrics, "weak_below": 0.3}
        marks = select(Highlight).where(Highlight.method == Marks.words)
        shown = session.scalars(marks.order_by(Highlight.suggestion_id))
        for one, strength in zip(shown, (0.1, 0.4, 0.1, 0.1), strict=True):
            one.evidence_strength = strength
        session.flush()
        weak = listed(session, world, signal="weak")
        found = desk_counts.overview(
            session, desk.open_desk(session, world.project, DeskFilters(), AUDITOR)
        )
        switched = listed(session, world, coder="ana", level="4") & listed(
            session, world, final="2"
        )
    assert weak == switched  # the only one of weak words that was followed after it was seen
    assert found.signals[Signal.weak] == len(weak) == 1
