"""A pseudonym is drawn once, stays for ever and says nothing of when its coder came."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from cer_assist.services import pseudonyms
from cer_assist.store.engine import Database
from cer_assist.store.tables import CoderPseudonym
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
