"""The chain names the first event that was altered, whatever was done to the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from cer_assist.services import audit
from cer_assist.store.engine import Database
from tests.builders import a_label, a_member, a_project, some_protocols

OPEN_SQLITE = (
    "DROP TRIGGER label_event_no_update",
    "DROP TRIGGER label_event_no_delete",
    "DROP TRIGGER audit_event_no_update",
    "DROP TRIGGER audit_event_no_delete",
)


@pytest.fixture
def labelled(database: Database) -> Database:
    """Four labels and a way past the triggers, as someone with the file would have."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        for level, protocol in enumerate(some_protocols(session, project, 4), 1):
            a_label(session, project, protocol.id, by=ana.id, level=level)
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
            "DELETE FROM current_label; DELETE FROM label_event WHERE id = 4",
            "label event 4 was removed",
        ),
        (
            "INSERT INTO label_event SELECT 99, project_id, protocol_id, account_id, lane, action,"
            " 5, confidence, evidence, note, rubric_version_id, rubric_sha256, exposure,"
            " suggestion_id, serving_id, seconds, supersedes_id, 'another', request_sha256,"
            " origin, recorded_at, made_at, sha256 FROM label_event WHERE id = 1",
            "label event 99 is not in the audit chain",
        ),
    ],
)
def test_tampering_is_named(labelled: Database, tampering: str, named: str) -> None:
    with labelled.read() as session:
        assert audit.verify(session).intact
    with labelled.write() as session:
        for statement in tampering.split("; "):
            session.execute(text(statement))
    with labelled.read() as session:
        found = audit.verify(session)
    assert not found.intact
    assert found.fault is not None
    assert named in found.fault


def test_the_head_counts_events_and_labels(labelled: Database) -> None:
    with labelled.read() as session:
        found = audit.verify(session)
    assert (found.intact, found.labels, len(found.head)) == (True, 4, 64)
    assert found.events > 4
