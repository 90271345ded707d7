"""The number on the home page is as long as the list that it leads to, in worlds made by chance."""

from __future__ import annotations

import random
import secrets

import pytest
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Reason
from cer_assist.services import adjudicating, dispute_count, disputes, standing
from cer_assist.services.rulings import Ruling
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_member, a_project, some_protocols
from tests.services.benches import Bench, said_of

ACTS = (Act.send_back, Act.decide)


def a_world(session: Session, dice: random.Random) -> tuple[Project, list[int]]:
    """Protocols read by coders and leads, some settled, proposed, sent back and read again."""
    project = a_project(
        session,
        coders_per_protocol=2,
        adjudicators=dice.choice((1, 2, 2)),
        accepts_agreed=dice.random() < 0.5,
    )
    coders = [a_member(session, project, name).id for name in ("ana", "ben")]
    leads = [a_member(session, project, name, Role.lead).id for name in ("lea", "lou", "max")]
    leads = leads[: dice.choice((2, 3))]
    people = coders + leads
    for key in [protocol.id for protocol in some_protocols(session, project, 24)]:
        readers = dice.sample(people, dice.choice((1, 2, 2, 2, 2)))
        for who in readers:
            a_label(session, project, key, by=who, level=dice.randint(2, 4))
    for _ in range(20):
        act_on_one(
            session, project, dice, dice.choice(leads), dice.choice(ACTS), dice.choice((0, 0, 1, 2))
        )
    act_on_one(session, project, dice, leads[0], Act.send_back, 0)  # one at least is not to do
    return project, people


def act_on_one(
    session: Session, project: Project, dice: random.Random, lead: int, act: Act, again: int
) -> None:
    """A lead does something about one that waits for them; so many of its readers read again."""
    rows = disputes.docket(session, project, lead).rows
    waiting = [one for one in rows if not one.proposed_by_me]
    if not waiting:
        return
    key = dice.choice(waiting).protocol_id
    said = said_of(session, key)
    ruling = Ruling(key, act, tuple(said), secrets.token_hex(16), note="look again")
    if act is Act.decide:
        fields = (dice.randint(2, 4), Reason.slip)
        ruling = Ruling(key, act, tuple(said), secrets.token_hex(16), *fields)
    adjudicating.rule(session, project, lead, ruling)
    for one in standing.readings_of(session, key)[:again]:
        a_label(session, project, key, by=one.account_id, level=dice.randint(2, 4))


@pytest.mark.parametrize("seed", [0, 1, 4])  # of these some wait, and some for others
def test_the_number_is_that_of_the_list(any_database: Database, seed: int) -> None:
    with any_database.write() as session:
        project, people = a_world(session, random.Random(seed))
        dockets = {who: disputes.docket(session, project, who) for who in people}
        listed = {who: len(found.to_do) for who, found in dockets.items()}
        assert {who: dispute_count.to_do(session, project, who) for who in people} == listed
        assert any(listed.values())
        assert any(len(found.rows) != len(found.to_do) for found in dockets.values())


def test_two_adjudicators_who_propose_different_levels_both_have_it_to_do(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        bench = Bench(session, adjudicators=2)
        lou = a_member(session, bench.project, "lou", Role.lead).id
        bench.read(0, 1, 3)
        for who, level, left in ((bench.lea, 1, 0), (lou, 3, 1)):
            bench.rule(bench.asks(0, level=level), by=who)
            assert dispute_count.to_do(session, bench.project, bench.lea) == left
            assert len(bench.waiting().to_do) == left
        assert dispute_count.to_do(session, bench.project, lou) == 1
