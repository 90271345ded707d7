"""Imports store everything or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select

from cer_assist.domain.labels import Action, Evidence, Exposure, Lane, PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.imports import parse_files
from cer_assist.services import importing, labelling, training_data
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, CurrentLabel, Job, LabelEvent, Protocol
from tests.builders import a_label, a_member, a_project, a_request

TEXTS = [compose(f"P-{n}", f"Study {n}", [("Aims", f"Aim number {n}.")]) for n in range(3)]


def test_labels_come_in_under_their_coders_and_final_settles(any_database: Database) -> None:
    labels = [
        PriorLabel("P-0", "reader-1", 2, 3, "Aim number", "clear"),
        PriorLabel("P-0", "reader-2", 4, None, "", ""),
        PriorLabel("P-0", "final", 3, None, "", "adjudicated"),
        PriorLabel("P-1", "reader-1", 5, None, "", ""),
    ]
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        report = import_protocols(session, project, TEXTS, labels, by=None)
        assert (report.protocols, report.labels, report.errors) == (3, 4, [])
        assert sorted(report.new_coders) == ["final", "reader-1", "reader-2"]
        event = session.scalars(select(LabelEvent).order_by(LabelEvent.id)).first()
        assert event is not None
        assert event.evidence == [{"start": 9, "end": 19, "quote": "Aim number"}]
        assert (event.exposure, event.origin) == (Exposure.unknown, "import")
        finals = training_data.final_levels(session, project.id)
        assert sorted(finals.values(), key=str) == [(3, "adjudicated"), (5, "single")]
        missing = session.scalars(select(Protocol.coders_missing).order_by(Protocol.id)).all()
        assert list(missing) == [0, 1, 2]
        assert session.scalars(select(Account.password_hash)).all() == [None, None, None]
        assert set(session.scalars(select(Job.kind))) == {"encode", "retrain"}
        assert verify(session).intact


@pytest.mark.parametrize(("characters", "statements"), [(4_000_000, 2), (10_000, 3)])
def test_many_protocols_take_few_statements_and_keep_their_order(
    any_database: Database, monkeypatch: pytest.MonkeyPatch, characters: int, statements: int
) -> None:
    """SQLite's search index sorts its words in after every statement: one a protocol is slow."""
    texts = [compose(f"P-{n}", f"Study {n}", [("Aims", "Walk.")]) for n in range(1500, 0, -1)]
    monkeypatch.setattr(importing, "_BATCH_CHARACTERS", characters)
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.extend([statement] * (len(values) if isinstance(values, list) else 1))

    event.listen(any_database.engine, "before_cursor_execute", note)
    with any_database.write() as session:
        project = a_project(session)
        import_protocols(session, project, texts, [], by=None)
        stored = session.scalars(select(Protocol.external_id).order_by(Protocol.id)).all()
        assert list(stored) == [text.external_id for text in texts]
    assert sum(statement.startswith("INSERT INTO protocol ") for statement in sent) == statements


def test_any_fault_stores_nothing(database: Database) -> None:
    labels = [
        PriorLabel("P-9", "reader-1", 2, file="labels.csv", row=3),
        PriorLabel("P-1", "reader-1", 7),
    ]
    with database.write() as session:
        project = a_project(session)
        report = import_protocols(session, project, TEXTS, labels, by=None)
        assert len(report.errors) == 2
        assert str(report.errors[0]).startswith("labels.csv, row 3: protocol P-9")
        assert "choose 1 to 5" in str(report.errors[1])
        assert session.scalar(select(func.count()).select_from(Protocol)) == 0


def test_again_is_harmless_and_another_text_is_refused(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        import_protocols(session, project, TEXTS, [], by=None)
        again = import_protocols(session, project, TEXTS, [], by=None)
        assert (again.protocols, again.already_there) == (0, 3)
        changed = [compose("P-1", "Study 1", [("Aims", "Something else.")])]
        report = import_protocols(session, project, changed, [], by=None)
        assert "-A1" in str(report.errors[0])
        twin = [compose("P-7", "Study 1", [("Aims", "Aim number 1.")])]
        report = import_protocols(session, project, twin, [], by=None)
        assert report.duplicates == [("P-7", "P-1")]


def test_an_import_changes_no_answers_made_here(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        import_protocols(session, project, TEXTS, [], by=None)
        first = session.scalars(select(Protocol.id).order_by(Protocol.id)).first()
        assert first is not None
        a_label(session, project, first, by=ana.id, level=2)
        forged = [PriorLabel("P-0", "Ana", 5, file="labels.csv", row=2)]
        report = import_protocols(session, project, [], forged, by=None)
        assert str(report.errors[0]).startswith("labels.csv, row 2: Ana has already answered P-0")
        same = [PriorLabel("P-0", "ana", 2), PriorLabel("P-1", "ana", 5)]
        report = import_protocols(session, project, [], same, by=None)
        assert (report.labels, report.labels_already_there, report.errors) == (1, 1, [])
        assert session.scalar(select(func.count()).select_from(LabelEvent)) == 2


def test_a_dry_run_stores_nothing(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        report = import_protocols(session, project, TEXTS, [], by=None, dry_run=True)
        assert report.protocols == 3
        assert session.scalar(select(func.count()).select_from(Protocol)) == 0


def test_the_reference_data(database: Database, reference_data: Path) -> None:
    folder = reference_data / "cenr"
    parsed = parse_files([folder / "protocols.jsonl"], {}, folder / "labels.csv")
    pool = parse_files([folder / "pool.jsonl.gz"], {}, None)
    assert parsed.errors == pool.errors == []
    with database.write() as session:
        project = a_project(session)
        report = import_protocols(session, project, parsed.protocols, parsed.labels, by=None)
        assert (report.protocols, report.labels, report.errors) == (404, 1212, [])
        report = import_protocols(session, project, pool.protocols, [], by=None)
        assert (report.protocols, report.errors) == (3991, [])
        levels = training_data.training_levels(session, project.id)
        counts = [list(levels.values()).count(level) for level in range(1, 6)]
        assert counts == [155, 43, 110, 80, 16]
        finals = select(func.count()).select_from(CurrentLabel)
        assert session.scalar(finals.where(CurrentLabel.lane == Lane.final)) == 404
        assert verify(session).intact


def test_a_settled_protocol_stays_settled(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana = a_member(session, project, "ana")
        import_protocols(session, project, TEXTS[:1], [PriorLabel("P-0", "final", 3)], by=None)
        (only,) = session.scalars(select(Protocol.id)).all()
        made = a_label(session, project, only, by=ana.id, level=4)
        undo = a_request(only, None, supersedes=made.event_id, action=Action.withdraw)
        labelling.record_label(session, ana.id, project, undo)
        session.expire_all()
        assert session.get_one(Protocol, only).coders_missing == 0


def test_a_place_that_does_not_hold_its_quote_is_dropped(database: Database) -> None:
    spans = (Evidence(9, 12, "Aim"), Evidence(0, 3, "Aim"), Evidence(5000, 5003, "Aim"))
    label = PriorLabel("P-0", "bob", 3, evidence_spans=spans)
    with database.write() as session:
        project = a_project(session)
        import_protocols(session, project, TEXTS[:1], [label], by=None)
        event = session.scalars(select(LabelEvent)).one()
        assert event.evidence == [
            {"start": 9, "end": 12, "quote": "Aim"},
            {"quote": "Aim"},
            {"quote": "Aim"},
        ]
