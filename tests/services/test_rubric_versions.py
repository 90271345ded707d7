"""From one version of a rubric to the next: one transaction, and labels keep theirs."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.wording import wording_of, yaml_of
from cer_assist.services import export_rows, rubric_versions
from cer_assist.services.labelling import record_label
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Job, LabelEvent, Project, RubricPublication
from tests.builders import (
    RUBRIC,
    a_label,
    a_member,
    a_new_rubric,
    a_project,
    a_request,
    some_protocols,
)

DEFINITION = "A partner lends a room."


def next_text(
    session: Session, project: Project, number: int = 2, rubric_id: str = "cenr-5"
) -> str:
    """The rubric with another definition of level 2."""
    return a_new_rubric(session, project, 2, DEFINITION, number=number, rubric_id=rubric_id)


def test_publishing_moves_the_project_and_leaves_labels_where_they_were(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea, ana = a_member(session, project, "lea"), a_member(session, project, "ana")
        first, second, _ = some_protocols(session, project)
        a_label(session, project, first.id, by=ana.id, level=2)
        old = project.rubric_version_id
        new_text = next_text(session, project)
        row = rubric_versions.publish(session, project.id, new_text, " rooms ", None, lea.id)
        a_label(session, project, second.id, by=ana.id, level=2)
        assert project.rubric_version_id == row.id != old
        assert project_rubric(session, project).level(2).definition == DEFINITION
        events = session.scalars(select(LabelEvent).order_by(LabelEvent.id)).all()
        assert [event.rubric_version_id for event in events] == [old, row.id]
        assert events[1].rubric_sha256 == row.sha256 != events[0].rubric_sha256
        rows = list(export_rows.label_event_rows(session, project))
        assert [(one["rubric_version"], one["rubric_sha256"]) for one in rows] == [
            (1, events[0].rubric_sha256),
            (2, row.sha256),
        ]
        protocols = export_rows.protocol_rows(session, project)
        assert [one["rubric_version"] for one in protocols] == [1, 2, 2]
        log = rubric_versions.versions(session, project)
        assert [(one.number, one.by, one.note, one.touched) for one in log] == [
            (1, None, "", ()),
            (2, "lea", "rooms", (2,)),
        ]
        entry = session.scalars(select(AuditEvent).where(AuditEvent.action == "rubric.published"))
        detail = json.loads(entry.one().detail)
        assert (detail["version"], detail["touched"], detail["sha256"]) == (2, "2", row.sha256)
        assert verify(session).intact
        (retrain,) = session.scalars(select(Job).where(Job.kind == "retrain")).all()
        assert retrain.state == "queued"


def test_what_was_published_is_undone_with_its_jobs_and_log(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
    with pytest.raises(RuntimeError, match="taken back"), database.write() as session:
        project = session.get_one(Project, 1)
        rubric_versions.publish(session, 1, next_text(session, project), "why", None, None)
        raise RuntimeError("taken back")
    with database.read() as session:
        project = session.get_one(Project, 1)
        assert project_rubric(session, project).version == 1
        assert session.scalars(select(RubricPublication)).all() == []
        assert session.scalars(select(Job).where(Job.kind == "retrain")).all() == []


@pytest.mark.parametrize(
    ("number", "rubric_id", "note", "touched", "fault"),
    [
        (2, "cenr-5", " ", None, "Say what changed"),
        (1, "cenr-5", "why", None, "Version 1 is in use. Give the new wording the number 2"),
        (2, "other", "why", None, "make a new project"),
        (2, "cenr-5", "why", [9], "Only levels of the scale"),
    ],
)
def test_what_is_no_next_version_changes_nothing(
    database: Database,
    number: int,
    rubric_id: str,
    note: str,
    touched: list[int] | None,
    fault: str,
) -> None:
    with database.write() as session:
        project = a_project(session)
        new_text = next_text(session, project, number, rubric_id)
        with pytest.raises(InvalidInput, match=fault):
            rubric_versions.publish(session, project.id, new_text, note, touched, None)
        assert project_rubric(session, project).version == 1


def test_the_same_words_are_no_version(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        same = yaml_of(wording_of(project_rubric(session, project)), "cenr-5", 2)
        assert same != RUBRIC.read_text(encoding="utf-8")
        with pytest.raises(InvalidInput, match="Nothing reads otherwise"):
            rubric_versions.publish(session, project.id, same, "why", None, None)


def test_a_number_means_one_wording_over_all_projects(database: Database) -> None:
    with database.write() as session:
        one, other = a_project(session, "one"), a_project(session, "other")
        rubric_versions.publish(session, one.id, next_text(session, one), "why", None, None)
        assert rubric_versions.next_number(session, "cenr-5") == 3
        with pytest.raises(NotFound, match="never coded under version 2"):
            rubric_versions.find_version(session, other, 2)
        mine = a_new_rubric(session, other, 4, "Elsewhere.", number=3)
        rubric_versions.publish(session, other.id, mine, "why", None, None)
        assert [v.number for v in rubric_versions.versions(session, other)] == [1, 3]
        assert [v.number for v in rubric_versions.versions(session, one)] == [1, 2]


def test_an_answer_carries_the_version_that_was_on_screen(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana")
        first, second, _ = some_protocols(session, project)
        on_screen, before = project.rubric_version_id, project_rubric(session, project)
        new = next_text(session, project)
        rubric_versions.publish(session, project.id, new, "why", None, None)
        request = a_request(first.id, 3, rubric_version_id=on_screen)
        recorded = record_label(session, ana.id, project, request)
        event = session.get_one(LabelEvent, recorded.event_id)
        assert (event.rubric_version_id, event.rubric_sha256) == (on_screen, before.sha256)
        assert record_label(session, ana.id, project, request).repeated
        other = a_request(second.id, 3, rubric_version_id=project.rubric_version_id)
        event = session.get_one(LabelEvent, record_label(session, ana.id, project, other).event_id)
        assert event.rubric_version_id == project.rubric_version_id


def test_an_answer_read_by_a_strange_rubric_is_refused(database: Database) -> None:
    with database.write() as session:
        one, other = a_project(session, "one"), a_project(session, "other")
        ana = a_member(session, other, "ana")
        foreign = rubric_versions.publish(
            session, one.id, next_text(session, one), "why", None, None
        )
        protocol = some_protocols(session, other)[0]
        request = a_request(protocol.id, 3, rubric_version_id=foreign.id)
        with pytest.raises(InvalidInput, match="reload it"):
            record_label(session, ana.id, other, request)


def test_the_change_log_is_only_ever_added_to(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        new = next_text(session, project)
        rubric_versions.publish(session, project.id, new, "why", None, None)
    for statement in (
        "UPDATE rubric_publication SET note = 'x'",
        "DELETE FROM rubric_publication",
    ):
        with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
            session.execute(text(statement))
