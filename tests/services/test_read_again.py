"""Read again after an alarm: what can be drawn, by whom it is read, what nobody is told."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.serving import ASSIGNED, REREAD
from cer_assist.services import history, labelling, queue, queue_wishes, read_again
from cer_assist.services.read_again import MOST, Again
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Assignment, AuditEvent, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.tables.queue import Wish
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, some_protocols
from tests.services.benches import Bench


class Shop:
    """Protocols that want one reader; ana has read all but the last, ben and the lead nothing."""

    def __init__(self, session: Session, count: int = 12) -> None:
        self.session, self.project = session, a_project(session)
        self.ana, self.ben = (a_member(session, self.project, name).id for name in ("ana", "ben"))
        self.lea = a_member(session, self.project, "lea", Role.lead).id
        self.ids = [one.id for one in some_protocols(session, self.project, count)]
        for key in self.ids[:-1]:
            a_label(session, self.project, key, by=self.ana, level=2)

    def send(self, **wanted: Any) -> int:
        asked = Again(**({"coder": self.ana, "number": MOST} | wanted))
        return read_again.send(self.session, self.project, asked, self.lea)

    def asked(self, account: int) -> set[int]:
        """What somebody is asked to read."""
        rows = select(Assignment.protocol_id).where(
            Assignment.account_id == account, Assignment.state == AssignmentState.open
        )
        return set(self.session.scalars(rows))


def test_at_most_so_many_are_drawn_and_the_coder_gets_them_first(any_database: Database) -> None:
    with any_database.write() as session:
        shop = Shop(session)
        assert shop.send(number=4, note="take your time") == 4
        drawn = shop.asked(shop.ana)
        assert len(drawn) == 4 and drawn < set(shop.ids[:-1])
        kinds = set(session.scalars(select(Assignment.kind)))
        assert kinds == {AssignmentKind.reread}
        served = queue.serve_next(session, shop.project, shop.ana, random.Random(1))
        assert served is not None and served.protocol_id in drawn
        assert (served.strategy, served.reason) == (REREAD, "to be read once more: take your time")
        a_label(session, shop.project, served.protocol_id, by=shop.ana, level=3)
        assert shop.asked(shop.ana) == drawn - {served.protocol_id}


def test_every_one_is_drawn_equally_often(database: Database) -> None:
    with database.write() as session:
        shop = Shop(session, 6)
        counts = dict.fromkeys(shop.ids, 0)
        for turn in range(200):
            nested = session.begin_nested()
            shop.send(number=2, seed=f"seed {turn}")
            for key in shop.asked(shop.ana):
                counts[key] += 1
            nested.rollback()
        assert counts.pop(shop.ids[-1]) == 0
        assert min(counts.values()) > 50 and max(counts.values()) < 110, "80 each, give or take"


def test_a_second_reader_gets_what_they_know_nothing_of(any_database: Database) -> None:
    with any_database.write() as session:
        shop = Shop(session)
        read, seen, skipped = shop.ids[:3]
        session.get_one(Protocol, read).coders_wanted = 2
        session.get_one(Protocol, read).coders_missing = 1
        session.flush()
        a_label(session, shop.project, read, by=shop.ben, level=2)
        history.disclose(session, seen, shop.ben, Disclosed.suggestion, None)
        history.disclose(session, skipped, shop.ben, Disclosed.peer_label, None)
        assert shop.send(number=8, reader=shop.ben, note="by Friday") == 8
        assert shop.asked(shop.ben) == set(shop.ids[3:-1])
        assert shop.asked(shop.ana) == set()
        served = queue.serve_next(session, shop.project, shop.ben, random.Random(1))
        assert served is not None
        assert (served.strategy, served.reason) == (ASSIGNED, "assigned to you: by Friday")


def test_only_answers_of_these_days_are_drawn(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with any_database.write() as session:
        shop = Shop(session, 3)
        old = some_protocols(session, shop.project, 6)[3:]
        for one, day in zip(old, (1, 14, 30), strict=True):
            at = dt.datetime(2026, 6, day, 23, 59, tzinfo=dt.UTC)
            monkeypatch.setattr(labelling, "now", lambda at=at: at)
            a_label(session, shop.project, one.id, by=shop.ana, level=2)
        monkeypatch.undo()
        until = dt.date(2026, 6, 14)
        assert shop.send(since=dt.date(2026, 6, 2), until=dt.date(2026, 6, 30)) == 2
        assert shop.asked(shop.ana) == {one.id for one in old[1:]}
        assert shop.send(until=until) == 1, "what they are asked for already is left out"
        assert shop.asked(shop.ana) == {one.id for one in old}
        assert shop.send(since=now().date()) == 2
        with pytest.raises(InvalidInput, match="nothing to read again"):
            shop.send()


def test_open_disputed_settled_asked_for_held_and_seen_ones_are_left_out(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        more = [one.id for one in some_protocols(session, bench.project, 9)[4:]]
        ids = bench.ids + more
        bench.ids = ids
        agreed, disputed, settled, waiting, asked, held, seen, in_hand, _ = range(9)
        for at in (agreed, asked, held, seen, in_hand):
            bench.read(at, 3, 3)
        bench.read(disputed, 1, 4)
        bench.read(settled, 3, 3)
        a_label(session, bench.project, ids[waiting], by=bench.ana, level=3)
        bench.rule(bench.asks(settled))
        cleo = a_member(session, bench.project, "cleo").id
        by_name = Assignment(
            project_id=bench.project.id, protocol_id=ids[asked], account_id=cleo,
            kind=AssignmentKind.assigned, state=AssignmentState.open, note="", asked_at=now(),
        )  # fmt: skip
        session.add(by_name)
        session.flush()
        queue_wishes.want(session, bench.project, [f"P-{held + 1}"], Wish.held, "no", None)
        history.disclose(session, ids[seen], bench.ana, Disclosed.peer_label, None)
        queue.serve_picked(session, bench.project, bench.ana, ids[in_hand], ASSIGNED,
                           random.Random(1))  # fmt: skip
        wanted = Again(bench.ana, MOST)
        assert read_again.send(session, bench.project, wanted, bench.lea) == 1
        found = select(Assignment.protocol_id).where(Assignment.account_id == bench.ana)
        assert session.scalars(found).all() == [ids[agreed]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": 0}, "1 to 100"),
        ({"number": 101}, "1 to 100"),
        ({"reader": "ana"}, "the coder themselves"),
        ({"reader": "lea"}, "not read blind"),
        ({"reader": "out"}, "label in this project"),
        ({"coder": "ben"}, "nothing to read again"),
        ({"coder": "out"}, "label in this project"),
        ({"since": dt.date(2026, 2, 1), "until": dt.date(2026, 1, 1)}, "before the first"),
        ({"until": dt.date(2020, 1, 1)}, "Choose other days"),
        ({"note": "x" * 1001}, "shorten it"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    database: Database, fields: dict[str, Any], said: str
) -> None:
    with database.write() as session:
        shop = Shop(session, 3)
        out = a_member(session, a_project(session, "other"), "out").id
        people = {"ana": shop.ana, "ben": shop.ben, "lea": shop.lea, "out": out}
        wanted = {
            name: people[value] if name in ("coder", "reader") else value
            for name, value in fields.items()
        }
        with pytest.raises(InvalidInput, match=said):
            shop.send(**wanted)
        assert session.scalars(select(Assignment)).all() == []


def test_the_audit_has_what_was_asked_and_no_protocol(any_database: Database) -> None:
    with any_database.write() as session:
        shop = Shop(session)
        shop.send(number=3, reader=shop.ben, since=dt.date(2026, 1, 1), seed="7")
        event = session.scalars(
            select(AuditEvent).where(AuditEvent.action == read_again.ASKED)
        ).one()
        detail = json.loads(event.detail)
        assert event.account_id == shop.lea
        assert detail.pop("pairs_sha256")
        assert detail == {
            "coder": shop.ana, "reader": shop.ben, "since": "2026-01-01", "until": None,
            "at_most": 3, "note": "", "seed": "7", "protocols": 3,
        }  # fmt: skip
        assert verify(session).intact
