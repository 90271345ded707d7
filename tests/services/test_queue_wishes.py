"""What leads put first or hold: all or none, with a reason, and in the audit."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import queue_wishes
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, FencedProtocol, QueueWish
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.queue import Wish
from cer_assist.store.types import now
from tests.builders import a_member, a_project, some_protocols


def test_wishes_are_kept_changed_and_released_with_their_reason(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        lea = a_member(session, project, "lea", Role.lead)
        some_protocols(session, project)
        names = ["P-2", " P-1 ", "", "P-2"]
        assert queue_wishes.want(session, project, names, Wish.pinned, "meeting", lea.id) == 2
        assert queue_wishes.want(session, project, ["P-1"], Wish.held, "wrong text", lea.id) == 1
        found = {one.external_id: one for one in queue_wishes.wished(session, project.id)}
        assert {name: one.wish for name, one in found.items()} == {"P-2": "pinned", "P-1": "held"}
        assert (found["P-1"].reason, found["P-1"].by) == ("wrong text", "lea")
        assert queue_wishes.release(session, project, ["P-1", "P-3"], lea.id) == 1
        (left,) = queue_wishes.wished(session, project.id)
        assert left.external_id == "P-2"
        assert queue_wishes.wished(session, project.id, found["P-1"].protocol_id) == []
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.action.startswith("queue.")).order_by(AuditEvent.id)
        ).all()
        assert [event.action for event in events] == [
            "queue.pinned",
            "queue.held",
            "queue.released",
        ]
        assert json.loads(events[0].detail) == {"protocols": "P-1, P-2", "reason": "meeting"}
        assert {event.account_id for event in events} == {lea.id}
        assert verify(session).intact


@pytest.mark.parametrize(
    ("names", "reason", "fault"),
    [
        (["P-1", "P-9"], "why", "no protocol P-9. Nothing was changed"),
        (["P-1"], "  ", "Say why"),
        ([" "], "why", "Name the ids of 1 to 500"),
        ([f"P-{n}" for n in range(501)], "why", "Name the ids of 1 to 500"),
    ],
)
def test_a_wish_with_a_fault_changes_nothing(
    database: Database, names: list[str], reason: str, fault: str
) -> None:
    with database.write() as session:
        project = a_project(session)
        some_protocols(session, project)
        with pytest.raises(InvalidInput, match=fault):
            queue_wishes.want(session, project, names, Wish.pinned, reason, None)
        assert session.scalars(select(QueueWish.protocol_id)).all() == []


@pytest.mark.parametrize("wish", list(Wish))
def test_an_answer_does_not_tell_that_a_protocol_is_fenced(database: Database, wish: Wish) -> None:
    with database.write() as session:
        project = a_project(session)
        first, *_ = some_protocols(session, project)
        session.add(FencedProtocol(protocol_id=first.id, project_id=project.id, drawn_at=now()))
        session.flush()
        assert queue_wishes.want(session, project, ["P-1"], wish, "why", None) == 1
        assert queue_wishes.want(session, project, ["P-2"], wish, "why", None) == 1


def test_another_projects_protocols_are_not_found(database: Database) -> None:
    with database.write() as session:
        some_protocols(session, a_project(session, "one"))
        other = a_project(session, "other")
        with pytest.raises(InvalidInput, match="no protocol P-1"):
            queue_wishes.want(session, other, ["P-1"], Wish.held, "why", None)


def test_releasing_what_is_not_wished_is_refused(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        some_protocols(session, project)
        with pytest.raises(InvalidInput, match="None of these"):
            queue_wishes.release(session, project, ["P-1"], None)
