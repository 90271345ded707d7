"""Which version is in use: pinned, rolled back to, unpinned; and what is kept for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cer_assist.domain.errors import NotFound
from cer_assist.services import models, pinning, reading
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Job, ModelVersion, Project, Suggestion
from tests.builders import a_member, a_model, a_project, some_protocols

PROBABILITIES = [0.1, 0.6, 0.2, 0.06, 0.04]


def versions(session: Session, project: Project, count: int) -> list[int]:
    """So many published versions that have scored the same three protocols."""
    protocols = some_protocols(session, project)
    said = {protocol.id: (2, PROBABILITIES) for protocol in protocols}
    return [a_model(session, project, said) for _ in range(count)]


def recorded(session: Session, action: str) -> list[dict[str, Any]]:
    """Details of the audit events of one kind."""
    found = session.scalars(select(AuditEvent.detail).where(AuditEvent.action == action))
    return [json.loads(detail) for detail in found]


def kept(session: Session) -> set[int]:
    """Versions that still have suggestions."""
    return set(session.scalars(select(Suggestion.model_version_id).distinct()))


def test_a_pinned_version_stays_in_use_whatever_is_published(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        first, second = versions(session, project, 2)
        assert models.current_version_id(session, project.id) == second
        pinning.pin(session, project, second, lea.id)
        third = a_model(session, project, {})
        assert models.current_version_id(session, project.id) == second
        assert reading.model_line(session, project.id) == reading.ModelLine(2, 5)
        assert models.current_version(session, project.id) is session.get(ModelVersion, second)
        stands = pinning.standing(session, project)
        assert stands.pinned is not None
        assert (stands.pinned.by, stands.pinned.waiting) == ("lea", [3])
        assert stands.previous is not None
        assert stands.previous.id == first
        pinning.unpin(session, project, lea.id)
        assert models.current_version_id(session, project.id) == third
        stands = pinning.standing(session, project)
        assert stands.pinned is None
        assert stands.previous is not None
        assert stands.previous.id == second
        assert verify(session).intact


def test_each_choice_is_an_event_that_says_what_it_replaced(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        first, _, third = versions(session, project, 3)
        pinning.pin(session, project, third, lea.id)
        pinning.pin(session, project, first, lea.id)
        pinning.pin(session, project, first, lea.id)  # a second click changes nothing
        a_model(session, project, {})
        pinning.unpin(session, project, lea.id)
        pinning.unpin(session, project, lea.id)
        digest = "0" * 64
        assert recorded(session, "model.pinned") == [{"number": 3, "sha256": digest}]
        assert recorded(session, "model.rolled_back") == [
            {"number": 1, "sha256": digest, "instead_of_version": 3}
        ]
        assert recorded(session, "model.published")[-1]["waits_behind_version"] == 1
        assert recorded(session, "model.unpinned") == [{"number": 1, "now_in_use_version": 4}]
        who = select(AuditEvent.account_id).where(AuditEvent.action.like("model.%ed%"))
        assert set(session.scalars(who)) == {None, lea.id}


def test_a_choice_has_the_missing_suggestions_made(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        first, _ = versions(session, project, 2)
        session.query(Job).delete()
        pinning.pin(session, project, first, lea.id)
        assert session.scalars(select(Job.kind)).all() == [pinning.SCORING]


def test_only_published_versions_of_the_project_can_be_used(any_database: Database) -> None:
    with any_database.write() as session:
        project, other = a_project(session), a_project(session, "other")
        lea = a_member(session, project, "lea")
        (foreign,) = versions(session, other, 1)
        refused = a_model(session, project, {}, publish=False)
        for version_id in (foreign, refused, 10_000):
            with pytest.raises(NotFound):
                pinning.pin(session, project, version_id, lea.id)
        assert pinning.standing(session, project) == pinning.Standing(None, None, None)


def test_suggestions_of_the_version_in_use_and_the_one_before_are_kept(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        first, second, third = versions(session, project, 3)
        assert models.prune_suggestions(session, project.id, third) == 3
        assert kept(session) == {second, third}
        pinning.pin(session, project, second, lea.id)
        newest = a_model(session, project, {1: (2, PROBABILITIES)})
        newest = a_model(session, project, {1: (2, PROBABILITIES)})
        while models.prune_suggestions(session, project.id, newest):
            pass
        assert kept(session) == {second, third, newest}
        assert first not in kept(session)


def test_the_learning_curve_has_every_version_measured_or_not(any_database: Database) -> None:
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    with any_database.write() as session:
        project = a_project(session)
        _, second = versions(session, project, 2)
        session.get_one(ModelVersion, second).metrics = {"n": 12, "qwk": figure, "macro_f1": figure}
        session.flush()
        curve = models.curve(session, project.id)
        assert [(row.number, row.n, row.qwk) for row in curve] == [(1, None, None), (2, 12, figure)]
        newest = models.newest(session, project.id, 1)
        assert [version.id for version in newest] == [second]


def test_a_pinned_version_cannot_be_deleted(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        version_id = a_model(session, project, {})
        pinning.pin(session, project, version_id, lea.id)
    with pytest.raises(IntegrityError), any_database.write() as session:
        session.delete(session.get_one(ModelVersion, version_id))


def test_asking_for_the_version_in_use_is_one_statement(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea")
        first, _ = versions(session, project, 2)
        pinning.pin(session, project, first, lea.id)
        project_id = project.id
        session.flush()
        seen: list[str] = []
        note = lambda *given: seen.append(given[2])  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", note)
        models.current_version_id(session, project_id)
        reading.model_line(session, project_id)
        event.remove(session.get_bind(), "before_cursor_execute", note)
        assert len(seen) == 2
