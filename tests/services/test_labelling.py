"""One label's way into the database, on both databases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.errors import IdempotencyMismatch, InvalidInput, NotFound, StaleLabel
from cer_assist.domain.labels import Action, Exposure
from cer_assist.services import audit, history, labelling, pinning, reading, suggestions
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, CurrentLabel, Job, LabelEvent, Protocol
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_label, a_member, a_model, a_project, a_request, some_protocols


def test_a_label_its_audit_entry_and_its_retraining_are_one(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        recorded = a_label(session, project, first.id, by=ana.id, level=4)
    with any_database.read() as session:
        event = session.get_one(LabelEvent, recorded.event_id)
        assert (event.level, event.exposure, event.action) == (4, Exposure.blind, Action.label)
        assert len(event.rubric_sha256) == 64
        entry = session.scalars(
            select(AuditEvent).where(AuditEvent.subject == f"label:{event.id}")
        ).one()
        assert json.loads(entry.detail)["sha256"] == event.sha256 == audit.label_sha256(event)
        assert session.scalars(select(Job.kind).where(Job.kind == "retrain")).one() == "retrain"
        assert session.get_one(Protocol, first.id).coders_missing == 0
        assert verify(session).intact


def test_a_rolled_back_label_leaves_nothing(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
    with any_database.read() as session:
        before = session.scalar(select(func.count()).select_from(AuditEvent))
    with pytest.raises(RuntimeError, match="power cut"), any_database.write() as session:
        a_label(session, project, first.id, by=ana.id, level=4)
        raise RuntimeError("power cut")
    with any_database.read() as session:
        assert session.scalars(select(LabelEvent)).all() == []
        assert session.scalars(select(Job).where(Job.kind == "retrain")).all() == []
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == before


def test_the_same_key_twice_gives_the_first_result(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        request = a_request(first.id, 2)
        original = labelling.record_label(session, ana.id, project, request)
    with any_database.write() as session:
        again = labelling.record_label(session, ana.id, project, request)
        assert again.repeated
        assert replace(again, repeated=False) == original
        assert session.scalar(select(func.count()).select_from(LabelEvent)) == 1
        with pytest.raises(IdempotencyMismatch, match="Reload"):
            labelling.record_label(session, ana.id, project, replace(request, level=3))


def test_a_stale_form_gets_both_versions(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        stored = a_label(session, project, first.id, by=ana.id, level=2)
        with pytest.raises(StaleLabel) as caught:
            labelling.record_label(session, ana.id, project, a_request(first.id, 5))
        assert caught.value.stored.event_id == stored.event_id
        assert (caught.value.stored.level, caught.value.submitted.level) == (2, 5)


def test_a_correction_supersedes_and_undo_reopens(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        one = a_label(session, project, first.id, by=ana.id, level=2)
        two = a_label(session, project, first.id, by=ana.id, level=3)
        assert session.get_one(LabelEvent, two.event_id).supersedes_id == one.event_id
        undo = a_request(first.id, None, supersedes=two.event_id, action=Action.withdraw)
        labelling.record_label(session, ana.id, project, undo)
        session.expire_all()
        assert session.get_one(Protocol, first.id).coders_missing == 1
        current = session.get_one(CurrentLabel, (first.id, ana.id, "coder"))
        assert (current.action, current.level) == (Action.withdraw, None)
        assert [e.level for e in session.scalars(select(LabelEvent).order_by(LabelEvent.id))] == [
            2,
            3,
            None,
        ]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([], Exposure.blind),
        ([Disclosed.suggestion], Exposure.after_suggestion),
        ([Disclosed.peer_label, Disclosed.suggestion], Exposure.after_peer),
    ],
)
def test_exposure_is_what_the_server_showed(
    database: Database, seen: list[Disclosed], expected: Exposure
) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        a_model(session, project, {first.id: (3, [0.1, 0.2, 0.4, 0.2, 0.1])})
        suggestion = suggestions.current_suggestion_id(session, project.id, first.id)
        for what in seen:
            shown = suggestion if what is Disclosed.suggestion else None
            history.disclose(session, first.id, ana.id, what, shown)
        recorded = a_label(session, project, first.id, by=ana.id, level=3)
        event = session.get_one(LabelEvent, recorded.event_id)
        assert event.exposure == expected
        assert event.suggestion_id == (suggestion if Disclosed.suggestion in seen else None)


def test_after_a_roll_back_the_event_names_the_suggestion_that_was_shown(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session, suggestion_policy="shown")
        ana, lea = (a_member(session, project, name).id for name in ("ana", "lea"))
        first, *_ = some_protocols(session, project)
        earlier = a_model(session, project, {first.id: (2, [0.1, 0.6, 0.2, 0.06, 0.04])})
        a_model(session, project, {first.id: (4, [0.04, 0.06, 0.2, 0.6, 0.1])})
        card = reading.picked_card(session, project, ana, first.id)
        assert card.suggestion is not None
        assert card.suggestion.level == 4
        skip = a_request(first.id, None)
        skipped = labelling.record_label(session, ana, project, skip)
        pinning.pin(session, project, earlier, lea)
        card = reading.picked_card(session, project, ana, first.id)
        assert card.suggestion is not None
        assert card.suggestion.level == 2
        answer = a_request(first.id, 2, supersedes=skipped.event_id)
        event = session.get_one(
            LabelEvent, labelling.record_label(session, ana, project, answer).event_id
        )
        assert event.exposure == Exposure.after_suggestion
        assert event.suggestion_id == card.suggestion.id


@pytest.mark.parametrize(
    "fault",
    [
        {"level": 6},
        {"level": 0},
        {"confidence": 4},
        {"evidence": ((0, 10_000),)},
        {"evidence": ((5, 5),)},
        {"note": "x" * 5000},
        {"action": Action.skip},
        {"idempotency_key": "short"},
    ],
)
def test_unusable_answers_are_refused_with_a_reason(
    database: Database, fault: dict[str, Any]
) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        with pytest.raises(InvalidInput, match=r"\w+"):
            labelling.record_label(
                session, ana.id, project, a_request(first.id, **{"level": 3} | fault)
            )
        assert session.scalars(select(LabelEvent)).all() == []


def test_a_protocol_of_another_project_is_not_found(database: Database) -> None:
    with database.write() as session:
        project, other = a_project(session), a_project(session, "other")
        ana = a_member(session, project, "ana")
        foreign, *_ = some_protocols(session, other)
        with pytest.raises(NotFound):
            labelling.record_label(session, ana.id, project, a_request(foreign.id))


def test_evidence_keeps_the_quote_in_code_points(database: Database) -> None:
    from tests.builders import a_protocol

    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        protocol = a_protocol(session, project, "Caf\u00e9 \U0001f600 elders lead e\u0301t\u00e9.")
        start = protocol.text.index("elders")
        request = a_request(protocol.id, 5, evidence=((start, start + 6),))
        recorded = labelling.record_label(session, ana.id, project, request)
        event = session.get_one(LabelEvent, recorded.event_id)
        assert event.evidence == [{"start": start, "end": start + 6, "quote": "elders"}]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE label_event SET level = 1",
        "DELETE FROM label_event",
        "UPDATE audit_event SET detail = '{}'",
        "DELETE FROM audit_event",
        "UPDATE rubric_version SET text = 'x'",
    ],
)
def test_append_only_tables_refuse_changes(any_database: Database, statement: str) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, *_ = some_protocols(session, project)
        a_label(session, project, first.id, by=ana.id, level=4)
    with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
        session.execute(text(statement))
