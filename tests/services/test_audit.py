"""The chain names the first event that was altered, whatever was done to the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.services import audit, labelling
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent
from tests.builders import a_label, a_member, a_project, a_request, some_protocols

OPEN_SQLITE = [
    f"DROP TRIGGER {table}_no_{verb}"
    for table in ("label_event", "audit_event", "protocol", "rubric_version")
    for verb in ("update", "delete", "replace")
]


def label_four(database: Database) -> None:
    """Four protocols with one label each."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        for level, protocol in enumerate(some_protocols(session, project, 4), 1):
            a_label(session, project, protocol.id, by=ana.id, level=level)


@pytest.fixture
def labelled(database: Database) -> Database:
    """Four labels and a way past the triggers, as someone with the file would have."""
    label_four(database)
    with database.write() as session:
        for statement in OPEN_SQLITE:
            session.execute(text(statement))
    return database


@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ("UPDATE label_event SET level = 1 WHERE id = 3", "label event 3 was altered"),
        ("UPDATE label_event SET note = 'x' WHERE id = 2", "label event 2 was altered"),
        ("UPDATE label_event SET exposure = 'prefilled' WHERE id = 1", "label event 1 was altered"),
        ("UPDATE audit_event SET at = '2020-01-01 00:00:00' WHERE id = 4", "audit event 4 "),
        ("UPDATE audit_event SET account_id = 1 WHERE id = 2", "audit event 2 "),
        ("UPDATE audit_event SET detail = '{}' WHERE id = 5", "audit event 5 "),
        ("UPDATE audit_event SET sha256 = previous_sha256 WHERE id = 3", "audit event 3 "),
        ("DELETE FROM audit_event WHERE id = 4", "audit event 4 is missing"),
        ("DELETE FROM audit_event WHERE id >= 7", "audit event 7 and later are missing"),
        (
            "DELETE FROM current_label; DELETE FROM desk_row; DELETE FROM label_event WHERE id = 4",
            "label event 4 was removed",
        ),
        (
            "INSERT INTO label_event SELECT 99, project_id, protocol_id, account_id, lane, action,"
            " 5, confidence, evidence, note, rubric_version_id, rubric_sha256, exposure,"
            " suggestion_id, serving_id, seconds, supersedes_id, 'another', request_sha256,"
            " origin, recorded_at, made_at, sha256 FROM label_event WHERE id = 1",
            "label event 99 is not in the audit chain",
        ),
        ("UPDATE current_label SET level = 5 WHERE protocol_id = 2", "on protocol 2 was altered"),
        ("DELETE FROM current_label WHERE protocol_id = 3", "on protocol 3 was altered"),
        ("UPDATE desk_row SET level = 5 WHERE event_id = 3", "row of label event 3 is not what"),
        ("UPDATE protocol SET text = 'x' WHERE id = 2", "the text of protocol P-2 was altered"),
        (
            "UPDATE protocol SET text = (SELECT text FROM protocol WHERE id = 1), "
            "sections = (SELECT sections FROM protocol WHERE id = 1), "
            "content_hash = (SELECT content_hash FROM protocol WHERE id = 1) WHERE id = 2",
            "protocols of project 1 are not those that were imported",
        ),
        ("UPDATE rubric_version SET text = 'x'", "the wording of rubric cenr-5 version 1"),
    ],
)
def test_tampering_is_named(labelled: Database, tampering: str, named: str) -> None:
    with labelled.read() as session:
        assert verify(session).intact
    with labelled.write() as session:
        for statement in tampering.split("; "):
            session.execute(text(statement))
    with labelled.read() as session:
        found = verify(session)
    assert not found.intact
    assert found.fault is not None
    assert named in found.fault


def test_the_head_counts_events_and_labels(labelled: Database) -> None:
    with labelled.read() as session:
        found = verify(session)
    assert (found.intact, found.labels, len(found.head)) == (True, 4, 64)
    assert found.events > 4


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO label_event SELECT * FROM label_event WHERE id = 1",
        "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event WHERE id = 2",
        "INSERT OR REPLACE INTO rubric_version SELECT * FROM rubric_version",
        "INSERT OR REPLACE INTO protocol SELECT * FROM protocol WHERE id = 1",
    ],
)
def test_replacing_a_row_is_a_change_too(database: Database, statement: str) -> None:
    label_four(database)
    with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
        session.execute(text(statement))


def test_a_label_cannot_be_recorded_twice(labelled: Database) -> None:
    with labelled.write() as session:
        session.execute(text("UPDATE label_event SET level = 1 WHERE id = 3"))
        forged = session.get_one(LabelEvent, 3)
        entry = audit.label_entry(3, {"sha256": audit.label_sha256(forged), **vars(forged)})
        audit.append(session, entry, account_id=1, project_id=1)
    with labelled.read() as session:
        assert "label:3 a second time" in str(verify(session).fault)


def test_an_earlier_head_shows_a_chain_cut_short(labelled: Database) -> None:
    with labelled.read() as session:
        found = verify(session)
    with labelled.write() as session:
        session.execute(text("DELETE FROM audit_event WHERE id = :last"), {"last": found.events})
        session.execute(
            text(
                "UPDATE audit_head SET event_id = :last - 1, sha256 = "
                "(SELECT sha256 FROM audit_event WHERE id = :last - 1)"
            ),
            {"last": found.events},
        )
        session.execute(text("DELETE FROM current_label WHERE protocol_id = 4"))
        session.execute(text("DELETE FROM desk_row WHERE protocol_id = 4"))
        session.execute(text("DELETE FROM label_event WHERE id = 4"))
    with labelled.read() as session:
        assert verify(session).intact  # nothing inside the database can tell
        noted = verify(session, (found.events, found.head))
    assert f"event {found.events} was there" in str(noted.fault)


@pytest.mark.parametrize("seconds", [-0.0, 1 / 3, 12.0005, 1e-9])
def test_what_is_hashed_reads_the_same_later(any_database: Database, seconds: float) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        request = a_request(first.id, 3, seconds=seconds, note="caf\u00e9 \x00 \u2028 end ")
        labelling.record_label(session, ana.id, project, request)
    with any_database.read() as session:
        assert verify(session).intact


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_time_that_is_none_is_refused(database: Database, seconds: float) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        with pytest.raises(InvalidInput, match="number of seconds"):
            request = a_request(first.id, 3, seconds=seconds)
            labelling.record_label(session, ana.id, project, request)
        label = PriorLabel("P-1", "bob", 2, seconds=seconds)
        report = import_protocols(session, project, [], [label], by=None)
        assert "number of seconds" in str(report.errors[0])
