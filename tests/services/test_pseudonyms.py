"""A pseudonym is drawn once, stays for ever and says nothing of when its coder came."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from cer_assist.services import pseudonyms
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, CoderPseudonym
from cer_assist.store.tables.accounts import Role
from tests.builders import a_member, a_project


def test_numbers_stay_and_are_drawn_among_those_new_at_once(any_database: Database) -> None:
    names = [f"c{number}" for number in range(12)]
    orders = set()
    for slug in ("one", "two"):
        with any_database.write() as session:
            project = a_project(session, slug)
            for name in names:
                a_member(session, project, f"{name}-{slug}")
            a_member(session, project, f"watching-{slug}", Role.auditor)
            pseudonyms.give(session, project.id)
            first = pseudonyms.of_coders(session, project.id)
            record = pseudonyms.of_records(session, project.id)("HM1")
            a_member(session, project, f"late-{slug}")
            pseudonyms.give(session, project.id)
            later = pseudonyms.of_coders(session, project.id)
            assert pseudonyms.of_records(session, project.id)("HM1") == record
        assert sorted(first.values()) == [f"coder-{number:02}" for number in range(1, 13)]
        assert later == first | {f"late-{slug}": "coder-13"}
        orders.add(tuple(first[f"{name}-{slug}"] for name in names))
    with any_database.read() as session:
        assert verify(session).intact
    assert len(orders) == 2  # 1 in 479,001,600 that chance makes them equal


def test_what_a_coder_is_called_cannot_be_changed(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        a_member(session, project, "ana")
        pseudonyms.give(session, project.id)
    for statement in ("UPDATE coder_pseudonym SET number = 9", "DELETE FROM pseudonym_key"):
        with pytest.raises(DatabaseError, match="append-only"), any_database.write() as session:
            session.execute(text(statement))
    with any_database.read() as session:
        assert session.query(CoderPseudonym).one().number == 1


_SWAP = "UPDATE coder_pseudonym SET number = {} WHERE account_id = {} AND project_id = 1"
TAMPERED = {
    "coder-01 of account 2 in project 1 was altered": [
        _SWAP.format(9, 1),
        _SWAP.format(1, 2),
        _SWAP.format(2, 1),
    ],
    "coder-07 of account 1 in project 1 was altered": [_SWAP.format(7, 1)],
    "pseudonym of account 2 in project 1 was removed": [
        "DELETE FROM coder_pseudonym WHERE account_id = 2"
    ],
    "coder-08 of account 3 in project 1 is not in the audit chain": [
        "INSERT INTO coder_pseudonym VALUES (1, 3, 8)"
    ],
    "the key of the pseudonyms of project 1 was altered": ["UPDATE pseudonym_key SET key = 'ab'"],
}


@pytest.mark.parametrize("told", TAMPERED)
def test_a_pseudonym_that_is_not_as_drawn_is_named(database: Database, told: str) -> None:
    with database.write() as session:
        project = a_project(session)
        people = [a_member(session, project, name).id for name in ("ana", "ben")]
        session.execute(text("INSERT INTO coder_pseudonym VALUES (1, 1, 1), (1, 2, 2)"))  # older
        pseudonyms.give(session, project.id)
        a_member(session, project, "cleo", Role.auditor)
        for _ in range(2):  # nobody new: nothing more to vouch for
            pseudonyms.give(session, project.id)
        assert people == [1, 2]
        assert session.query(AuditEvent).filter_by(action=pseudonyms.DRAWN).count() == 1
        assert verify(session).intact
        for event in ("update", "delete"):
            for table in ("coder_pseudonym", "pseudonym_key"):
                session.execute(text(f"DROP TRIGGER {table}_no_{event}"))
        for statement in TAMPERED[told]:
            session.execute(text(statement))
        assert (verify(session).fault or "").endswith(told)
