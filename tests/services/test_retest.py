"""A protocol that comes back unannounced: to whom, looking like what, and counting where."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import StaleLabel
from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.serving import RANDOM, REASONS, RETEST
from cer_assist.services import (
    assignments,
    history,
    labelling,
    protocols,
    queue,
    queue_hidden,
    queue_retest,
    queue_wishes,
    reading,
    unannounced,
    verification,
)
from cer_assist.services.label_events import Recorded
from cer_assist.services.projects import my_count
from cer_assist.store.engine import Database
from cer_assist.store.tables import Comment, LabelEvent, Project, Protocol, Serving
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.queue import Wish
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_model, a_project, a_request, some_protocols

SAID = (4, [0.05, 0.05, 0.1, 0.7, 0.1])


def a_world(session: Session, count: int = 3, **settings: object) -> tuple[Project, int, list[int]]:
    """A project that gives repeats at once, a coder and protocols of which they read the first."""
    wanted: dict[str, Any] = {"retest_share": 1.0, "retest_after_days": 0, "random_share": 1.0}
    project = a_project(session, **wanted | settings)
    ana = a_member(session, project, "ana").id
    ids = [one.id for one in some_protocols(session, project, count)]
    a_label(session, project, ids[0], by=ana, level=2)
    return project, ana, ids


def given(session: Session, project: Project, account: int) -> queue.Served:
    served = queue.serve_next(session, project, account, random.Random(3))
    assert served is not None
    return served


def answers(
    session: Session, project: Project, account: int, protocol: int, level: int | None
) -> Recorded:
    current = labelling.current_event_id(session, protocol, account)
    wanted = a_request(protocol, level, supersedes=current)
    return labelling.record_label(session, account, project, wanted)


def said(session: Session, lane: Lane) -> list[tuple[str, int | None]]:
    statement = select(LabelEvent.action, LabelEvent.level).where(LabelEvent.lane == lane)
    return [(action, level) for action, level in session.execute(statement.order_by(LabelEvent.id))]


def test_an_answer_comes_back_blank_and_is_kept_apart(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        first = labelling.current_event_id(session, ids[0], ana)
        card = reading.next_card(session, project, ana, random.Random(3))
        assert card is not None
        assert (card.protocol.id, card.reason) == (ids[0], REASONS[RANDOM])
        assert (card.latest, card.draft, card.level, card.suggestion) == (None,) * 4
        serving = session.scalars(select(Serving).order_by(Serving.id.desc())).first()
        assert serving is not None
        assert (serving.strategy, serving.lane) == (RETEST, Lane.retest)
        answers(session, project, ana, ids[0], 4)
        assert said(session, Lane.retest) == [("label", 4)]
        assert said(session, Lane.coder) == [("label", 2)]
        assert labelling.current_event_id(session, ids[0], ana) == first
        assert my_count(session, project.id, ana) == 2
        assert given(session, project, ana).protocol_id != ids[0]
        assert verification.verify(session).intact


def test_nobody_gets_a_repeat_who_would_know_it_by_having_nothing_else(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        for each in ids[1:]:
            a_label(session, project, each, by=ana, level=3)
        assert queue.serve_next(session, project, ana, random.Random(3)) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"retest_after_days": 1},
        {"retest_share": 0.0},
        {"open_pool": False},
        {"suggestion_policy": SuggestionPolicy.shown, "no_suggestion_share": 0.0},
        {"random_share": 0.0, "no_suggestion_share": 0.5},
    ],
    ids=["too soon", "off", "only assigned", "none without suggestion", "none at random"],
)
def test_no_repeat_where_it_is_not_wanted_or_would_be_known(
    database: Database, settings: dict[str, Any]
) -> None:
    with database.write() as session:
        project, ana, ids = a_world(session, **settings)
        a_model(session, project, dict.fromkeys(ids, SAID))
        served = queue.serve_next(session, project, ana, random.Random(3))
        assert served is None or served.protocol_id != ids[0]


def _asked(session: Session, project: Project, ana: int, protocol: int) -> None:
    assignments.ask(session, project, protocol, ana, AssignmentKind.reread)


def _held(session: Session, project: Project, ana: int, protocol: int) -> None:
    name = session.get_one(Protocol, protocol).external_id
    queue_wishes.want(session, project, [name], Wish.held, "unreadable", ana)


def _seen(session: Session, project: Project, ana: int, protocol: int) -> None:
    history.disclose(session, protocol, ana, Disclosed.peer_label, None)


def _disputed(session: Session, project: Project, ana: int, protocol: int) -> None:
    ben = a_member(session, project, "ben").id
    a_label(session, project, protocol, by=ben, level=5)


def _discussed(session: Session, project: Project, ana: int, protocol: int) -> None:
    session.add(
        Comment(
            project_id=project.id, protocol_id=protocol, account_id=ana, text="Hm.",
            idempotency_key="comment-1", recorded_at=now(), sha256="0" * 64,
        )
    )  # fmt: skip
    session.flush()


def _had_it(session: Session, project: Project, ana: int, protocol: int) -> None:
    queue.serve_picked(session, project, ana, protocol, RETEST, random.Random(1), Lane.retest)
    queue.release(session, project.id, ana)


Happened = Callable[[Session, Project, int, int], None]


@pytest.mark.parametrize("happened", [_asked, _held, _seen, _disputed, _discussed, _had_it])
def test_only_what_nothing_happened_to_comes_back(
    any_database: Database, happened: Happened
) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        asked = unannounced.Sought(ana, False, 0, now())
        assert queue_retest.due(session, project, asked) == ids[0]
        happened(session, project, ana, ids[0])
        assert queue_retest.due(session, project, asked) is None


def test_undo_takes_back_the_repeat_and_never_the_first_answer(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        given(session, project, ana)
        recorded = answers(session, project, ana, ids[0], 4)
        undone = reading.to_take_back(session, project.id, ana)
        assert undone is not None
        assert undone.event_id == recorded.event_id
        back = a_request(ids[0], None, supersedes=recorded.event_id, action=Action.withdraw)
        taken = labelling.record_label(session, ana, project, back)
        card = reading.after_answer(session, project, ana, taken, random.Random(1))
        assert card is not None
        assert card.latest is not None
        assert (card.protocol.id, card.latest.action) == (ids[0], Action.withdraw)
        assert my_count(session, project.id, ana) == 1
        answers(session, project, ana, ids[0], 5)
        assert said(session, Lane.retest) == [("label", 4), ("withdraw", None), ("label", 5)]
        assert said(session, Lane.coder) == [("label", 2)]


def test_the_first_answer_is_changed_from_the_list_as_ever(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        given(session, project, ana)
        answers(session, project, ana, ids[0], 4)
        card = reading.picked_card(session, project, ana, ids[0])
        assert card.level == 2
        answers(session, project, ana, ids[0], 3)
        assert said(session, Lane.coder) == [("label", 2), ("label", 3)]
        assert said(session, Lane.retest) == [("label", 4)]


def test_a_page_left_open_meets_the_lane_that_it_was_made_for(any_database: Database) -> None:
    """A form of the first answer changes that one while the repeat is open, and the reverse."""
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        first = labelling.current_event_id(session, ids[0], ana)
        given(session, project, ana)
        change = a_request(ids[0], 3, supersedes=first)
        labelling.record_label(session, ana, project, change)
        assert said(session, Lane.coder) == [("label", 2), ("label", 3)]
        assert given(session, project, ana).protocol_id == ids[0]
        reading.picked_card(session, project, ana, ids[1])  # gives the repeat back
        late = a_request(ids[0], 5)
        labelling.record_label(session, ana, project, late)
        assert said(session, Lane.retest) == [("label", 5)]
        assert labelling.record_label(session, ana, project, late).repeated
        with pytest.raises(StaleLabel) as stale:
            labelling.record_label(session, ana, project, a_request(ids[0], 1))
        assert stale.value.stored.level == 5  # not what was said the first time


def test_while_it_is_open_the_coders_list_shows_it_as_unread(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)

        def listed(**wanted: object) -> dict[int, tuple[bool, str | None, int | None]]:
            filters = protocols.Filters(**wanted)  # type: ignore[arg-type]
            rows = protocols.search(session, project.id, ana, filters).rows
            return {row.id: (row.is_complete, row.my_action, row.my_level) for row in rows}

        assert listed()[ids[0]] == (True, "label", 2)
        given(session, project, ana)
        assert listed()[ids[0]] == (False, None, None)
        assert ids[0] not in listed(mine=protocols.Mine.answered)
        assert ids[0] not in listed(state=protocols.State.complete)
        assert ids[0] in listed(state=protocols.State.open)
        answers(session, project, ana, ids[0], 4)
        assert listed()[ids[0]] == (True, "label", 2)


def test_a_repeat_keeps_no_protocol_from_another_coder(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session, coders_per_protocol=2)
        ben = a_member(session, project, "ben").id
        a_label(session, project, ids[1], by=ben, level=2)
        a_label(session, project, ids[2], by=ben, level=2)
        assert given(session, project, ana).protocol_id == ids[0]
        project.retest_share = 0.0
        assert given(session, project, ben).protocol_id == ids[0]


def test_of_a_share_so_many_come_back_and_the_rest_is_drawn_as_before(database: Database) -> None:
    dice = random.Random(7)
    drawn = [queue_hidden.split(dice.random(), 0.2) for _ in range(20_000)]
    again = [rest for comes_back, rest in drawn if comes_back]
    others = [rest for comes_back, rest in drawn if not comes_back]
    assert len(again) / len(drawn) == pytest.approx(0.2, abs=0.01)
    for rest in (again, others):
        assert all(0 <= one < 1 for one in rest)
        assert sum(rest) / len(rest) == pytest.approx(0.5, abs=0.02)
    assert queue_hidden.split(0.0, 0.0) == (False, 0.0)
    assert queue_hidden.split(0.999, 1.0)[0]
