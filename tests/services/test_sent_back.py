"""What was sent back comes to its coders first, and their new answers say what they knew."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Track
from cer_assist.domain.errors import NotFound
from cer_assist.domain.labels import Exposure
from cer_assist.domain.serving import SENT_BACK
from cer_assist.services import (
    assignment_board,
    assignments,
    discussion,
    fence,
    labelling,
    projects,
    reading,
)
from cer_assist.services.fence import Standing
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Assignment, LabelEvent, Protocol, Serving
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from tests.builders import a_fence, a_label, a_member, a_request
from tests.services.benches import Bench

DICE = random.Random(1)
COMMENT = "Section 2 names a board: what does it decide?"


def to_read_again(session: Session, bench: Bench, account_id: int) -> list[int]:
    """What a coder's home says came back."""
    own = assignment_board.own(session, bench.project.id, account_id)
    return [one.protocol_id for one in own.again]


def test_it_is_served_before_anything_else_and_told(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        (row,) = bench.waiting().on(Track.sent_back)
        assert (row.waiting, bench.waiting().to_do) == (2, [])
        card = reading.next_card(session, bench.project, bench.ana, DICE)
        assert card is not None
        assert (card.protocol.id, card.sent_back, card.level) == (bench.ids[0], COMMENT, 2)
        strategy = session.scalars(select(Serving.strategy).order_by(Serving.id.desc())).first()
        assert strategy == SENT_BACK
        again = a_request(bench.ids[0], 3, supersedes=card.latest.id if card.latest else None)
        labelling.record_label(session, bench.ana, bench.project, again)
        event = session.scalars(select(LabelEvent).order_by(LabelEvent.id.desc())).first()
        assert event is not None
        assert event.exposure == Exposure.after_peer
        after = reading.next_card(session, bench.project, bench.ana, DICE)
        assert after is not None
        assert (after.protocol.id != bench.ids[0], after.sent_back) == (True, None)
        (row,) = bench.waiting().on(Track.sent_back)
        assert row.waiting == 1
        a_label(session, bench.project, bench.ids[0], by=bench.ben, level=4)
        (row,) = bench.waiting().rows
        assert (row.track, row.waiting) == (Track.near, 0)
        assert verify(session).intact


def test_the_same_level_once_more_is_an_answer_and_agreement_settles_it(
    database: Database,
) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        a_label(session, bench.project, bench.ids[0], by=bench.ana, level=2)
        assert to_read_again(session, bench, bench.ana) == []
        a_label(session, bench.project, bench.ids[0], by=bench.ben, level=2)
        assert bench.waiting().rows == []


def test_home_counts_what_waits_for_each(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.read(1, 1, 2)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        counts = {}
        for person in (bench.ana, bench.lea):
            (card,) = projects.cards(session, person)
            again = to_read_again(session, bench, person)
            counts[person] = (card.to_settle, len(again))
        assert counts == {bench.ana: (0, 1), bench.lea: (1, 0)}


def test_it_takes_the_place_of_a_reread_that_is_open_and_is_told(any_database: Database) -> None:
    """The comment was not told before: the re-read stayed, and with it its own note."""
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        pair = [(bench.ids[0], bench.ana)]
        reread, by = AssignmentKind.reread, bench.lea
        assignments.ask_again(session, bench.project, pair, reread, "the new wording", by)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        card = reading.next_card(session, bench.project, bench.ana, DICE)
        assert card is not None
        assert (card.protocol.id, card.sent_back) == (bench.ids[0], COMMENT)
        asked = select(Assignment.account_id, Assignment.kind, Assignment.state)
        assert session.execute(asked.order_by(Assignment.id)).all() == [
            (bench.ana, AssignmentKind.reread, AssignmentState.released),
            (bench.ana, AssignmentKind.returned, AssignmentState.open),
            (bench.ben, AssignmentKind.returned, AssignmentState.open),
        ]
        a_label(session, bench.project, bench.ids[0], by=bench.ana, level=4)
        assert to_read_again(session, bench, bench.ana) == []
        assert verify(session).intact


def test_a_decision_meanwhile_ends_the_wait(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        bench.rule(bench.asks(0))
        assert to_read_again(session, bench, bench.ben) == []


def test_a_second_answer_does_not_count_as_blind_on_the_fenced_sample(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session, suggestion_policy="hidden")
        a_fence(session, bench.project, bench.ids[:1])
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        for coder in (bench.ana, bench.ben):
            card = reading.next_card(session, bench.project, coder, DICE)
            assert card is not None
            a_label(session, bench.project, card.protocol.id, by=coder, level=3)
        (found,) = fence.readings(session, bench.project.id)
        assert found.standing is Standing.differ


def test_readers_take_part_once_there_is_something_and_their_answer_stands(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        cleo = a_member(session, bench.project, "cleo").id
        first = session.get_one(Protocol, bench.ids[0])
        a_label(session, bench.project, first.id, by=bench.ana, level=2)
        for person, role in ((bench.ana, Role.coder), (bench.lea, Role.lead)):
            assert not discussion.may_read(session, bench.project, first, person, role)
        a_label(session, bench.project, first.id, by=bench.ben, level=4)
        session.refresh(first)
        assert not discussion.may_read(session, bench.project, first, bench.ana, Role.coder)
        with pytest.raises(NotFound):
            discussion.say(session, bench.project, first, bench.ana, Role.coder, "Why 4?", "k" * 12)
        for _ in range(2):  # sent twice
            discussion.say(
                session, bench.project, first, bench.lea, Role.lead, "What of the board?", "k" * 12
            )
        discussion.say(session, bench.project, first, bench.ana, Role.coder, "It advises.", "k" * 9)
        assert not discussion.may_read(session, bench.project, first, cleo, Role.coder)
        as_ben = discussion.thread(session, bench.project, first, bench.ben, Role.coder)
        assert [(one.who, one.text) for one in as_ben] == [
            ("a lead", "What of the board?"),
            ("a coder", "It advises."),
        ]
        as_lea = discussion.thread(session, bench.project, first, bench.lea, Role.lead)
        assert [(one.who, one.is_mine) for one in as_lea] == [("lea", True), ("ana", False)]
        a_label(session, bench.project, first.id, by=bench.ben, level=3)
        event = session.scalars(select(LabelEvent).order_by(LabelEvent.id.desc())).first()
        assert event is not None
        assert event.exposure == Exposure.after_peer
        assert verify(session).intact


def test_what_came_with_sending_back_is_part_of_the_discussion(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, Act.send_back, note=COMMENT))
        first = session.get_one(Protocol, bench.ids[0])
        (said,) = discussion.thread(session, bench.project, first, bench.ana, Role.coder)
        assert (said.who, said.text, said.sends_back) == ("a lead", COMMENT, True)
