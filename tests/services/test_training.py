"""Rounds of practice: what is drawn, what is told when, what passes, and who may label."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cer_assist.domain import training as rules
from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.errors import (
    IdempotencyMismatch,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotQualified,
    NotReady,
    StaleDecision,
)
from cer_assist.domain.training import Drawable, Tally
from cer_assist.services import (
    adjudicating,
    labelling,
    qualification,
    queue,
    reading,
    training,
    training_items,
    training_results,
)
from cer_assist.services.projects import change_settings
from cer_assist.services.rulings import Ruling
from cer_assist.services.standing import readings_of
from cer_assist.services.training import Attempt
from cer_assist.services.training_items import Solution
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Disclosure, LabelEvent, Project, TrainingAnswer, TrainingItem
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_member, a_project, a_request, some_protocols, two_readings
from tests.practice import say, some_items

DICE = random.Random(7)


def a_class(session: Session, **settings: int) -> tuple[Project, int]:
    """A project with two items of each level and a coder ana."""
    project = a_project(session, "demo", coders_per_protocol=2, **settings)
    some_items(session, project)
    return project, a_member(session, project, "ana").id


def test_a_round_is_even_over_the_levels_and_takes_what_was_not_seen() -> None:
    items = [
        Drawable(10 * level + n, level, 1 if n < 2 else 0) for level in range(5) for n in range(4)
    ]
    orders = set()
    for seed in range(20):
        drawn = rules.draw_round(items, 10, random.Random(seed))
        assert Counter(one // 10 for one in drawn) == dict.fromkeys(range(5), 2)
        assert {one % 10 for one in drawn} == {2, 3}
        orders.add(tuple(drawn))
    assert len(orders) == 20
    few = rules.draw_round(items[:3], 10, DICE)
    assert sorted(few) == [0, 1, 2]
    odd = Counter(one // 10 for one in rules.draw_round(items, 12, DICE))
    assert sorted(odd.values()) == [2, 2, 2, 3, 3]
    assert rules.draw_round([], 10, DICE) == []


@pytest.mark.parametrize(
    ("off", "mark", "no_far", "passed"),
    [
        ([0] * 8 + [1] * 2, 0.8, True, True),
        ([0] * 7 + [1] * 3, 0.8, True, False),
        ([0] * 9 + [2], 0.8, True, False),
        ([0] * 9 + [2], 0.8, False, True),
        ([0] * 7 + [1] * 3, 0.7, True, True),  # .7 * 10 is a little more than 7 in binary
        ([1], 0.0, True, True),
        ([], 0.0, True, False),
    ],
)
def test_what_passes(off: list[int], mark: float, no_far: bool, passed: bool) -> None:
    assert rules.passes(off, mark, no_far=no_far) is passed


def test_a_second_level_counts_as_right_too() -> None:
    assert [rules.levels_off(said, 3, 4) for said in range(1, 6)] == [2, 1, 0, 0, 1]
    assert Tally.of([0, 0, 1, 2, 3]) == Tally(5, 2, 1)
    assert Tally.of([0, 0, 1, 2, 3]).further == 2


def test_a_round_from_first_to_last(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana = a_class(session)
        assert training.standing(session, project, ana).question is None
        round_ = training.begin(session, project, ana, DICE)
        assert training.begin(session, project, ana, DICE).id == round_.id
        first = training.standing(session, project, ana).question
        assert first is not None
        assert (first.place, first.asked) == (1, 10)
        assert "zebra" not in repr(first)
        with pytest.raises(NotFound):
            training.feedback(session, project, ana, round_.id, 1)
        told = say(session, project, ana, off=1)
        assert (told.off, told.place) == (1, 1)
        assert told.explanation.endswith(f"zebra {told.level}.")
        (start, end), *_ = told.evidence
        assert told.text[start:end] in told.explanation
        for off in (0, 0, 0, 1, 0, 0, 0, 0, 0):
            say(session, project, ana, off=off)
        stands = training.standing(session, project, ana)
        assert stands.question is None
        assert stands.last is not None
        assert (stands.last.right, stands.last.has_passed) == (8, True)
        assert [(place, off) for place, _, off in stands.last.missed] == [(1, 1), (5, 1)]
        assert sum(tally.asked for tally in stands.last.by_level.values()) == 10
        assert verify(session).intact


def test_an_answer_is_stored_once_and_stays(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana = a_class(session)
        ben = a_member(session, project, "ben").id
        round_ = training.begin(session, project, ana, DICE)
        asked = Attempt(round_.id, round_.items[0], 3, "k" * 16)
        told = training.answer(session, project, ana, asked)
        assert training.answer(session, project, ana, asked) == told
        assert len(session.scalars(select(TrainingAnswer.id)).all()) == 1
        other = Attempt(round_.id, round_.items[0], 4, "k" * 16)
        with pytest.raises(IdempotencyMismatch):
            training.answer(session, project, ana, other)
        late = Attempt(round_.id, round_.items[0], 4, "l" * 16)
        with pytest.raises(StaleDecision) as stale:
            training.answer(session, project, ana, late)
        assert stale.value.stands == {"place": 1, "level": 3}
        ahead = Attempt(round_.id, round_.items[4], 4, "m" * 16)
        with pytest.raises(StaleDecision):
            training.answer(session, project, ana, ahead)
        with pytest.raises(InvalidInput, match="not on the scale"):
            off_scale = Attempt(round_.id, round_.items[1], 9, "n" * 16)
            training.answer(session, project, ana, off_scale)
        with pytest.raises(NotFound):
            training.feedback(session, project, ben, round_.id, 1)
    for change in ("UPDATE training_answer SET level = 1", "DELETE FROM training_item"):
        with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
            session.execute(text(change))


def test_rounds_are_limited_until_a_lead_allows_another(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana = a_class(session, training_items=2, training_repeats=1)
        seen: list[int] = []
        for _ in range(2):
            seen += training.begin(session, project, ana, DICE).items
            say(session, project, ana)
            say(session, project, ana, off=1)
        assert len(set(seen)) == 4  # what was not seen comes first
        assert training.standing(session, project, ana).rounds_left == 0
        with pytest.raises(NotAllowed, match="ask a lead"):
            training.begin(session, project, ana, DICE)
        qualification.allow_another(session, project, ana, None)
        assert training.begin(session, project, ana, DICE).number == 3
        auditor = a_member(session, project, "aud", Role.auditor).id
        with pytest.raises(InvalidInput):
            qualification.allow_another(session, project, auditor, None)


def test_who_has_not_passed_is_given_nothing_new_and_loses_nothing(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana = a_class(session, training_items=2)
        protocols = [one.id for one in some_protocols(session, project, 4)]
        served = queue.serve_next(session, project, ana, DICE)
        assert served is not None
        project.qualifies_first = True
        session.flush()
        again = queue.serve_next(session, project, ana, DICE)
        assert again is not None
        assert again.serving_id == served.serving_id  # the open one is theirs to finish
        done = labelling.record_label(session, ana, project, a_request(served.protocol_id, 3))
        assert reading.after_answer(session, project, ana, done, DICE) is None
        left = next(one for one in protocols if one != served.protocol_id)
        for refused in (
            lambda: queue.serve_next(session, project, ana, DICE),
            lambda: reading.picked_card(session, project, ana, left),
            lambda: a_label(session, project, left, by=ana, level=3),
        ):
            with pytest.raises(NotQualified, match="pass a round"):
                refused()
        a_label(session, project, served.protocol_id, by=ana, level=4)  # an own answer is theirs
        assert reading.picked_card(session, project, ana, served.protocol_id).level == 4
        training.begin(session, project, ana, DICE)
        say(session, project, ana)
        assert qualification.is_due(session, project, ana)
        say(session, project, ana)
        assert not qualification.is_due(session, project, ana)
        assert queue.serve_next(session, project, ana, DICE) is not None
        qualification.ask_again(session, project, None)
        assert qualification.is_due(session, project, ana)
        stands = training.standing(session, project, ana)
        assert (stands.last, stands.rounds_left, stands.has_passed) == (None, 4, False)


def test_nobody_is_shut_out_for_want_of_items(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        wanted = {"qualifies_first": True}
        with pytest.raises(InvalidInput, match="add some under Training"):
            change_settings(session, project, wanted, None)
        ana = a_member(session, project, "ana").id
        with pytest.raises(NotReady, match="nothing to practise on"):
            training.begin(session, project, ana, DICE)
        some_items(session, project)
        change_settings(session, project, wanted, None)
        assert project.qualifies_first


def test_an_item_is_mended_by_a_new_one(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana = a_class(session)
        round_ = training.begin(session, project, ana, DICE)
        told = say(session, project, ana)
        old = session.get_one(TrainingItem, round_.items[0])
        solution = Solution(old.level, "Said better.", 5 if old.level < 5 else 4)
        new = training_items.mend(session, project, old.id, solution, None)
        assert (new.text, new.sections, new.replaces_id) == (old.text, old.sections, old.id)
        ids = set(training_items.in_use(session, project.id))
        assert new.id in ids
        assert old.id not in ids
        assert training.feedback(session, project, ana, round_.id, 1) == told
        with pytest.raises(InvalidInput, match="mended already"):
            training_items.mend(session, project, old.id, solution, None)
        training_items.use(session, project, new.id, False, None)
        assert new.id not in set(training_items.in_use(session, project.id))
        for wrong, said in (
            (Solution(3, " "), "say why"),
            (Solution(3, "x", 3), "another one"),
            (Solution(8, "x"), "not on the scale"),
            (Solution(3, "x", passages=("unicorn",)), "does not stand"),
        ):
            with pytest.raises(InvalidInput, match=said):
                training_items.mend(session, project, new.id, wrong, None)


def test_a_settled_protocol_becomes_an_item_and_what_is_learnt_of_it_is_recorded(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2, training_items=1)
        readers = [a_member(session, project, name).id for name in ("ana", "ben")]
        cleo, lea = (
            a_member(session, project, "cleo").id,
            a_member(session, project, "lea", Role.lead).id,
        )
        first, *_ = some_protocols(session, project, 3)
        two_readings(session, project, first.id, readers, 2, 4)
        session.expire_all()
        with pytest.raises(InvalidInput, match="no final level"):
            training_items.from_protocol(session, project, first.id, lea)
        between = tuple(one.event_id for one in readings_of(session, first.id))
        ruling = Ruling(first.id, Act.decide, between, "k" * 16, 2, Reason.slip, "Flyers only.")
        adjudicating.rule(session, project, lea, ruling)
        assert [one.external_id for one in training_items.sources(session, project)] == ["P-1"]
        new = training_items.from_protocol(session, project, first.id, lea)
        assert new.solution == Solution(2, "Flyers only.")
        item = training_items.add(session, project, new, lea)
        assert (item.text, item.sections) == (first.text, first.sections)
        assert training_items.sources(session, project) == []
        with pytest.raises(NotReady):  # ana has read it
            training.begin(session, project, readers[0], DICE)
        training.begin(session, project, cleo, DICE)
        known = select(Disclosure.protocol_id).where(Disclosure.account_id == cleo)
        assert session.scalars(known).all() == []
        say(session, project, cleo)
        assert session.scalars(known).all() == [first.id]
        said = labelling.record_label(session, cleo, project, a_request(first.id, 2))
        event = session.get_one(LabelEvent, said.event_id)
        assert event.exposure == "after_peer"


def test_results_are_by_name_with_intervals_and_bad_items_are_named(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session, training_items=5)
        some_items(session, project, 1)
        people = [a_member(session, project, name).id for name in ("zoe", "ana", "mia")]
        for at, who in enumerate(people):
            round_ = training.begin(session, project, who, DICE)
            for item_id in round_.items:
                is_bad = session.get_one(TrainingItem, item_id).level == 3
                say(session, project, who, off=2 if is_bad else int(at == 0))
        lines = training_results.by_coder(session, project)
        assert [line.username for line in lines] == ["ana", "mia", "zoe"]
        assert (lines[0].total, lines[2].total) == (Tally(5, 4, 0), Tally(5, 0, 4))
        assert lines[0].by_level[3] == Tally(1, 0, 0)
        figure = training_results.share(lines[0].total)
        assert figure["value"] == 0.8
        assert (round(figure["low"], 3), round(figure["high"], 3)) == (0.376, 0.964)
        assert [line.rounds[0].has_passed for line in lines] == [False] * 3
        bad = [
            one.line.item.level
            for one in training_results.by_item(session, project.id)
            if one.is_bad
        ]
        assert bad == [3]
        assert training_results.qualified(session, project) == training_results.Qualified(0, 3)
