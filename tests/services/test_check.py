"""Attention checks: to whom, looking like what, counting where, and what leads read of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import StaleLabel
from cer_assist.domain.labels import Action, Lane
from cer_assist.domain.serving import CHECK, RANDOM, REASONS
from cer_assist.domain.training import Tally
from cer_assist.services import (
    assignments,
    history,
    labelling,
    protocols,
    queue,
    queue_check,
    queue_wishes,
    reading,
    training,
    training_checks,
    training_items,
    training_rounds,
    verification,
)
from cer_assist.services.training_items import Solution
from cer_assist.services.unannounced import Sought
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent, Project, Protocol, Serving
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.queue import Wish
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import now
from tests.builders import a_label, a_member, a_model, a_project, a_request, some_protocols
from tests.practice import a_known, some_items

SAID = (4, [0.05, 0.05, 0.1, 0.7, 0.1])
DICE = random.Random(3)


def a_world(session: Session, **settings: object) -> tuple[Project, int, list[int]]:
    """A project that gives checks at once, a coder, and protocols, the first of a known level."""
    wanted: dict[str, Any] = {"check_share": 1.0, "random_share": 1.0}
    project = a_project(session, **wanted | settings)
    ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
    ids = [one.id for one in some_protocols(session, project, 4)]
    a_known(session, project, ids[0], by=ben, level=2)
    some_items(session, project, 1)
    return project, ana, ids


def checked(session: Session, project: Project, account: int) -> int | None:
    return queue_check.due(session, project, Sought(account, False, 0, now()))


def item_of(session: Session, project: Project, protocol: int) -> int:
    lines = training_items.lines(session, project.id)
    return next(line.item.id for line in lines if line.item.protocol_id == protocol)


def says(session: Session, project: Project, account: int, protocol: int, level: int) -> int:
    current = labelling.current_event_id(session, protocol, account)
    wanted = a_request(protocol, level, supersedes=current)
    return labelling.record_label(session, account, project, wanted).event_id


def said(session: Session, lane: Lane, account: int) -> list[tuple[str, int | None]]:
    mine = LabelEvent.lane == lane, LabelEvent.account_id == account
    statement = select(LabelEvent.action, LabelEvent.level).where(*mine).order_by(LabelEvent.id)
    return [(action, level) for action, level in session.execute(statement)]


def test_it_comes_like_any_other_and_its_answer_is_kept_apart(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        card = reading.next_card(session, project, ana, DICE)
        assert card is not None
        assert (card.protocol.id, card.reason) == (ids[0], REASONS[RANDOM])
        assert (card.latest, card.draft, card.suggestion) == (None,) * 3
        serving = session.scalars(select(Serving).order_by(Serving.id.desc())).first()
        assert serving is not None
        assert (serving.strategy, serving.lane) == (CHECK, Lane.check)
        says(session, project, ana, ids[0], 3)
        assert said(session, Lane.check, ana) == [("label", 3)]
        assert said(session, Lane.coder, ana) == []
        following = queue.serve_next(session, project, ana, DICE)
        assert following is not None
        assert following.protocol_id != ids[0]
        assert verification.verify(session).intact


def test_nobody_gets_one_who_has_nothing_else_left(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        for each in ids[1:]:
            a_label(session, project, each, by=ana, level=3)
        assert queue.serve_next(session, project, ana, DICE) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"check_share": 0.0},
        {"open_pool": False},
        {"suggestion_policy": SuggestionPolicy.shown, "no_suggestion_share": 0.0},
        {"random_share": 0.0, "double_coded_share": 0.0, "no_suggestion_share": 0.5},
    ],
    ids=["off", "only assigned", "none without suggestion", "none at random"],
)
def test_none_where_it_is_not_wanted_or_would_be_known(
    database: Database, settings: dict[str, Any]
) -> None:
    with database.write() as session:
        project, ana, ids = a_world(session, **settings)
        a_model(session, project, dict.fromkeys(ids, SAID))
        served = queue.serve_next(session, project, ana, DICE)
        assert served is None or served.protocol_id != ids[0]


def _read(session: Session, project: Project, ana: int, protocol: int) -> None:
    a_label(session, project, protocol, by=ana, level=1)


def _had(session: Session, project: Project, ana: int, protocol: int) -> None:
    queue.serve_picked(session, project, ana, protocol)
    queue.release(session, project.id, ana)


def _asked(session: Session, project: Project, ana: int, protocol: int) -> None:
    assignments.ask(session, project, protocol, ana, AssignmentKind.reread)


def _seen(session: Session, project: Project, ana: int, protocol: int) -> None:
    history.disclose(session, protocol, ana, Disclosed.peer_label, None)


def _practises(session: Session, project: Project, ana: int, protocol: int) -> None:
    training.begin(session, project, ana, DICE)


def _held(session: Session, project: Project, ana: int, protocol: int) -> None:
    name = session.get_one(Protocol, protocol).external_id
    queue_wishes.want(session, project, [name], Wish.held, "unreadable", ana)


def _wanted(session: Session, project: Project, ana: int, protocol: int) -> None:
    found = session.get_one(Protocol, protocol)
    found.coders_wanted, found.coders_missing = 2, 1
    session.flush()


def _set_aside(session: Session, project: Project, ana: int, protocol: int) -> None:
    training_items.use(session, project, item_of(session, project, protocol), False, None)


Happened = Callable[[Session, Project, int, int], None]
EVENTS = [_read, _had, _asked, _seen, _practises, _held, _wanted, _set_aside]


@pytest.mark.parametrize("happened", EVENTS)
def test_only_what_the_coder_never_had_and_is_in_use(
    any_database: Database, happened: Happened
) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        assert checked(session, project, ana) == ids[0]
        happened(session, project, ana, ids[0])
        assert checked(session, project, ana) is None


def test_what_was_mended_is_in_use_still_and_one_that_checked_is_not_practised_on(
    any_database: Database,
) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        old = item_of(session, project, ids[0])
        training_items.mend(session, project, old, Solution(3, "Rather this."), None)
        assert checked(session, project, ana) == ids[0]
        assert len(training_rounds.drawable(session, project, ana)) == 6
        queue.serve_next(session, project, ana, DICE)
        assert len(training_rounds.drawable(session, project, ana)) == 5


def test_never_the_last_they_could_practise_on_for_its_going_would_be_seen(
    database: Database,
) -> None:
    with database.write() as session:
        project, ana, ids = a_world(session)
        others = [line.item.id for line in training_items.lines(session, project.id)
                  if line.item.protocol_id is None]  # fmt: skip
        for item_id in others:
            assert checked(session, project, ana) == ids[0]
            training_items.use(session, project, item_id, False, None)
        assert checked(session, project, ana) is None


def test_undo_stale_pages_and_repeated_keys_stay_in_its_lane(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        queue.serve_next(session, project, ana, DICE)
        reading.picked_card(session, project, ana, ids[1])  # gives it back
        late = a_request(ids[0], 4)
        first = labelling.record_label(session, ana, project, late)
        assert labelling.record_label(session, ana, project, late).repeated
        with pytest.raises(StaleLabel):
            labelling.record_label(session, ana, project, a_request(ids[0], 1))
        undone = reading.to_take_back(session, project.id, ana)
        assert undone is not None
        assert undone.event_id == first.event_id
        back = a_request(ids[0], None, supersedes=first.event_id, action=Action.withdraw)
        taken = labelling.record_label(session, ana, project, back)
        card = reading.after_answer(session, project, ana, taken, DICE)
        assert card is not None
        assert card.protocol.id == ids[0]
        says(session, project, ana, ids[0], 5)
        expected = [("label", 4), ("withdraw", None), ("label", 5)]
        assert said(session, Lane.check, ana) == expected
        assert said(session, Lane.coder, ana) == []


def test_afterwards_it_is_one_of_their_answers_wherever_they_look(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)

        def listed(**wanted: object) -> dict[int, tuple[bool, str | None, int | None]]:
            filters = protocols.Filters(**wanted)  # type: ignore[arg-type]
            rows = protocols.search(session, project.id, ana, filters).rows
            return {row.id: (row.is_complete, row.my_action, row.my_level) for row in rows}

        queue.serve_next(session, project, ana, DICE)
        assert listed()[ids[0]] == (False, None, None)
        says(session, project, ana, ids[0], 4)
        assert listed()[ids[0]] == (True, "label", 4)
        assert ids[0] in listed(mine=protocols.Mine.answered, level=4)
        card = reading.picked_card(session, project, ana, ids[0])
        assert card.level == 4
        says(session, project, ana, ids[0], 3)  # from its card
        assert said(session, Lane.check, ana) == [("label", 4), ("label", 3)]
        assignments.ask(session, project, ids[0], ana, AssignmentKind.reread)
        assert reading.picked_card(session, project, ana, ids[0]).level is None
        a_label(session, project, ids[0], by=ana, level=1)
        assert listed()[ids[0]] == (True, "label", 1)
        assert len(listed()) == 4
        assert said(session, Lane.coder, ana) == [("label", 1)]


def test_leads_read_the_last_blind_answers_by_name_and_level(any_database: Database) -> None:
    with any_database.write() as session:
        project, ana, ids = a_world(session)
        ben = session.query(LabelEvent).first()
        assert ben is not None
        item = a_known(session, project, ids[1], by=ben.account_id, level=4)
        zoe = a_member(session, project, "zoe").id
        for account, levels in ((zoe, (2, 4)), (ana, (3, 1))):
            for protocol, level in zip(ids, levels, strict=False):
                again = protocol, CHECK, DICE, Lane.check
                queue.serve_picked(session, project, account, *again)
                says(session, project, account, protocol, level)
        history.disclose(session, ids[0], ana, Disclosed.peer_label, None)
        says(session, project, ana, ids[0], 2)  # knowing by then
        lines = training_checks.by_coder(session, project.id)
        assert [line.username for line in lines] == ["ana", "zoe"]
        assert [line.total for line in lines] == [Tally(2, 0, 1), Tally(2, 2, 0)]
        assert lines[0].by_level == {2: Tally(1, 0, 1), 4: Tally(1, 0, 0)}
        training_items.mend(session, project, item.id, Solution(1, "It was this."), None)
        assert training_checks.by_coder(session, project.id)[0].total == Tally(2, 1, 1)
