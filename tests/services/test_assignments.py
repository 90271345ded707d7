"""What coders are asked to read by name: when it comes, for whom it is kept, what closes it."""

from __future__ import annotations

import datetime as dt
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, PriorLabel
from cer_assist.domain.serving import ASSIGNED, PICKED, RANDOM, REREAD, SENT_BACK, TAKEN_BACK
from cer_assist.services import answer_state, assignments, labelling, queue, queue_wishes, reading
from cer_assist.services.importing import import_protocols
from cer_assist.services.queue import Served
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Assignment, AuditEvent, Project, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.queue import Wish
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, a_request, some_protocols

TODAY = now().date()


def serve(session: Session, project: Project, who: Account, seed: int = 1) -> Served | None:
    return queue.serve_next(session, project, who.id, random.Random(seed))


def ask(session: Session, project: Project, who: Account, *keys: Protocol, **how: object) -> None:
    kind = how.pop("kind", AssignmentKind.assigned)
    for protocol in keys:
        assignments.ask(session, project, protocol.id, who.id, kind, **how)  # type: ignore[arg-type]


def states(session: Session, who: Account) -> list[str]:
    session.expire_all()
    found = select(Assignment.state).where(Assignment.account_id == who.id)
    return list(session.scalars(found.order_by(Assignment.id)))


def read_all(session: Session, project: Project, who: Account) -> list[tuple[int, str]]:
    """What a coder is given until nothing is left, each labelled."""
    found = []
    while served := serve(session, project, who):
        found.append((served.protocol_id, served.strategy))
        a_label(session, project, served.protocol_id, by=who.id, level=2)
    return found


def test_theirs_come_first_by_urgency_due_date_and_order(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, open_pool=False)
        ana = a_member(session, project, "ana")
        one, two, three, four, five, six = some_protocols(session, project, 6)
        for protocol in (five, six):
            a_label(session, project, protocol.id, by=ana.id, level=1)
        ask(session, project, ana, three, two)
        ask(session, project, ana, one, due_on=TODAY + dt.timedelta(days=2))
        ask(session, project, ana, four, due_on=TODAY)
        ask(session, project, ana, five, kind=AssignmentKind.reread)
        ask(session, project, ana, six, kind=AssignmentKind.returned, note="see page 2")
        first = serve(session, project, ana)
        assert first is not None
        # The comment stands beside it, for that it was read is recorded (`sent_back`).
        assert first.reason == "the adjudicator asks you to read it again"
        assert read_all(session, project, ana) == [
            (six.id, SENT_BACK),
            (five.id, REREAD),
            *((protocol.id, ASSIGNED) for protocol in (four, one, three, two)),
        ]


