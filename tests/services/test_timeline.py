"""A timeline has each thing once, with what it replaced, and names what was altered."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import Lane
from cer_assist.services import (
    adjudicating,
    assignments,
    rereading,
    rubric_versions,
    standing,
    timeline,
    timeline_chain,
)
from cer_assist.services.rulings import Ruling
from cer_assist.services.timeline_parts import Asked, Place, State, Window
from cer_assist.store.engine import Database
from cer_assist.store.tables import (
    AuditEvent,
    LabelEvent,
    Project,
)
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.tables.rereading import RereadWish
from cer_assist.store.types import now
from tests.builders import (
    a_label,
    a_member,
    a_new_rubric,
    a_project,
    some_protocols,
)
from tests.services.test_audit import OPEN_SQLITE
from tests.services.timeline_world import TABLES, a_world, rows_of, told


def test_each_thing_stands_once_in_order_and_is_checked(any_database: Database) -> None:
    with any_database.write() as session:
        world = a_world(session)
    with any_database.read() as session:
        for about, name, where in (
            ("protocol", "P-1", {"protocol_id": world.protocols[0]}),
            ("coder", "ana", {"account_id": world.people["ana"]}),
            ("coder", "ben", {"account_id": world.people["ben"]}),
        ):
            lines = told(session, about, name)
            assert [line.key for line in lines] == sorted(line.key for line in lines)
            counts = Counter(line.source for line in lines)
            for source, table in TABLES.items():
                assert counts[source] == rows_of(session, table, **where), (about, source)
            assert {line.state for line in lines} <= {State.checked, State.outside}
            outside = {line.source for line in lines if line.state is State.outside}
            assert outside <= {"serving", "disclosure", "fence"}
        of_protocol = {line.kind for line in told(session, "protocol", "P-1")}
        assert of_protocol >= {"fenced", "queue.held", "export.taken", "asked.assigned", "served"}
        of_ben = [line.kind for line in told(session, "coder", "ben")]
        assert Counter(of_ben)["membership.set"] == 2
        assert {"assignment.released", "agreement.reread"} <= set(
            of_ben
        ) and "queue.held" not in of_ben
        assert {line.kind for line in told(session, "rubric", "2")} == {"rubric.published"}
        of_model = {line.kind for line in told(session, "model", "1")}
        assert {"made", "model.published", "model.pinned", "saw"} <= of_model
        backwards = Window(newest_first=True, size=100)
        project = session.get_one(Project, world.project)
        subject = timeline.find_subject(session, project, "protocol", "P-1")
        asked = Asked(project, subject, backwards, timeline.COMMAND_LINE)
        forwards = [line.key for line in told(session, "protocol", "P-1")]
        assert [line.key for line in timeline.page(session, asked).lines] == forwards[::-1]


def test_the_project_has_all_that_its_tables_and_the_chain_hold_once(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        a_world(session)
        other = a_project(session, "other").id
    with any_database.read() as session:
        lines = told(session, "project")
        assert [line.key for line in lines] == sorted(line.key for line in lines)
        (settings,) = (line for line in lines if line.kind == "project.settings")
        assert (settings.before, settings.after) == ({"retrain_every": 5}, {"retrain_every": 9})
        assert "seed" not in str([line.detail for line in lines if line.kind == "fence.drawn"])
        counts = Counter(line.source for line in lines)
        for source, table in TABLES.items():
            assert counts[source] == rows_of(session, table), source
        assert counts["version"] == 1
        numbers = [line.event for line in lines if line.source == "chain"]
        held = (*timeline_chain.ROW_HELD, assignments.ASKED)
        rest = select(AuditEvent.id).where(
            AuditEvent.project_id == 1, AuditEvent.action.not_in(held)
        )
        assert numbers == sorted(session.scalars(rest))
        project = session.get_one(Project, 1)
        subject = timeline.find_subject(session, project, "project", "")
        backwards = Asked(project, subject, Window(newest_first=True), timeline.COMMAND_LINE)
        page = timeline.page(session, backwards)
        assert [line.key for line in page.lines] == [line.key for line in lines][::-1][:50]
        # Another project's timeline has nothing of it.
        empty = session.get_one(Project, other)
        there = timeline.find_subject(session, empty, "project", "")
        asked = Asked(empty, there, Window(), timeline.COMMAND_LINE)
        assert {one.kind for one in timeline.page(session, asked).lines} == {"project.added"}


def test_a_rubric_version_has_what_was_done_under_it_and_what_followed(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        lea = a_member(session, project, "lea", Role.lead).id
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        first, second = (one.id for one in some_protocols(session, project, 2))
        for protocol in (first, second):
            a_label(session, project, protocol, by=ana, level=2)
            a_label(session, project, protocol, by=ben, level=4)
        rule(session, project, lea, first, Act.send_back, "read page two")
        new = a_new_rubric(session, project, 2, "A partner lends a room.")
        rubric_versions.publish(session, project.id, new, "why", [2], lea)
        found = rereading.old_readings(session, project, (2,))
        rereading.decide(session, project, found[:1], RereadWish.again, "look", lea)
        rule(session, project, lea, second, Act.decide, "settled", level=3)
        events = set(session.scalars(select(LabelEvent.id)))
    with any_database.read() as session:
        old, new_one = (told(session, "rubric", name, size=2) for name in ("1", "2"))
        under = {
            name: {one.id for one in found if one.source == "label"}
            for name, found in (("1", old), ("2", new_one))
        }
        assert len(under["1"]) == 4 and len(under["2"]) == 1
        assert under["1"] | under["2"] == events
        assert [one.kind for one in old if one.source == "adjudication"] == ["send_back"]
        assert [one.kind for one in new_one if one.source == "adjudication"] == ["decide"]
        assert {"project.added", "rubric.published", "reread.again"} <= {one.kind for one in old}
        followed = {"rubric.published", "rubric.reread", "reread.again"}
        assert followed <= {one.kind for one in new_one}
        assert "project.added" not in {one.kind for one in new_one}
        states = {one.state for one in old + new_one if one.source != "reread"}
        assert states == {State.checked}


def rule(
    session: Session,
    project: Project,
    by: int,
    protocol: int,
    act: Act,
    note: str,
    level: int | None = None,
) -> None:
    said = standing.readings_for(session, project.id, protocol, by)
    between = tuple(one.event_id for one in said)
    why = Reason.overlooked_text if level is not None else None
    asked = Ruling(protocol, act, between, f"key-{act}-{protocol}", level, why, note)
    adjudicating.rule(session, project, by, asked)


@pytest.mark.parametrize("about", ["project", "rubric"])
def test_a_page_is_found_without_sorting_all(database: Database, about: str) -> None:
    """What there is most of, in the order of an index: a page costs the same in any project."""
    with database.write() as session:
        a_world(session)
        project = session.get_one(Project, 1)
        subject = timeline.find_subject(session, project, about, "1")
        asked = Asked(project, subject, Window(), timeline.COMMAND_LINE)
        ran: list[str] = []

        def note(*given: Any) -> None:
            ran.append(given[2])

        event.listen(database.engine, "before_cursor_execute", note)
        timeline.page(session, asked)
        event.remove(database.engine, "before_cursor_execute", note)
        many = "FROM (label_event|serving|disclosure) "
        asked_for = [one for one in ran if "LIMIT ?" in one and re.match(f"[^()]*{many}", one)]
        asked_for = [one for one in asked_for if "0 = 1" not in one]  # not told of this subject
        assert len(asked_for) == (3 if about == "project" else 1)
        for one in asked_for:
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {one}", (1,) * one.count("?")
            )
            steps = [row[3] for row in plan]
            assert not any("TEMP B-TREE" in step for step in steps), steps


def test_old_values_stand_beside_new_ones(database: Database) -> None:
    with database.write() as session:
        world = a_world(session)
    with database.read() as session:
        lines = told(session, "protocol", "P-1")
        mine = [one for one in lines if one.source == "label" and one.who == "ana"]
        assert [one.after["level"] for one in mine] == [2, 4]
        assert (mine[0].before, mine[1].before["level"]) == ({}, 2)
        assert mine[1].seen["exposure"] == "after_suggestion"
        assert {"level": 3, "version": 1}.items() <= mine[1].seen.items()
        (asked,) = (one for one in lines if one.source == "assignment")
        assert (asked.who, asked.detail["reader"], asked.after["note"]) == ("lea", "ana", "please")
        assert asked.detail["now"] == "answered"
        assert world.protocols[0] == asked.protocol_id


def test_a_period_and_a_kind_choose_lines(database: Database) -> None:
    with database.write() as session:
        a_world(session)
    today = now().date()
    day = dt.timedelta(days=1)
    with database.read() as session:
        project = session.get_one(Project, 1)
        subject = timeline.find_subject(session, project, "coder", "ana")

        def count(kind: str = "", **window: dt.date) -> int:
            asked = Asked(project, subject, Window(size=100, **window), timeline.COMMAND_LINE)  # type: ignore[arg-type]
            return len(timeline.page(session, asked, kind).lines)

        whole = count()
        assert count(since=today, until=today) == whole
        assert count(until=today - day) == count(since=today + day) == 0
        assert sum(count(kind) for kind in timeline.KINDS) == whole
        assert count("labels") == 2
        for wrong in ("x~y", "2026-01-01~1~1", "2026-01-01T00:00:00Z~x~1", "~~"):
            with pytest.raises(InvalidInput):
                Place.parse(wrong)
        with pytest.raises(NotFound):
            timeline.find_subject(session, project, "model", "9" * 30)


@pytest.mark.parametrize(
    ("tampering", "kind"),
    [
        ("UPDATE label_event SET level = 1 WHERE id = 2", "label"),
        ("UPDATE label_event SET note = 'x', sha256 = '0' WHERE id = 2", "label"),
        ("UPDATE comment SET text = 'nothing' WHERE id = 1", "comment"),
        ("UPDATE word_remark SET quote = 'other' WHERE id = 1", "not_evidence"),
        ("UPDATE assignment SET note = 'never mind' WHERE id = 1", "asked.assigned"),
        ("UPDATE audit_event SET account_id = NULL WHERE action = 'queue.held'", "queue.held"),
        (
            "UPDATE audit_event SET detail = '{\"sha256\":\"0\"}' WHERE subject = 'label:2'",
            "label",
        ),
    ],
)
def test_what_was_altered_past_the_triggers_is_named(
    database: Database, tampering: str, kind: str
) -> None:
    with database.write() as session:
        a_world(session)
        for table in ("comment", "word_remark"):
            session.execute(text(f"DROP TRIGGER {table}_no_update"))
        for statement in OPEN_SQLITE:
            session.execute(text(statement))
        before = {one.place for one in told(session, "protocol", "P-1")}
        assert session.execute(text(tampering)).rowcount == 1  # type: ignore[attr-defined]
    with database.read() as session:
        lines = told(session, "protocol", "P-1")
        (bad,) = (one for one in lines if one.state is State.altered)
        assert bad.kind == kind
        assert {one.place for one in lines} == before


def test_what_was_added_past_the_chain_is_named(database: Database) -> None:
    with database.write() as session:
        world = a_world(session)
        row = session.get_one(LabelEvent, 1)
        names = [column.name for column in LabelEvent.__table__.columns if column.name != "id"]
        values = {name: getattr(row, name) for name in names} | {"idempotency_key": "forged"}
        session.add(LabelEvent(**values))
    with database.read() as session:
        lines = told(session, "coder", "ana")
        (bad,) = (one for one in lines if one.state is State.missing)
        assert (bad.id, bad.source) == (5, "label")
        assert world.people["ana"] == bad.account_id


def test_a_lead_who_codes_is_told_nothing_of_what_they_may_still_read(database: Database) -> None:
    with database.write() as session:
        world = a_world(session)
        project = session.get_one(Project, world.project)
        row = session.get_one(LabelEvent, 1)
        a_repeat = {c.name: getattr(row, c.name) for c in LabelEvent.__table__.columns}
        del a_repeat["id"]
        a_repeat |= {"lane": Lane.retest, "idempotency_key": "again"}
        session.add(LabelEvent(**a_repeat))
        # Fenced: it wants two readers, and has them. The second wants one, and has one.
        third = world.protocols[2]
        session.execute(
            text("UPDATE protocol SET coders_missing = 1 WHERE id = :id"),
            {"id": world.protocols[1]},
        )
        lead = timeline.viewer(session, project, world.people["lea"], Role.lead)
        auditor = timeline.viewer(session, project, world.people["aud"], Role.auditor)
        assert {one.protocol for one in told(session, "coder", "ben", auditor)} >= {"P-1", "P-2"}
        of_ben = told(session, "coder", "ben", lead)
        assert {one.protocol for one in of_ben} == {"P-1", ""}
        assert told(session, "protocol", "P-2", lead) == []
        for about, name in (("coder", "ana"), ("project", ""), ("rubric", "1")):
            of_lead = told(session, about, name, lead)
            assert {one.protocol for one in of_lead} == {"P-1", ""}, about
            assert Lane.retest not in {one.detail.get("lane") for one in of_lead}
            assert all(one.kind != "fenced" for one in of_lead if about != "coder")
            of_auditor = told(session, about, name, auditor)
            assert Lane.retest in {one.detail.get("lane") for one in of_auditor}
        whole = {one.protocol for one in told(session, "project", "", auditor)}
        assert whole >= {"P-1", "P-2", "P-3", ""}
        subject = timeline.find_subject(session, project, "coder", "ben")
        left = timeline.page(session, Asked(project, subject, Window(), lead)).left_out
        assert left == 3 and third in world.protocols
        assignments.ask(
            session, project, world.protocols[0], world.people["lea"], AssignmentKind.returned
        )
        assert told(session, "protocol", "P-1", lead) == []


def test_pages_of_one_instant_lose_nothing(database: Database) -> None:
    """What is imported at once has one time: the order within it is that of sources and numbers."""
    with database.write() as session:
        a_world(session)
        for statement in OPEN_SQLITE:
            session.execute(text(statement))
        for what in ("label_event SET recorded_at", "disclosure SET at"):
            session.execute(text(f"UPDATE {what} = '2026-01-01 00:00:00.000000'"))
        by_one, at_once = (told(session, "protocol", "P-1", size=n) for n in (1, 100))
        assert [one.place for one in by_one] == [one.place for one in at_once]
        assert len({one.place for one in by_one}) == len(by_one)
