"""What may be dealt, as it stands in the database; and what a deal stores."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.dealing import By
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action
from cer_assist.domain.protocols import compose
from cer_assist.services import assignment_board, dealing, labelling, queue, queue_wishes
from cer_assist.services.dealing import Batch
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import Assignment, AuditEvent, Project, Protocol
from cer_assist.store.tables.queue import Wish
from cer_assist.store.types import now
from tests.builders import a_fence, a_label, a_member, a_model, a_project, a_request, some_protocols

DEPARTMENTS = ["Nursing"] * 12 + ["Surgery"] * 6 + ["Law"] * 2


def a_faculty(session: Session, project: Project) -> list[int]:
    """Twenty protocols of three departments."""
    texts = [
        compose(
            f"D-{number}",
            f"Study {number} of {'sleep' if number % 4 else 'diabetes'}",
            [("Text", f"We study group {number}.")],
            {"department": department, "number": str(number)},
        )
        for number, department in enumerate(DEPARTMENTS)
    ]
    assert not import_protocols(session, project, texts, [], by=None).errors
    found = select(Protocol.id).where(Protocol.project_id == project.id).order_by(Protocol.id)
    return list(session.scalars(found))


def test_only_what_still_wants_a_reader_is_dealt(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben, cleo = (a_member(session, project, name).id for name in ("ana", "ben", "cleo"))
        read, open_now, _, skipped, left = some_protocols(session, project, 5)
        a_label(session, project, read.id, by=cleo, level=1)
        queue.serve_picked(session, project, cleo, open_now.id)
        queue_wishes.want(session, project, ["P-3"], Wish.held, "wrong file", None)
        skip = a_request(skipped.id, None, action=Action.skip)
        labelling.record_label(session, ana, project, skip)
        found = dealing.store(session, project, Batch((ana, ben)), None)
        assert dict(found.pairs).keys() == {skipped.id, left.id}
        assert dict(found.pairs)[skipped.id] == ben
        assert (found.wanted, found.left) == (2, 0)
        with pytest.raises(InvalidInput, match="nothing to deal"):
            dealing.store(session, project, Batch((ana, ben, cleo)), None)


def test_what_was_looked_at_is_what_is_stored_and_the_audit_says_so(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        some_protocols(session, project, 30)
        day = now().date() + dt.timedelta(days=7)
        batch = Batch((ana, ben), each=7, due_on=day, note="first round")
        looked = dealing.look(session, project, batch)
        assert session.scalars(select(Assignment.id)).all() == []
        stored = dealing.store(session, project, batch, ana)
        assert stored == looked
        assert [share.dealt for share in stored.shares] == [7, 7]
        assert (stored.protocols, stored.wanted, stored.left) == (14, 30, 16)
        rows = session.scalars(select(Assignment)).all()
        assert {(row.due_on, row.note, row.asked_by) for row in rows} == {(day, "first round", ana)}
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == dealing.DEALT))
        said = json.loads(event.detail)
        assert said["coders"] == {str(ana): 7, str(ben): 7}
        assert (said["seed"], said["protocols"], said["by"]) == (batch.seed, 14, "random")


def test_a_model_has_no_say(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        protocols = some_protocols(session, project, 20)
        batch = Batch((ana,), each=5)
        before = dealing.look(session, project, batch)
        a_model(session, project, {p.id: (5, [0.0, 0.0, 0.0, 0.1, 0.9]) for p in protocols[:9]})
        assert dealing.look(session, project, batch) == before


def test_by_stratum_everyone_has_the_same_mix_and_few_are_told_together(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        a_faculty(session, project)
        assert dealing.columns(session, project.id) == ["department", "number"]
        found = dealing.look(session, project, Batch((ana, ben), By.stratum, column="department"))
        assert found.strata == ["Nursing", "Surgery", dealing.SMALL_ONES]
        mix = {"Nursing": 6, "Surgery": 3, dealing.SMALL_ONES: 1}
        assert [share.strata for share in found.shares] == [mix, mix]
        # A column that numbers protocols would tell of each what it wants.
        found = dealing.look(session, project, Batch((ana, ben), By.stratum, column="number"))
        assert found.strata == [dealing.SMALL_ONES]


def test_by_tags_each_gets_what_they_know(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        a_faculty(session, project)
        with pytest.raises(InvalidInput, match="what they know"):
            dealing.look(session, project, Batch((ana, ben), By.tags))
        kept = assignment_board.set_tags(session, project, ana, [" Surgery ", "law", "LAW"], None)
        assert kept == ["surgery", "law"]
        assignment_board.set_tags(session, project, ben, ["diabetes", "leep"], None)
        found = dealing.look(session, project, Batch((ana, ben), By.tags))
        shares = {share.account_id: (share.dealt, share.known) for share in found.shares}
        theirs = Counter(
            session.get_one(Protocol, key).details["department"]
            for key, coder in found.pairs
            if coder == ana
        )
        # Two of Surgery's and none of Law's speak of diabetes, too: those go to who has less.
        assert theirs["Surgery"] + theirs["Law"] >= 6
        assert shares[ana][1] >= 6
        assert [dealt for dealt, _ in shares.values()] == [10, 10]


def test_by_hand_each_gets_all_of_these(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        one, two, _ = some_protocols(session, project)
        a_label(session, project, one.id, by=ben, level=1)
        found = dealing.store(
            session, project, Batch((ana, ben), By.hand, names=("P-1", "P-2")), None
        )
        assert set(found.pairs) == {(one.id, ana), (two.id, ana), (two.id, ben)}
        with pytest.raises(InvalidInput, match="no protocol P-9"):
            dealing.look(session, project, Batch((ana,), By.hand, names=("P-3", "P-9")))


def test_fenced_ones_are_dealt_like_others_and_read_by_two(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        protocols = some_protocols(session, project, 12)
        a_fence(session, project, [p.id for p in protocols[:4]])
        found = dealing.store(session, project, Batch((ana, ben)), None)
        readers = Counter(key for key, _ in found.pairs)
        assert readers == {p.id: 2 if p in protocols[:4] else 1 for p in protocols}
        reasons = set()
        for _ in range(8):
            served = queue.serve_next(session, project, ana, random.Random(1))
            assert served is not None
            reasons.add((served.strategy, served.reason))
            a_label(session, project, served.protocol_id, by=ana, level=2)
        assert reasons == {("assigned", "assigned to you")}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"coders": ()}, "who label"),
        ({"each": 0}, "How many each"),
        ({"due_on": dt.date(2020, 1, 1)}, "has passed"),
        ({"by": By.stratum, "column": "colour"}, "column to deal by"),
        ({"note": "x" * 1001}, "longer than"),
    ],
)
def test_what_cannot_be_dealt_says_why(
    database: Database, wrong: dict[str, object], told: str
) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        some_protocols(session, project)
        with pytest.raises(InvalidInput, match=told):
            dealing.store(session, project, Batch(**({"coders": (ana,)} | wrong)), None)  # type: ignore[arg-type]


def test_the_board_counts_and_a_coder_has_their_own(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name) for name in ("ana", "ben"))
        some_protocols(session, project, 6)
        assert not assignment_board.own(session, project.id, ana.id).was_asked
        day = now().date()
        dealing.store(session, project, Batch((ana.id,), each=4, due_on=day), None)
        late = session.scalars(select(Assignment)).first()
        assert late is not None
        late.due_on = day - dt.timedelta(days=3)
        session.flush()
        waiting = assignment_board.own(session, project.id, ana.id)
        assert (waiting.open, waiting.overdue, waiting.first[0].days_over) == (4, 1, 3)
        done, put_off = (
            queue.serve_next(session, project, ana.id, random.Random(1)),
            session.scalars(select(Assignment.protocol_id).order_by(Assignment.id.desc())).first(),
        )
        assert done is not None and put_off is not None
        a_label(session, project, done.protocol_id, by=ana.id, level=1)
        skip = a_request(put_off, None, action=Action.skip)
        labelling.record_label(session, ana.id, project, skip)
        queue.serve_next(session, project, ana.id, random.Random(1))
        line, other = assignment_board.by_coder(session, project.id)
        assert (line.open, line.overdue, line.done) == (3, 0, 1)
        assert (line.skipped, line.next_due) == (1, day)
        assert (other.name, other.open, other.may_label) == ("ben", 0, True)
        own = assignment_board.own(session, project.id, ana.id)
        assert (own.open, own.done, own.skipped) == (3, 1, 1)
        assert own.in_hand is not None
        assert own.in_hand.protocol_id == own.first[0].protocol_id
        assert [one.is_skipped for one in own.first] == [False, False, True]
        assert not assignment_board.own(session, project.id, ben.id).was_asked


def test_dealing_and_serving_at_once_never_promise_one_reader_twice(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        some_protocols(session, project, 24)
        project_id = project.id
    start = threading.Barrier(2)

    def deal() -> set[int]:
        start.wait()
        dealt: set[int] = set()
        for _ in range(12):
            with any_database.write() as session:
                project = session.get_one(Project, project_id)
                found = dealing.store(session, project, Batch((ana,), each=1), None)
                dealt |= {key for key, _ in found.pairs}
        return dealt

    def read() -> set[int]:
        start.wait()
        taken: set[int] = set()
        for turn in range(12):
            with any_database.write() as session:
                project = session.get_one(Project, project_id)
                served = queue.serve_next(session, project, ben, random.Random(turn))
                assert served is not None
                taken.add(served.protocol_id)
                a_label(session, project, served.protocol_id, by=ben, level=3)
        return taken

    with ThreadPoolExecutor(2) as pool:
        dealt, taken = (job.result() for job in [pool.submit(deal), pool.submit(read)])
    assert (len(dealt), len(taken), dealt & taken) == (12, 12, set())
