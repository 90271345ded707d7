"""What a new rubric touches is sent back to its coders first, or kept; nothing is taken away."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.serving import REREAD
from cer_assist.services import accounts, queue, queue_wishes, reading, rereading, rubric_versions
from cer_assist.services.labelling import record_label
from cer_assist.services.rereading import OldReading
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, AuditEvent, Disclosure, Project, RereadRequest
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.queue import Wish
from cer_assist.store.tables.rereading import RereadWish
from tests.builders import a_label, a_member, a_new_rubric, a_project, a_request, some_protocols

DICE = random.Random(1)


class Team:
    """A project with three complete protocols (levels 2, 3, 2 by ana), one half read, and v2."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.project = a_project(session, coders_per_protocol=1)
        self.ana = a_member(session, self.project, "ana")
        self.ben = a_member(session, self.project, "ben")
        self.lea = a_member(session, self.project, "lea", Role.lead)
        self.ids = [one.id for one in some_protocols(session, self.project, 4)]
        self.half_read = self.ids[3]
        session.execute(
            text("UPDATE protocol SET coders_wanted = 2 WHERE id = :id"), {"id": self.half_read}
        )
        for protocol_id, level in zip(self.ids, (2, 3, 2, 2), strict=True):
            a_label(session, self.project, protocol_id, by=self.ana.id, level=level)
        self.publish("A partner lends a room.")

    def publish(self, definition: str) -> None:
        number = rubric_versions.next_number(self.session, "cenr-5")
        new = a_new_rubric(self.session, self.project, 2, definition, number=number)
        rubric_versions.publish(self.session, self.project.id, new, "why", [2], self.lea.id)

    def found(self, *levels: int) -> list[OldReading]:
        return rereading.old_readings(self.session, self.project, levels or (2,))

    def decide(self, wish: RereadWish, found: Sequence[OldReading]) -> int:
        return rereading.decide(self.session, self.project, found, wish, "look", self.lea.id)

    def serve(self, account: Account) -> queue.Served | None:
        return queue.serve_next(self.session, self.project, account.id, DICE)


def test_the_list_holds_old_readings_of_touched_levels(any_database: Database) -> None:
    with any_database.write() as session:
        team = Team(session)
        assert [(one.external_id, one.level, one.who) for one in team.found()] == [
            ("P-1", 2, "ana"),
            ("P-3", 2, "ana"),
        ]
        assert rereading.not_yet_listed(session, team.project) == 1
        assert rereading.affected([2], (1, 2, 3, 4, 5), adjacent=True) == {1, 2, 3}
        assert rereading.affected([5, 9], (1, 2, 3, 4, 5), adjacent=True) == {4, 5}
        assert [one.external_id for one in team.found(1, 2, 3)] == ["P-1", "P-2", "P-3"]
        a_label(session, team.project, team.half_read, by=team.ben.id, level=4)
        assert rereading.not_yet_listed(session, team.project) == 0
        assert [one.who for one in team.found(4)] == ["ana"]  # ben read it by the new one


def test_what_is_sent_back_comes_first_to_its_coder_and_to_nobody_else(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        team = Team(session)
        queue_wishes.want(session, team.project, ["P-4"], Wish.pinned, "soon", None)
        assert team.decide(RereadWish.again, team.found()[:1]) == 1
        served = team.serve(team.ana)
        assert served is not None
        assert (served.protocol_id, served.strategy) == (team.ids[0], REREAD)
        assert served.reason == "to be read once more: the rubric has changed: look"
        assert team.serve(team.ana) == served  # open until it is answered, complete as it is
        other = team.serve(team.ben)
        assert other is not None
        assert other.protocol_id == team.half_read
        card = reading.next_card(session, team.project, team.ana.id, DICE)
        assert card is not None
        assert (card.level, card.is_reveal) == (2, True)  # it can be kept with one key
        before = card.latest.id if card.latest else None
        recorded = a_label(session, team.project, team.ids[0], by=team.ana.id, level=3)
        assert recorded.event_id != before
        after = team.serve(team.ana)
        assert after is None or after.strategy != REREAD
        left = team.found()
        assert [one.external_id for one in left] == ["P-3"]
        standing = rereading.standing(session, team.project, left)
        assert standing == rereading.Standing(undecided=1, asked=0, kept=0, reread=1)


def test_keeping_ends_it_and_a_later_version_asks_anew(any_database: Database) -> None:
    with any_database.write() as session:
        team = Team(session)
        found = team.found()
        team.decide(RereadWish.again, found)
        assert [one.wish for one in team.found()] == [RereadWish.again] * 2
        assert team.decide(RereadWish.kept, team.found()) == 2
        served = team.serve(team.ana)
        assert served is None or served.strategy != REREAD
        with pytest.raises(InvalidInput, match="not decided already"):
            team.decide(RereadWish.kept, team.found())
        team.publish("Something else.")
        assert [one.wish for one in team.found()] == [None, None]


def test_what_is_skipped_comes_again_when_nothing_else_is_left(database: Database) -> None:
    with database.write() as session:
        team = Team(session)
        (reading_of, *_) = team.found()
        team.decide(RereadWish.again, [reading_of])
        skip = a_request(team.ids[0], None, supersedes=reading_of.event_id, note="conflict")
        record_label(session, team.ana.id, team.project, skip)
        some_protocols(session, team.project, 5)
        strategies = []
        while served := team.serve(team.ana):
            strategies.append(served.strategy)
            a_label(session, team.project, served.protocol_id, by=team.ana.id, level=1)
        assert strategies[-1] == REREAD
        assert REREAD not in strategies[:-1]


def test_what_is_held_waits_and_who_left_is_not_asked(database: Database) -> None:
    with database.write() as session:
        team = Team(session)
        team.decide(RereadWish.again, team.found()[:1])
        queue_wishes.want(session, team.project, ["P-1"], Wish.held, "wrong text", None)
        served = team.serve(team.ana)
        assert served is None or served.strategy != REREAD
        team.decide(RereadWish.kept, team.found()[:1])
        accounts.set_role(session, team.project, team.ana, None, None)
        assert [one.is_member for one in team.found()] == [False, False]
        with pytest.raises(InvalidInput, match="Choose protocols"):
            team.decide(RereadWish.again, team.found())


def test_decisions_are_audited_only_ever_added_and_looks_are_noted(any_database: Database) -> None:
    with any_database.write() as session:
        team = Team(session)
        rereading.note_seen(session, team.found(), team.lea.id)
        seen = session.execute(select(Disclosure.protocol_id, Disclosure.account_id)).all()
        assert seen == [(team.ids[0], team.lea.id), (team.ids[2], team.lea.id)]
        team.decide(RereadWish.again, team.found())
        entry = session.scalars(select(AuditEvent).where(AuditEvent.action == "rubric.reread"))
        assert entry.one().account_id == team.lea.id
        assert len(session.scalars(select(RereadRequest)).all()) == 2
    with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
        session.execute(text("UPDATE reread_request SET wish = 'kept'"))
    with any_database.read() as session:
        assert session.get_one(Project, 1).rubric_version_id == 2
