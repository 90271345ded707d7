"""Doubtful levels: listed without their levels, sent to who has not read them."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import disputes, jobs, label_checks, queue
from cer_assist.services.label_checks import Suspect
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Job, Project
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_member, a_project, some_protocols

DICE = random.Random(1)


class Office:
    """Labels of ana, a coder ben who has read nothing, and a lead lea."""

    def __init__(self, session: Session, labels: int = 4) -> None:
        self.session = session
        self.project: Project = a_project(session)
        self.ana, self.ben = (a_member(session, self.project, name).id for name in ("ana", "ben"))
        self.lea = a_member(session, self.project, "lea", Role.lead).id
        protocols = some_protocols(session, self.project, labels)
        self.ids = [one.id for one in protocols]
        self.names = [one.external_id for one in protocols]
        for key in self.ids:
            a_label(session, self.project, key, by=self.ana, level=2)

    def found(self, *at: int) -> None:
        """What the worker would have stored: these protocols, the first gaining most."""
        suspects = [
            {"protocol": self.ids[one], "level": 2, "gain": 1 / (place + 1), "wrong": 0.9,
             "likely": 4}
            for place, one in enumerate(at)
        ]  # fmt: skip
        found = {"checked": len(self.ids), "kind": "blend", "suspects": suspects}
        label_checks.store(self.session, self.project.id, found)

    def listed(self) -> Sequence[Suspect]:
        return label_checks.standing(self.session, self.project.id).suspects


def test_the_list_is_in_order_and_loses_what_was_answered_since(any_database: Database) -> None:
    with any_database.write() as session:
        office = Office(session)
        office.found(2, 0, 1)
        assert [one.external_id for one in office.listed()] == ["P-3", "P-1", "P-2"]
        a_label(session, office.project, office.ids[0], by=office.ana, level=4)
        stands = label_checks.standing(session, office.project.id)
        assert [one.external_id for one in stands.suspects] == ["P-3", "P-2"]
        assert (stands.checked, stands.gone) == (4, 1)
        office.found(1)
        assert [one.external_id for one in office.listed()] == ["P-2"]


def test_no_level_is_on_the_list() -> None:
    assert not {"level", "likely", "wrong"} & set(Suspect.__slots__)


def test_what_is_sent_comes_blind_and_a_difference_waits_to_be_settled(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        office = Office(session)
        office.found(2, 0)
        sent = label_checks.send(session, office.project, ["P-3", "P-3"], office.ben, office.lea)
        assert sent.pairs == [(office.ids[2], office.ben)]
        assert [one.is_asked for one in office.listed()] == [True, False]
        served = queue.serve_next(session, office.project, office.ben, DICE)
        assert served is not None
        assert (served.protocol_id, served.reason) == (office.ids[2], "assigned to you")
        a_label(session, office.project, office.ids[2], by=office.ben, level=4)
        assert [one.external_id for one in office.listed()] == ["P-1"]
        docket = disputes.docket(session, office.project, office.lea)
        assert [(one.external_id, one.distance) for one in docket.rows] == [("P-3", 2)]


def test_who_gave_the_level_is_not_asked_and_nothing_beside_the_list_is_sent(
    database: Database,
) -> None:
    with database.write() as session:
        office = Office(session)
        office.found(0)
        for names, coder in ((["P-1"], office.ana), (["P-2"], office.ben), ([], office.ben)):
            with pytest.raises(InvalidInput):
                label_checks.send(session, office.project, names, coder, office.lea)


def test_a_check_is_asked_for_once_and_takes_labels(any_database: Database) -> None:
    with any_database.write() as session:
        office = Office(session)
        with pytest.raises(InvalidInput, match="at least 60 protocols"):
            label_checks.ask(session, office.project, office.lea)
        for protocol in some_protocols(session, office.project, 60)[4:]:
            a_label(session, office.project, protocol.id, by=office.ana, level=3)
        label_checks.ask(session, office.project, office.lea)
        stands = label_checks.standing(session, office.project.id)
        assert stands.job is not None
        with pytest.raises(InvalidInput, match="under way"):
            label_checks.ask(session, office.project, office.lea)
        waiting = session.scalars(select(Job.kind)).all()
        assert waiting.count(jobs.LABEL_CHECK) == 1
        assert "label_check.asked" in session.scalars(select(AuditEvent.action)).all()
