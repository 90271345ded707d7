"""Settling a disagreement: who, over which answers, once, and with all that follows a label."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.adjudication import Act, Reason, Track, in_drawn_order, surprise, urgency
from cer_assist.domain.errors import (
    IdempotencyMismatch,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReady,
    StaleDecision,
)
from cer_assist.domain.labels import Exposure, Lane
from cer_assist.services import (
    accounts,
    adjudicating,
    dispute_case,
    disputes,
    fence,
    jobs,
    labelling,
    training_data,
)
from cer_assist.services.fence import Standing
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Adjudication, AuditEvent, Disclosure, Job, LabelEvent, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.servings import Disclosed
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_model,
    a_project,
    a_request,
    two_readings,
)
from tests.services.benches import Bench


def test_far_apart_comes_first_then_what_surprises_the_model(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        sure_of_2, flat = [0.01, 0.96, 0.01, 0.01, 0.01], [0.2] * 5
        first, second, third, _ = bench.ids
        a_model(
            session, bench.project, {first: (1, flat), second: (2, sure_of_2), third: (1, flat)}
        )
        bench.read(0, 3, 4)
        bench.read(1, 4, 5)  # the model was sure of 2
        bench.read(2, 1, 3)
        bench.read(3, 2, 3)  # the model was never asked
        assert [one.protocol_id for one in bench.waiting().rows] == [third, second, first, 4]
        assert [one.track for one in bench.waiting().rows] == [
            Track.far,
            Track.near,
            Track.near,
            Track.near,
        ]
        assert bench.waiting().rows[3].surprise is None


def test_the_order_and_the_surprise_are_those_of_the_plan() -> None:
    assert surprise([0.5, 0.25, 0.25, 0.0], 1, [1, 2]) == pytest.approx((0.6931 + 1.3863) / 2, 1e-4)
    assert surprise([0.0, 1.0, 0.0], 0, [0]) < 10  # a probability of 0 is not endless
    cases = [(1, None, 1), (1, 0.2, 2), (1, 2.0, 3), (3, None, 4)]
    assert [key for *_, key in sorted(cases, key=lambda case: urgency(*case))] == [4, 3, 2, 1]


def test_coders_have_letters_by_chance_but_the_same_each_time() -> None:
    orders = {tuple(in_drawn_order(protocol, 9, [1, 2])) for protocol in range(40)}
    assert orders == {(1, 2), (2, 1)}
    assert in_drawn_order(7, 9, [1, 2, 3]) == in_drawn_order(7, 9, [3, 2, 1])


def test_a_protocol_that_someone_may_still_read_is_not_on_the_list(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        a_label(session, bench.project, bench.ids[0], by=bench.ana, level=1)
        bench.read(1, 2, 2)  # they agree
        session.get_one(Protocol, bench.ids[2]).coders_wanted = 3
        bench.read(2, 1, 5)  # wants a third reader
        assert bench.waiting() == disputes.Docket()
        for at in (0, 2):
            with pytest.raises(NotReady, match="waits for readers"):
                dispute_case.open_case(session, bench.project, bench.lea, bench.ids[at])
            with pytest.raises(NotReady):
                bench.rule(bench.asks(at))
        assert session.scalars(select(Disclosure.id)).all() == []


def test_a_decision_is_a_final_label_with_all_that_follows_one(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session, retrain_every=1)
        bench.read(0, 2, 4)
        assert training_data.final_levels(session, bench.project.id)[bench.ids[0]][1] == "disagreed"
        before = {event.id: event.sha256 for event in session.scalars(select(LabelEvent))}
        done = bench.rule(bench.asks(0, note="Access only.", reason=Reason.overlooked_text))
        assert (done.act, done.level, done.repeated) == (Act.decide, 3, False)
        final = session.get_one(LabelEvent, done.label_event_id)
        assert (final.lane, final.level, final.note) == (Lane.final, 3, "Access only.")
        assert final.exposure == Exposure.after_peer
        kept = session.get_one(Adjudication, done.id)
        assert kept.between == sorted(before)
        assert (kept.reason, kept.is_party) == ("overlooked_text", False)
        levels = training_data.final_levels(session, bench.project.id)
        assert levels[bench.ids[0]] == (3, "adjudicated")
        assert training_data.settled_levels(session, bench.project.id) == {bench.ids[0]: 3}
        assert bench.waiting().rows == []
        assert session.scalars(select(Job.id).where(Job.kind == "retrain")).all() != []
        after = {event.id: event.sha256 for event in session.scalars(select(LabelEvent))}
        assert after.items() >= before.items()  # what the coders said is as it was
        seen = session.execute(select(Disclosure.account_id, Disclosure.what)).all()
        assert (bench.lea, Disclosed.peer_label) in [tuple(row) for row in seen]
        assert session.scalars(
            select(AuditEvent.account_id).where(AuditEvent.action == "adjudication.recorded")
        ).all() == [bench.lea]
        assert verify(session).intact


def test_the_same_key_twice_gives_the_first_result(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        asked = bench.asks(0, idempotency_key="k" * 20)
        first, again = bench.rule(asked), bench.rule(asked)
        assert again.repeated
        assert again.id == first.id
        other = bench.asks(0, idempotency_key="k" * 20, level=5)
        with pytest.raises(IdempotencyMismatch):
            bench.rule(other)
        assert len(session.scalars(select(Adjudication.id)).all()) == 1


def test_a_form_over_other_answers_than_now_stand_changes_nothing(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        asked = bench.asks(0)
        a_label(session, bench.project, bench.ids[0], by=bench.ben, level=5)
        with pytest.raises(StaleDecision, match="answered again") as caught:
            bench.rule(asked)
        levels = [one["level"] for one in caught.value.stands["readings"]]  # type: ignore[attr-defined]
        assert sorted(levels) == [2, 5]
        bench.rule(bench.asks(0))
        with pytest.raises(StaleDecision, match="lea has settled this protocol: level 3"):
            bench.rule(bench.asks(0, level=5))
        assert len(session.scalars(select(Adjudication.id)).all()) == 1


def test_who_read_it_does_not_settle_it_while_others_can(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        two_readings(session, bench.project, bench.ids[0], (bench.ana, bench.lea), 2, 4)
        zoe = a_member(session, bench.project, "zoe", Role.administrator).id
        nothing = bench.waiting()
        assert (nothing.rows, nothing.others_settle_mine) == ([], True)
        with pytest.raises(NotAllowed, match="one of this protocol's readers"):
            dispute_case.open_case(session, bench.project, bench.lea, bench.ids[0])
        with pytest.raises(NotAllowed):
            bench.rule(bench.asks(0))
        assert [one.protocol_id for one in bench.waiting(zoe).rows] == [bench.ids[0]]
        accounts.disable(session, accounts.find_account(session, "zoe"), None)
        (alone,) = bench.waiting().rows
        assert alone.is_party
        done = bench.rule(bench.asks(0))
        assert session.get_one(Adjudication, done.id).is_party


def test_faults_are_named_and_change_nothing(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        for change, fault in (
            ({"level": None}, "final level"),
            ({"level": 9}, "not on the scale"),
            ({"reason": None}, "why the readings differ"),
            ({"note": "x" * 4001}, "shorten"),
            ({"idempotency_key": "k"}, "no usable key"),
        ):
            with pytest.raises(InvalidInput, match=fault):
                bench.rule(bench.asks(0, **change))
        with pytest.raises(InvalidInput, match="look at again"):
            bench.rule(bench.asks(0, Act.send_back, note="  "))
        other = a_project(session, "other")
        with pytest.raises(NotFound):
            adjudicating.rule(session, other, bench.lea, bench.asks(0))
        assert session.scalars(select(Adjudication.id)).all() == []


def test_a_final_level_can_be_taken_back_by_who_gave_it(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        zoe = a_member(session, bench.project, "zoe", Role.lead).id
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0))
        with pytest.raises(NotAllowed, match="of your own"):
            bench.rule(bench.asks(0, Act.take_back), by=zoe)
        bench.rule(bench.asks(0, Act.take_back))
        assert [one.protocol_id for one in bench.waiting().rows] == [bench.ids[0]]
        done = bench.rule(bench.asks(0, level=5), by=zoe)
        assert done.level == 5
        levels = training_data.final_levels(session, bench.project.id)
        assert levels[bench.ids[0]] == (5, "adjudicated")
        assert verify(session).intact


def test_a_final_level_on_a_fenced_protocol_measures_and_never_teaches(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        a_fence(session, bench.project, bench.ids[:1])
        bench.read(0, 2, 4)
        bench.read(1, 2, 4)
        assert {one.protocol_id for one in bench.waiting().rows} == set(bench.ids[:2])
        for at in (0, 1):
            bench.rule(bench.asks(at))
        assert training_data.training_levels(session, bench.project.id) == {bench.ids[1]: 3}
        (reading,) = fence.readings(session, bench.project.id)
        assert (reading.standing, reading.level) == (Standing.settled, 3)
        assert session.scalars(select(Job.id).where(Job.kind == jobs.FENCE)).all() != []


def test_acts_are_never_changed(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0))
    for change in ("UPDATE adjudication SET note = 'x'", "DELETE FROM adjudication"):
        with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
            session.execute(text(change))


def test_an_altered_act_is_found(database: Database) -> None:
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 2, 4)
        bench.rule(bench.asks(0))
        session.execute(text("DROP TRIGGER adjudication_no_update"))
        session.execute(text("UPDATE adjudication SET reason = 'slip'"))
        session.expire_all()
        assert verify(session).fault == "adjudication 1 was altered"


def test_a_case_shows_what_each_said_without_names_and_is_recorded(any_database: Database) -> None:
    with any_database.write() as session:
        bench = Bench(session)
        first = bench.ids[0]
        a_model(session, bench.project, {first: (2, [0.1, 0.6, 0.1, 0.1, 0.1])})
        request = a_request(first, 2, evidence=((0, 5),), note="only access", confidence=1)
        labelling.record_label(session, bench.ana, bench.project, request)
        a_label(session, bench.project, first, by=bench.ben, level=5)
        case = dispute_case.open_case(session, bench.project, bench.lea, first)
        said = {voice.level: voice for voice in case.voices}
        assert {voice.letter for voice in case.voices} == {"A", "B"}
        assert (said[2].note, said[2].confidence) == ("only access", 1)
        assert [item["quote"] for item in said[2].evidence] == ["Study"]
        assert case.track is Track.far
        assert case.surprise == pytest.approx((0.5108 + 2.3026) / 2, 1e-3)
        seen = session.execute(
            select(Disclosure.what).where(Disclosure.account_id == bench.lea)
        ).scalars()
        assert set(seen) == {Disclosed.peer_label, Disclosed.suggestion}
