"""Lots: drawn once for a reading, whoever reads and whatever it is, and kept."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sqlalchemy import select

from cer_assist.services import arms, projects, queue, rubrics
from cer_assist.services.dossier import open_dossier
from cer_assist.store.engine import Database
from cer_assist.store.tables import Serving
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Arm
from tests.builders import RUBRIC, a_label, a_member, a_project, some_protocols

SEED = 1  # its first two numbers are below and above a half


@pytest.mark.postgres
def test_a_share_of_the_readings_goes_without(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, no_suggestion_share=0.3, coders_per_protocol=2)
        coders = [a_member(session, project, name).id for name in ("ana", "ben")]
        count, dice = 60, random.Random(2)
        some_protocols(session, project, count)
        for account in coders:
            for _ in range(count):
                served = queue.serve_next(session, project, account, dice)
                assert served is not None
                a_label(session, project, served.protocol_id, by=account, level=2)
        drawn = session.execute(select(Serving.account_id, Serving.protocol_id, Serving.arm)).all()
    for account in coders:
        found = Counter(row.arm for row in drawn if row.account_id == account)
        assert set(found) == {Arm.none, Arm.suggestion}
        assert 9 <= found[Arm.none] <= 28  # outside by chance in less than one of a hundred
    none = [{row.protocol_id for row in drawn if row.arm == Arm.none and row.account_id == account}
            for account in coders]  # fmt: skip
    assert none[0] != none[1]  # of a reading, not of a protocol


@pytest.mark.postgres
def test_a_lot_is_kept_however_often_the_protocol_comes(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, no_suggestion_share=0.5)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        one, two, *_ = (protocol.id for protocol in some_protocols(session, project))
        dice = random.Random(SEED)
        for _ in range(12):
            for protocol in (one, two):
                queue.serve_picked(session, project, ana, protocol, dice=dice)
        project.no_suggestion_share = 0.0
        queue.serve_picked(session, project, ana, one, dice=dice)
        queue.serve_picked(session, project, ben, one, dice=dice)
        rows = session.execute(select(Serving.account_id, Serving.protocol_id, Serving.arm)).all()
    lots = {(row.account_id, row.protocol_id): row.arm for row in rows}
    assert len(rows) == 26
    assert all(lots[row.account_id, row.protocol_id] == row.arm for row in rows)
    assert lots[ben, one] is None  # nothing is drawn any more
    assert {lots[ana, one], lots[ana, two]} == set(Arm)  # by these dice


@pytest.mark.parametrize(
    ("policy", "share", "chance", "arm"),
    [
        (SuggestionPolicy.after, 0.0, 0.0, None),
        (SuggestionPolicy.hidden, 1.0, 0.0, None),
        (SuggestionPolicy.after, 0.1, 0.09, Arm.none),
        (SuggestionPolicy.after, 0.1, 0.1, Arm.suggestion),
        (SuggestionPolicy.shown, 1.0, 0.999, Arm.none),
    ],
)
def test_what_is_drawn(
    database: Database, policy: SuggestionPolicy, share: float, chance: float, arm: Arm | None
) -> None:
    class Fixed(random.Random):
        def random(self) -> float:
            return chance

    with database.write() as session:
        project = a_project(session, suggestion_policy=policy, no_suggestion_share=share)
        assert arms.draw(project, Fixed()) == arm


def test_a_new_project_draws_lots(database: Database) -> None:
    with database.write() as session:
        rubric = rubrics.store_rubric(session, RUBRIC.read_text(encoding="utf-8"), RUBRIC.name)
        assert projects.add_project(session, "new", "New", rubric).no_suggestion_share == 0.1


def test_the_lot_stands_in_the_history_for_who_has_no_reading_left_to_give(
    database: Database,
) -> None:
    with database.write() as session:
        project = a_project(session, no_suggestion_share=1.0, coders_per_protocol=2)
        protocol = some_protocols(session, project)[0]
        ana, ben, lea, udo = (
            a_member(session, project, name, role).id
            for name, role in (("ana", Role.coder), ("ben", Role.coder), ("lea", Role.lead),
                               ("udo", Role.auditor))
        )  # fmt: skip
        protocol.coders_missing = 2
        queue.serve_picked(session, project, ana, protocol.id)
        a_label(session, project, protocol.id, by=ana, level=2)

        def told(account: int, role: Role, *, asked: bool = False) -> list[str | None]:
            seen = open_dossier(session, project, protocol, account, role, asked=asked)
            return [one.detail.get("arm") for one in seen.lines if one.kind == "served"]

        assert told(udo, Role.auditor) == ["none"]
        assert told(ana, Role.coder, asked=True) == [None]
        assert told(lea, Role.lead) == []
        assert told(lea, Role.lead, asked=True) == [None]  # she may still read it
        a_label(session, project, protocol.id, by=ben, level=2)
        session.refresh(protocol)
        assert protocol.coders_missing == 0
        assert told(lea, Role.lead) == ["none"]
