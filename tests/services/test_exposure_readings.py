"""What a reading was, told from what was stored while it was made."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from cer_assist.domain.exposures import Sight
from cer_assist.domain.labels import Action
from cer_assist.domain.serving import ASKED_AGAIN
from cer_assist.services import exposure_readings, history, labelling, queue, suggestions
from cer_assist.store.engine import Database
from cer_assist.store.tables import Protocol, Serving
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_project,
    a_request,
    some_protocols,
)
from tests.desk import Desk, a_desk


@pytest.mark.postgres
def test_readings_under_after_with_and_without(any_database: Database) -> None:
    with any_database.write() as session:
        desk = a_desk(session, without=(3,))
        changed, kept, left, without = desk.protocols
        desk.reads(without, 1)
        desk.reads(changed, 3, 4)
        desk.reads(kept, 2, 2)
        desk.reads(left, 5)  # goes on to the next without a word
        found = desk.found()
        gathered = exposure_readings.gather(session, desk.project.id)
    said = {at: (one.sight, one.by_lot, one.first, one.suggested, one.last, one.seconds)
            for (at, _), one in found.items()}  # fmt: skip
    assert said == {
        0: (Sight.after, True, 3, 4, 4, 120),
        1: (Sight.after, True, 2, 4, 2, 120),
        2: (Sight.after, True, 5, 4, 5, None),
        3: (Sight.none, True, 1, None, 1, 60),
    }
    assert (gathered.waiting, gathered.left_out, gathered.truths) == (0, 0, {"none": 4})


@pytest.mark.postgres
def test_readings_under_shown(any_database: Database) -> None:
    with any_database.write() as session:
        desk = a_desk(session, 3, without=(1,), suggestion_policy=SuggestionPolicy.shown)
        session.execute(update(Protocol).values(shuffle=1))
        shown, without, fenced = desk.protocols
        a_fence(session, desk.project, [fenced])
        desk.reads(without, 2)
        desk.reads(shown, 4)
        for by in (0, 1):  # a fenced protocol has two readers
            desk.reads(fenced, 3, by=by)
        found = desk.found()
    one, two, three = (found[at, 0] for at in range(3))
    assert (one.sight, one.by_lot, one.first, one.suggested) == (Sight.shown, True, None, 4)
    assert (two.sight, two.by_lot, two.first, two.withheld) == (Sight.none, True, 2, False)
    # Read without, but not by lot: it was withheld.
    assert (three.sight, three.by_lot, three.withheld) == (Sight.none, False, True)


def test_what_was_looked_up_later_is_no_part_of_a_reading_without(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 1, without=(0,))
        (protocol,) = desk.protocols
        desk.reads(protocol, 2)
        seen = suggestions.current_suggestion_id(session, desk.project.id, protocol)
        history.disclose(session, protocol, desk.coders[0], Disclosed.suggestion, seen)
        a_label(session, desk.project, protocol, by=desk.coders[0], level=4)
        one = desk.found()[0, 0]
    assert (one.sight, one.by_lot, one.last) == (Sight.none, True, 2)


def test_who_saw_others_labels_or_the_suggestion_before_is_left_out(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 3)
        peer, before, changed = desk.protocols
        ana = desk.coders[0]
        history.disclose(session, peer, ana, Disclosed.peer_label, None)
        seen = suggestions.current_suggestion_id(session, desk.project.id, before)
        history.disclose(session, before, ana, Disclosed.suggestion, seen)
        for protocol in (peer, before):
            desk.reads(protocol, 4)
        desk.reads(changed, 3, 4)
        history.disclose(session, changed, ana, Disclosed.peer_label, None)
        a_label(session, desk.project, changed, by=ana, level=1)  # has other reasons
        gathered = exposure_readings.gather(session, desk.project.id)
    assert gathered.left_out == 2
    (one,) = gathered.readings
    assert (one.first, one.last) == (3, 4)


def test_what_is_said_when_it_is_read_once_more_is_another_reading(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 2)
        for protocol, strategy in zip(desk.protocols, ASKED_AGAIN, strict=True):
            desk.reads(protocol, 3, 4)
            queue.serve_picked(session, desk.project, desk.coders[0], protocol, strategy)
            a_label(session, desk.project, protocol, by=desk.coders[0], level=1)
        found = desk.found()
    assert [(one.first, one.last) for one in found.values()] == [(3, 4), (3, 4)]


def test_without_a_suggestion_to_be_had_a_lot_decides_nothing(database: Database) -> None:
    with database.write() as session:
        project = a_project(session, no_suggestion_share=1.0, random_share=1.0)
        desk = Desk(session, project, [one.id for one in some_protocols(session, project, 1)],
                    [a_member(session, project, "ana").id])  # fmt: skip
        desk.reads(desk.protocols[0], 3)
        assert session.query(Serving).one().arm == "none"
        assert not desk.found()[0, 0].by_lot


def test_protocols_that_still_want_a_reader_do_not_count(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 2, readers=2)
        desk.reads(desk.protocols[0], 3, 4)
        gathered = exposure_readings.gather(session, desk.project.id)
        assert (gathered.readings, gathered.waiting) == ([], 1)
        desk.reads(desk.protocols[0], 3, by=1)
        assert len(desk.found()) == 2


def test_a_truth_is_never_the_coders_own(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 3, readers=3, no_suggestion_share=0.0)
        agreed, differ, settled = desk.protocols
        for by, levels in enumerate([(3, 4), (3, 3), (3, 3)]):
            desk.reads(agreed, *levels, by=by)
        for by, level in enumerate((1, 2, 2)):
            desk.reads(differ, level, level, by=by)
            desk.reads(settled, level, level, by=by)
        desk.settle(settled, 5, by=desk.coders[1])
        found = desk.found()
        gathered = exposure_readings.gather(session, desk.project.id)
    # What counts of the others is what they said before the suggestion.
    assert [found[0, by].truth for by in range(3)] == [3, 3, 3]
    # The second and the third agree, which is the first one's truth only.
    assert [found[1, by].truth for by in range(3)] == [2, None, None]
    assert [found[1, by].peers for by in range(3)] == [(2, 2), (1, 2), (1, 2)]
    # Who settled it is not held against their own word; they had seen the suggestion.
    assert [found[2, by].truth for by in range(3)] == [5, None, 5]
    assert gathered.truths == {"others": 4, "none": 3, "settled_seen": 2}


def test_an_answer_taken_back_is_none(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session, 1)
        (protocol,) = desk.protocols
        desk.reads(protocol, 3, 4)
        current = labelling.current_event_id(session, protocol, desk.coders[0])
        taken = a_request(protocol, None, supersedes=current, action=Action.withdraw)
        labelling.record_label(session, desk.coders[0], desk.project, taken)
        session.execute(update(Protocol).values(coders_missing=0))
        gathered = exposure_readings.gather(session, desk.project.id)
    assert (gathered.readings, gathered.left_out) == ([], 1)