def test_done_with_theirs_coders_go_on_only_if_the_project_says_so(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        one, two, _ = some_protocols(session, project)
        ask(session, project, ana, two)
        assert [how for _, how in read_all(session, project, ana)] == [ASSIGNED, RANDOM, RANDOM]
        project.open_pool = False
        session.flush()
        ben = a_member(session, project, "ben")
        session.get_one(Protocol, one.id).coders_missing = 1
        session.flush()
        assert serve(session, project, ben) is None


def test_a_promised_protocol_is_kept_for_its_coder(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        one, two = some_protocols(session, project, 2)
        ask(session, project, ana, one)
        assert [key for key, _ in read_all(session, project, ben)] == [two.id]
        assignments.release(session, project, ana.id, None, None)
        assert [key for key, _ in read_all(session, project, ben)] == [one.id]


def test_one_that_wants_more_readers_than_are_promised_is_served(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben, cleo = (a_member(session, project, name) for name in ("ana", "ben", "cleo"))
        (only,) = some_protocols(session, project, 1)
        ask(session, project, ana, only)
        taken = serve(session, project, ben)
        assert taken is not None and taken.strategy == RANDOM
        assert serve(session, project, cleo) is None
        # Who has it open is one reader, not one who was promised it and one who has it.
        mine = serve(session, project, ana)
        assert mine is not None and mine.strategy == ASSIGNED
        a_label(session, project, only.id, by=ben.id, level=1)
        assert serve(session, project, cleo) is None


def test_two_coders_at_once_never_get_one_that_wants_one_reader(any_database: Database) -> None:
    """Half of it is promised, by turns to each; the other half is anybody's."""
    with any_database.write() as session:
        project = a_project(session)
        people = [a_member(session, project, f"coder{n}") for n in range(4)]
        protocols = some_protocols(session, project, 40)
        for place, protocol in enumerate(protocols[:20]):
            ask(session, project, people[place % 4], protocol)
        project_id, ids = project.id, [one.id for one in people]
    start = threading.Barrier(len(ids))

    def work(account_id: int) -> list[tuple[int, str]]:
        start.wait()
        found = []
        for _ in range(10):
            with any_database.write() as session:
                project = session.get_one(Project, project_id)
                served = queue.serve_next(session, project, account_id, random.Random(account_id))
            assert served is not None
            found.append((served.protocol_id, served.strategy))
            with any_database.write() as session:
                project = session.get_one(Project, project_id)
                a_label(session, project, served.protocol_id, by=account_id, level=3)
        return found

    with ThreadPoolExecutor(len(ids)) as pool:
        rows = list(pool.map(work, ids))
    assert sorted(key for row in rows for key, _ in row) == [p.id for p in protocols]
    assert [[how for _, how in row] for row in rows] == [[ASSIGNED] * 5 + [RANDOM] * 5] * 4


def test_a_skipped_one_comes_after_everything_else_and_stays_theirs(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        one, two = some_protocols(session, project, 2)
        ask(session, project, ana, one)
        skip = a_request(one.id, None, action=Action.skip)
        labelling.record_label(session, ana.id, project, skip)
        assert states(session, ana) == [AssignmentState.open]
        assert read_all(session, project, ana) == [(two.id, RANDOM), (one.id, ASSIGNED)]
        assert read_all(session, project, ben) == []


def test_a_held_one_waits(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, open_pool=False)
        ana = a_member(session, project, "ana")
        (only,) = some_protocols(session, project, 1)
        ask(session, project, ana, only)
        queue_wishes.want(session, project, ["P-1"], Wish.held, "wrong file", None)
        assert serve(session, project, ana) is None
        queue_wishes.release(session, project, ["P-1"], None)
        assert serve(session, project, ana) is not None


def test_an_answer_closes_it_and_undo_opens_it_again(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        (only,) = some_protocols(session, project, 1)
        ask(session, project, ana, only)
        event = a_label(session, project, only.id, by=ana.id, level=2)
        closed = session.scalars(select(Assignment)).one()
        assert (closed.state, closed.event_id) == (AssignmentState.answered, event.event_id)
        better = a_label(session, project, only.id, by=ana.id, level=3)
        assert states(session, ana) == [AssignmentState.answered]
        undo = a_request(only.id, None, action=Action.withdraw, supersedes=better.event_id)
        recorded = labelling.record_label(session, ana.id, project, undo)
        assert states(session, ana) == [AssignmentState.open]
        assert serve(session, project, ben) is None
        card = reading.after_answer(session, project, ana.id, recorded, random.Random(1))
        assert card is not None and card.reason == "you took your answer back"
        again = serve(session, project, ana)
        assert again is not None and again.strategy == TAKEN_BACK
        a_label(session, project, only.id, by=ana.id, level=4)
        assert states(session, ana) == [AssignmentState.answered]


def test_a_rolled_back_answer_closes_nothing(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        (only,) = some_protocols(session, project, 1)
        ask(session, project, ana, only)
    with pytest.raises(RuntimeError), database.write() as session:
        a_label(session, session.get_one(Project, project.id), only.id, by=ana.id, level=2)
        raise RuntimeError("the machine stops here")
    with database.read() as session:
        assert states(session, ana) == [AssignmentState.open]


def test_an_imported_answer_closes_what_was_dealt_and_no_more(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        one, two, _ = some_protocols(session, project)
        a_label(session, project, two.id, by=ana.id, level=1)
        ask(session, project, ana, one)
        ask(session, project, ana, two, kind=AssignmentKind.returned)
        prior = [PriorLabel("P-1", "ana", 4)]
        assert not import_protocols(session, project, [], prior, by=None).errors
        assert states(session, ana) == [AssignmentState.answered, AssignmentState.open]
        served = serve(session, project, ana)
        assert served is not None and served.strategy == SENT_BACK


def test_who_is_asked_again_may_keep_their_answer(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        (only,) = some_protocols(session, project, 1)
        a_label(session, project, only.id, by=ana.id, level=2)
        ask(session, project, ana, only, kind=AssignmentKind.reread, note="why not 3?")
        for card in (
            reading.next_card(session, project, ana.id, random.Random(1)),
            reading.picked_card(session, project, ana.id, only.id),
        ):
            assert card is not None
            assert (card.level, card.is_reveal) == (2, True)
            assert card.reason.endswith(": why not 3?")
        a_label(session, project, only.id, by=ana.id, level=2)
        assert states(session, ana) == [AssignmentState.answered]
        assert serve(session, project, ana) is None


def test_one_that_is_opened_from_the_list_says_that_it_is_assigned(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        one, two = some_protocols(session, project, 2)
        ask(session, project, ana, one)
        reasons = [reading.picked_card(session, project, ana.id, p.id).reason for p in (one, two)]
        assert reasons == ["assigned to you", "you opened this one yourself"]
        assert serve(session, project, ana).strategy == PICKED  # type: ignore[union-attr]


def test_asking_anew_takes_back_what_was_asked_before(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        (only,) = some_protocols(session, project, 1)
        ask(session, project, ana, only)
        ask(session, project, ana, only, kind=AssignmentKind.returned)
        assert states(session, ana) == [AssignmentState.released, AssignmentState.open]


def test_what_is_moved_is_read_by_the_other_and_nothing_is_lost(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, open_pool=False)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        one, two, three, four = some_protocols(session, project, 4)
        a_label(session, project, two.id, by=ben.id, level=1)
        a_label(session, project, four.id, by=ana.id, level=1)
        ask(session, project, ana, one, two, three, due_on=TODAY, note="by Friday")
        ask(session, project, ana, four, kind=AssignmentKind.returned)
        a_label(session, project, three.id, by=ana.id, level=1)
        assert serve(session, project, ana) is not None
        moved = assignments.move(session, project, ana.id, ben.id, None, None)
        assert moved == ([one.id], 2)  # one was answered by Ben, one is Ana's own second look
        served = serve(session, project, ben)
        assert served is not None
        assert (served.protocol_id, served.reason) == (one.id, "assigned to you: by Friday")
        assert sorted(states(session, ana)) == ["answered", "open", "open", "released"]
        (theirs,) = session.scalars(select(Assignment).where(Assignment.account_id == ben.id))
        assert theirs.due_on == TODAY
        # Whoever had it on screen may still answer: a label is never lost.
        a_label(session, project, one.id, by=ana.id, level=5)
        actions = set(session.scalars(select(AuditEvent.action)))
        assert {"assignment.asked", "assignment.moved"} <= actions
        assert verify(session).intact


def test_what_was_on_screen_is_not_handed_out_again_after_it_was_taken_back(
    database: Database,
) -> None:
    with database.write() as session:
        project = a_project(session, open_pool=False)
        ana = a_member(session, project, "ana")
        one, two = some_protocols(session, project, 2)
        ask(session, project, ana, one, two)
        assert serve(session, project, ana).protocol_id == one.id  # type: ignore[union-attr]
        assert assignments.release(session, project, ana.id, [one.id], None) == [one.id]
        assert serve(session, project, ana).protocol_id == two.id  # type: ignore[union-attr]
        assert assignments.release(session, project, ana.id, None, None) == [two.id]
        assert serve(session, project, ana) is None


@pytest.mark.parametrize("who", ["auditor", "stranger", "disabled", "themselves"])
def test_nothing_moves_to_whom_cannot_read_it(database: Database, who: str) -> None:
    with database.write() as session:
        project, other = a_project(session), a_project(session, "other")
        ana = a_member(session, project, "ana")
        (only,) = some_protocols(session, project, 1)
        ask(session, project, ana, only)
        to = {"auditor": Role.auditor}.get(who, Role.coder)
        target = a_member(session, other if who == "stranger" else project, "ben", to)
        if who == "disabled":
            target.disabled_at = now()
            session.flush()
        if who == "themselves":
            target = ana
        with pytest.raises(InvalidInput):
            assignments.move(session, project, ana.id, target.id, None, None)
        assert states(session, ana) == [AssignmentState.open]


@pytest.mark.parametrize(
    "statement",
    [*queue._QUERIES.values(), queue._BY_ORDER, queue._STANDS, queue._OPEN, answer_state._STATE],
    ids=[*queue._QUERIES, "by_order", "stands", "open", "answer_state"],
)
def test_what_a_partial_index_depends_on_is_no_parameter(statement: Select[Any]) -> None:
    """SQLite would compile the statement anew at every run: .3 ms of a save were that."""
    given = statement.compile(dialect=sqlite.dialect()).params
    assert [name for name in given if name.startswith(("state", "coders_missing"))] == []
