"""No level of a snapshot rests on answers that its filters leave out, but for settled ones."""

from __future__ import annotations

import secrets
from typing import Any

from cer_assist.domain.adjudication import Act, Reason
from cer_assist.services import (
    adjudicating,
    dispute_case,
    history,
    rubric_versions,
    snapshots,
    standing,
)
from cer_assist.services.export_rows import protocol_rows
from cer_assist.services.rulings import Ruling
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.services.snapshot_views import preview
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.servings import Disclosed
from tests.builders import (
    a_label,
    a_member,
    a_model,
    a_new_rubric,
    a_project,
    two_readings,
    unlike_protocols,
)


def settle(session: Any, key: int, by: int, act: Act = Act.decide) -> None:
    said = standing.readings_of(session, key)
    level, reason = (3, Reason.slip) if act is Act.decide else (None, None)
    events = tuple(one.event_id for one in said)
    asked = Ruling(key, act, events, secrets.token_hex(16), level, reason)
    adjudicating.rule(session, session.get_one(Project, 1), by, asked)


def a_story(database: Database) -> None:
    """1 agreed; 2 bo had seen ana's; 3 settled with suggestion, 4 without; 5 ana changed her mind
    over the suggestion; 6 was settled and taken back; 7 nobody has read.
    """
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, bo = (a_member(session, project, name).id for name in ("ana", "bo"))
        lea = a_member(session, project, "lea", Role.lead).id
        unlike_protocols(session, project, 7)
        a_model(session, project, {key: (3, [0.1, 0.2, 0.4, 0.2, 0.1]) for key in range(1, 8)})
        a_label(session, project, 2, by=ana, level=2)
        history.disclose(session, 2, bo, Disclosed.peer_label, None)
        a_label(session, project, 2, by=bo, level=4)
        two_readings(session, project, 1, (ana, bo), 2, 2)
        for key in (3, 4, 6):
            two_readings(session, project, key, (ana, bo), 2, 4)
    with database.write() as session:
        project = session.get_one(Project, 1)
        dispute_case.open_case(session, project, lea, 3)
        for key in (3, 4, 6):
            settle(session, key, lea)
        settle(session, 6, lea, Act.take_back)
        a_label(session, project, 5, by=ana, level=2)
        history.disclose(session, 5, ana, Disclosed.suggestion, 5)
        a_label(session, project, 5, by=ana, level=5)


def told(database: Database, **asked: Any) -> tuple[list[Any], dict[str, Any]]:
    """Level and source of each, and the counts; the look beforehand counts the same."""
    before = preview(database, 1, Asked("", **asked))
    made = make(database, 1, Asked(f"s-{secrets.token_hex(4)}", **asked), None)
    assert before.counts == made.said["counts"]
    with database.read() as session:
        rows = [row for _, row in snapshots.protocols_of(session, made, held(session, made))]
        events = list(snapshots.data_set(session, made).tables["label_events"].rows)
    known = {row["event_id"] for row in events}
    for row in rows:
        if row["final_from"] in ("agreed", "single") and asked.get("readings") != "final":
            assert known.issuperset(row["level_events"]) and row["level_events"]
    return [(row["final_level"], row["final_from"]) for row in rows], made.said["counts"]


def held(session: Any, made: Any) -> Any:
    return snapshots.held_of(session, made)


def test_levels_are_those_of_the_chosen_readings(any_database: Database) -> None:
    a_story(any_database)
    whole, counts = told(any_database)
    with any_database.read() as session:
        rows = list(protocol_rows(session, session.get_one(Project, 1)))
    assert whole == [(row["final_level"], row["final_from"]) for row in rows]
    settled = (3, "adjudicated")
    assert whole[1:6] == [(None, "disagreed"), settled, settled, (5, "single"), (None, "disagreed")]
    assert counts["settled_seen"] == {"readings": 1, "suggestion": 1, "unknown": 0}
    own, counts = told(any_database, readings="independent")
    assert own[:5] == [(2, "agreed"), (2, "single"), settled, settled, (2, "single")]
    assert counts["sources"] == {
        "adjudicated": 2, "agreed": 1, "single": 2, "disagreed": 1, "none": 1,
    }  # fmt: skip
    after, _ = told(any_database, exposures=("after_suggestion",))
    assert [one for one in after if one[0]] == [settled, settled, (5, "single")]
    final, counts = told(any_database, readings="final")
    assert final == whole
    assert counts["label_events"] == 4  # three that settle, one that takes back
    with any_database.write() as session:  # a second version, under which nobody has read yet
        text = a_new_rubric(session, session.get_one(Project, 1), 2, "Another definition.")
        rubric_versions.publish(session, 1, text, "why", None, None)
    for nothing in ({"until": "2001-01-01"}, {"rubric_versions": (2,)}):
        assert {source for _, source in told(any_database, **nothing)[0]} == {"none"}


def test_an_agreed_level_names_its_readings_where_they_are_left_out(database: Database) -> None:
    a_story(database)
    made = make(database, 1, Asked("final", readings="final", settled_only=True), None)
    with database.read() as session:
        rows = [row for _, row in snapshots.protocols_of(session, made, held(session, made))]
        events = {row.event_id: row.level for row in standing.readings_of(session, 1)}
    assert (rows[0]["coder_levels"], rows[0]["n_coders"]) == ({}, 2)
    assert rows[0]["level_events"] == sorted(events) and set(events.values()) == {2}
    seen = preview(database, 1, Asked("", readings="final", settled_only=True))
    assert seen.protocols_left == {"disagreed": 2, "none": 1}
    # The two final events of the one that was taken back are of a protocol that is not in it.
    assert seen.events_left == {"readings": 12, "protocols": 2}
