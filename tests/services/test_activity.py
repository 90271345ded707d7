"""What is counted is what stands: by day, by level, by person, by reason."""

from __future__ import annotations

import datetime as dt
import random

from cer_assist.domain.labels import Action
from cer_assist.services import activity, labelling, methods_labels, queue
from cer_assist.services.activity import Answer, CoderLine, Stretch
from cer_assist.store.engine import Database
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_project, a_request, some_protocols
from tests.desk import a_desk

MONDAY = dt.date(2026, 3, 2)


def days(**numbers: int) -> list[Answer]:
    """So many labels on the days after a Monday, `d3=2`, and a skip that is no label."""
    found = [Answer(1, False, None, MONDAY.isoformat(), None)] if numbers else []
    for key, number in numbers.items():
        day = MONDAY + dt.timedelta(days=int(key[1:]))
        found += [Answer(1, True, 3, day.isoformat(), None)] * number
    return found


def test_days_without_labels_are_there_too() -> None:
    assert activity.stretches([]) == []
    assert activity.stretches(days(d1=4, d3=2)) == [
        Stretch("2026-03-03", 1, 4, 4),
        Stretch("2026-03-04", 1, 0, 4),
        Stretch("2026-03-05", 1, 2, 6),
    ]


def test_a_long_time_is_told_by_weeks_from_monday() -> None:
    found = activity.stretches(days(d2=1, d6=2, d7=4, d90=8))
    assert found[:2] == [Stretch("2026-03-02", 7, 3, 3), Stretch("2026-03-09", 7, 4, 7)]
    assert found[-1] == Stretch("2026-05-25", 7, 8, 15)
    assert len(found) == 13


def test_corrected_and_withdrawn_answers_count_once_or_not_at_all(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        first, second, third = (
            a_member(session, project, name).id for name in ("carl", "ana", "eve")
        )
        one, two, three, *_ = some_protocols(session, project, 6)
        for level in (2, 4):  # the second corrects the first
            a_label(session, project, one.id, by=first, level=level)
        for protocol, seconds in ((one, 10.0), (two, 30.0), (three, 90.0)):
            request = a_request(protocol.id, 4, seconds=seconds)
            labelling.record_label(session, second, project, request)
        labelling.record_label(session, third, project, a_request(two.id, None, note="conflict"))
        made = labelling.record_label(session, third, project, a_request(one.id, 1))
        labelling.record_label(
            session,
            third,
            project,
            a_request(one.id, None, action=Action.withdraw, supersedes=made.event_id),
        )
        given = activity.answers(session, project.id)
        assert activity.by_level(given, (1, 2, 3, 4, 5)) == {
            1: 0, 2: 0, 3: 0, 4: 4, 5: 0,
        }  # fmt: skip
        today = now().date().isoformat()
        assert activity.stretches(given) == [Stretch(today, 1, 4, 4)]
        assert activity.by_coder(session, given) == [
            CoderLine("ana", 3, 0, 30.0),
            CoderLine("carl", 1, 0, None),
            CoderLine("eve", 0, 1, None),
        ]


def test_the_median_of_an_even_number_lies_between_the_middle_two(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        for protocol, seconds in zip(
            some_protocols(session, project, 4), (5.0, 500.0, 10.0, 20.0), strict=True
        ):
            labelling.record_label(
                session, ana, project, a_request(protocol.id, 3, seconds=seconds)
            )
        given = activity.answers(session, project.id)
        assert [line.median_seconds for line in activity.by_coder(session, given)] == [15.0]


def test_a_second_look_adds_to_the_time_of_the_first(any_database: Database) -> None:
    with any_database.write() as session:
        world = a_desk(session)
        world.reads(world.protocols[0], 3, 4, took=(100, 5))
        given = activity.answers(session, world.project.id)
        assert [line.median_seconds for line in activity.by_coder(session, given)] == [105]
        [one] = methods_labels.readings(session, world.project.id)
        assert one.seconds == 105


def test_servings_are_told_by_their_reason(any_database: Database) -> None:
    dice = random.Random(0)
    with any_database.write() as session:
        project = a_project(session, random_share=1.0)
        ana = a_member(session, project, "ana").id
        protocols = some_protocols(session, project, 5)
        for level in (3, 2, None):
            served = queue.serve_next(session, project, ana, dice)
            assert served is not None
            request = a_request(served.protocol_id, level, note="" if level else "conflict")
            labelling.record_label(session, ana, project, request)
        queue.serve_picked(session, project, ana, protocols[0].id)
        found = {line.words: line for line in activity.by_reason(session, project.id)}
    drawn = found["drawn at random"]
    assert (drawn.served, drawn.answered, drawn.skipped) == (3, 2, 1)
    picked = found["opened by the coder"]
    assert (picked.served, picked.answered, picked.skipped) == (1, 0, 0)
