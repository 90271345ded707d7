"""Two adjudicators, agreement that is confirmed, and where else a decision shows."""

from __future__ import annotations

from typing import Any

import pytest

from cer_assist.domain.adjudication import Act, Reason, Track
from cer_assist.domain.labels import PriorLabel
from cer_assist.services import (
    dispute_case,
    disputes,
    explanations,
    export_rows,
    proposals,
    protocol_history,
    training_data,
)
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.models import Marks
from tests.builders import (
    a_label,
    a_member,
    a_model,
)
from tests.services.benches import Bench


def test_agreement_is_confirmed_only_where_the_project_wants_it(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 4, 4)
        assert bench.waiting().rows == []
        bench.project.accepts_agreed = False
        session.flush()
        (one,) = bench.waiting().rows
        assert one.track is Track.agreed
        bench.rule(bench.asks(0, level=4, reason=None))
        assert bench.waiting().rows == []
        levels = training_data.final_levels(session, bench.project.id)
        assert levels[bench.ids[0]] == (4, "adjudicated")


def test_two_adjudicators_say_the_same_blind_to_one_another(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session, adjudicators=2)
        zoe = a_member(session, bench.project, "zoe", Role.lead).id
        bench.read(0, 2, 4)
        first = bench.rule(bench.asks(0, level=3, note="mine"))
        assert (first.act, first.label_event_id) == (Act.propose, None)
        assert (bench.waiting().to_do, len(bench.waiting(zoe).to_do)) == ([], 1)
        blind = dispute_case.open_case(session, bench.project, zoe, bench.ids[0])
        assert (blind.acts, blind.proposed) == ([], None)
        second = bench.rule(bench.asks(0, level=4), by=zoe)
        assert second.act is Act.propose
        both = dispute_case.open_case(session, bench.project, zoe, bench.ids[0])
        assert [line.level for line in both.acts] == [3, 4]
        assert (both.proposed, both.others_proposed) == (4, [3])
        for person in (bench.lea, zoe):  # they differ: either may think again
            assert len(bench.waiting(person).to_do) == 1
        assert training_data.final_levels(session, bench.project.id)[bench.ids[0]][0] is None
        done = bench.rule(bench.asks(0, level=4))
        assert done.act is Act.decide
        levels = training_data.final_levels(session, bench.project.id)
        assert levels[bench.ids[0]] == (4, "adjudicated")
        assert verify(session).intact


def test_a_proposal_over_answers_that_changed_counts_no_more(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session, adjudicators=2)
        zoe = a_member(session, bench.project, "zoe", Role.lead).id
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, level=3))
        a_label(session, bench.project, bench.ids[0], by=bench.ben, level=5)
        assert bench.rule(bench.asks(0, level=3), by=zoe).act is Act.propose


def test_an_import_does_not_undo_a_decision(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0))
        name = session.get_one(Protocol, bench.ids[0]).external_id
        for level, refused in ((5, True), (3, False)):
            prior = PriorLabel(name, "final", level)
            report = import_protocols(session, bench.project, [], [prior], by=None)
            assert any("has the final level 3" in str(fault) for fault in report.errors) is refused
        levels = training_data.final_levels(session, bench.project.id)
        assert levels[bench.ids[0]] == (3, "adjudicated")


def test_an_export_has_the_reason_and_leaves_the_readers_answers(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, reason=Reason.ambiguous_text))
        rows = list(export_rows.label_event_rows(session, bench.project))
        assert [(row["lane"], row["level"], row["reason"]) for row in rows] == [
            ("coder", 2, None),
            ("coder", 4, None),
            ("final", 3, "ambiguous_text"),
        ]


def test_a_protocols_history_tells_who_settled_it_and_why(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session, adjudicators=2)
        zoe = a_member(session, bench.project, "zoe", Role.lead).id
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0, Act.send_back, note="Look again."))
        bench.rule(bench.asks(0, level=4))
        first = session.get_one(Protocol, bench.ids[0])
        seen = {"peers": True, "lots": False}
        known = protocol_history.lines(session, bench.project, first, zoe, **seen)
        kinds = [line.kind for line in known]
        assert "propose" not in kinds
        bench.rule(bench.asks(0, level=4), by=zoe)
        lines = protocol_history.lines(session, bench.project, first, zoe, **seen)
        told = {
            line.kind: (line.who, line.after.get("note"), line.detail.get("reason"))
            for line in lines
        }
        assert told["send_back"] == ("lea", "Look again.", None)
        assert told["decide"] == ("zoe", "", Reason.rubric_gap)
        own = protocol_history.lines(
            session, bench.project, first, bench.ana, peers=False, lots=False
        )
        assert {line.kind for line in own} == {"label"}


def test_a_new_version_is_asked_of_what_waits_and_its_answer_counts(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        first, second, third, fourth = bench.ids
        sure_of_2 = [0.01, 0.96, 0.01, 0.01, 0.01]
        a_model(session, bench.project, dict.fromkeys(bench.ids, (2, sure_of_2)))
        for at in (0, 1):
            bench.read(at, 2, 4)
        version = a_model(session, bench.project, {third: (2, sure_of_2), fourth: (2, sure_of_2)})
        disputes.ask_model(session, bench.project.id)
        asked = explanations.wanted(session, bench.project.id)
        assert {(one.version_id, one.protocol_id) for one in asked} == {
            (version, first),
            (version, second),
        }
        said: dict[str, Any] = {"level": 2, "evidence_strength": 0.5, "has_learnt": False}
        said |= {part: [] for part in Marks}
        sure_of_5 = [0.01, 0.01, 0.01, 0.01, 0.96]
        by_id = {one.protocol_id: one for one in asked}
        explanations.answer(session, by_id[second], said | {"probabilities": sure_of_5})
        knew = said | {"probabilities": sure_of_5, "has_learnt": True}
        explanations.answer(session, by_id[first], knew)
        surprises = {one.protocol_id: one.surprise for one in bench.waiting().rows}
        assert surprises[second] == pytest.approx(4.605, 1e-3)
        assert surprises[first] == pytest.approx((0.0408 + 4.605) / 2, 1e-3)
        case = dispute_case.open_case(session, bench.project, bench.lea, second)
        assert case.surprise == surprises[second]
        case = dispute_case.open_case(session, bench.project, bench.lea, first)
        assert case.surprise == surprises[first]


def test_a_gap_in_the_rubric_is_proposed_for_its_next_version(database: Database) -> None:
    """With the adjudicator's note; one without a note tells nothing that could be taken up."""
    with database.write() as session:
        bench = Bench(session)
        for at, note in ((0, "Advice in one phase only: 3 or 4?"), (1, "")):
            bench.read(at, 3, 4)
            bench.rule(bench.asks(at, note=note))
        (found,) = proposals.mine(session, bench.project.id, bench.lea)
        assert (found.text, found.level) == ("Advice in one phase only: 3 or 4?", 3)
        assert found.protocol == session.get_one(Protocol, bench.ids[0]).external_id
