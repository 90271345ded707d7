"""The queue page: what comes and why, for leads who may still code what is on it."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from cer_assist.domain.labels import Action
from cer_assist.domain.serving import DIVERSE, RARE, REASONS_TOLD
from cer_assist.services import labelling, queue
from cer_assist.store.tables import Disclosure, ModelVersion, Protocol
from tests.builders import a_label, a_model, a_request, an_order
from tests.views.office import OWN, Office

QUEUE = f"/p/{OWN}/queue"
# Numbers that no page has for another reason.
SAID = [0.0173, 0.0173, 0.0173, 0.0173, 0.9308]


@pytest.fixture
def scored(office: Office) -> Office:
    """A model that is sure of level 5 everywhere, with an order by each strategy."""
    with office.database.write() as session:
        project = office.project(session)
        version = a_model(session, project, dict.fromkeys(office.protocols, (5, SAID)))
        for strategy in (DIVERSE, RARE):
            an_order(session, version, strategy, dict.fromkeys(office.protocols, 0.9308))
    return office


def test_it_says_what_comes_and_why_without_the_level(scored: Office) -> None:
    page = scored.browser("lead@own").get(QUEUE).text
    assert "The next 4 protocols" in page
    assert "unsure by about" in page
    assert "P-1" in page
    assert 'class="level' not in page
    assert "0.93" not in page


def test_the_rare_list_opens_on_request_and_that_is_recorded(scored: Office) -> None:
    browser = scored.browser("lead@own")
    closed = browser.get(QUEUE).text
    rare = closed[closed.index("Likely of a rare level") :]
    rare = rare[: rare.index('id="wish"')]
    assert "the list stays closed" in rare
    assert "P-1" not in rare
    with scored.database.read() as session:
        assert session.scalars(select(Disclosure.id)).all() == []
    opened = browser.get(f"{QUEUE}?all=1").text
    assert "the list stays closed" not in opened
    with scored.database.read() as session:
        seen = session.scalars(select(Disclosure.protocol_id)).all()
        assert sorted(seen) == sorted(scored.protocols)
    with scored.database.write() as session:
        lead = scored.people["lead@own"]
        a_label(session, scored.project(session), scored.protocols[0], by=lead, level=2)
        event = labelling.last_answer(session, scored.projects[OWN], lead)
        assert event is not None
        assert event.exposure == "after_suggestion"


def test_what_is_open_is_not_told_to_be_likely_of_a_rare_level(scored: Office) -> None:
    with scored.database.write() as session:
        project = scored.project(session)
        project.random_share, project.rare_share = 0.0, 1.0
        lead = scored.people["lead@own"]
        served = queue.serve_next(session, project, lead, random.Random(0))
        assert served is not None
        assert served.strategy == RARE
    browser = scored.browser("lead@own")
    page = browser.get(QUEUE).text
    assert page.count("the model would learn much from it") == 2  # who has it open, and the count
    assert REASONS_TOLD[RARE] not in page
    assert REASONS_TOLD[RARE] in browser.get(f"{QUEUE}?all=1").text


def test_under_the_policy_shown_nothing_needs_opening(scored: Office) -> None:
    with scored.database.write() as session:
        scored.project(session).suggestion_policy = "shown"
    assert "the list stays closed" not in scored.browser("lead@own").get(QUEUE).text


def test_pin_hold_and_release_by_the_page(scored: Office) -> None:
    browser = scored.browser("lead@own")
    answer = browser.post(
        f"{QUEUE}/wishes",
        {"id": ["P-1"], "ids": "P-2\r\n\r\nP-3", "reason": "for the board", "action": "pinned"},
    )
    assert answer.status_code == 303
    page = browser.get(QUEUE).text
    assert page.count(">first<") == 3
    assert "3 protocols put first." in page
    assert (
        browser.post(
            f"{QUEUE}/wishes", {"id": "P-2", "reason": "torn pages", "action": "held"}
        ).status_code
        == 303
    )
    assert "torn pages" in browser.get(f"/p/{OWN}/protocols/{scored.protocols[1]}").text
    # Coders are not told: they could ask the lead why.
    coder = scored.browser("coder@own").get(f"/p/{OWN}/protocols/{scored.protocols[1]}").text
    assert "torn pages" not in coder
    browser.post(f"{QUEUE}/wishes", {"id": "P-2", "action": "release"})
    assert "torn pages" not in browser.get(QUEUE).text


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"id": "P-1", "action": "held"}, "Say why"),
        ({"ids": "P-77", "action": "held", "reason": "x"}, "no protocol P-77"),
        ({"id": "P-1", "action": "burn", "reason": "x"}, "Choose whether"),
    ],
)
def test_a_faulty_wish_is_refused_with_advice(
    scored: Office, fields: dict[str, str], advice: str
) -> None:
    answer = scored.browser("lead@own").post(f"{QUEUE}/wishes", fields)
    assert answer.status_code == 400
    assert advice in answer.text


def test_what_was_given_is_counted_by_its_reason(scored: Office) -> None:
    with scored.database.write() as session:
        project = scored.project(session)
        coder, lead = scored.people["coder@own"], scored.people["lead@own"]
        one, two, three, four = scored.protocols
        queue.serve_picked(session, project, coder, one)
        a_label(session, project, one, by=coder, level=2)
        queue.serve_picked(session, project, coder, two)
        skip = a_request(two, None, action=Action.skip, note="too long")
        labelling.record_label(session, coder, project, skip)
        queue.serve_picked(session, project, coder, three)
        queue.serve_picked(session, project, coder, four)  # three is given back
        queue.serve_picked(session, project, lead, three)
    page = scored.browser("lead@own").get(QUEUE).text
    row = page[page.index('<th scope="row">opened by the coder</th>') :]
    numbers = [part.split("<")[0] for part in row.split('<td class="number">')[1:7]]
    assert numbers == ["5", "1", "1", "2", "0", "1"]
    assert "2 protocols, the longest open first" in page


def test_an_empty_queue_says_what_is_there(office: Office) -> None:
    page = office.browser("lead@own").get(QUEUE).text
    assert "everything is drawn at random" in page
    assert "Nothing was given yet" in page
    assert "Nobody has a protocol open" in page


def test_a_mix_to_start_from_is_one_list(scored: Office) -> None:
    with scored.database.write() as session:
        version = session.scalars(select(ModelVersion)).one()
        version.label_count = 0
        ids = list(session.scalars(select(Protocol.id).where(Protocol.id.in_(scored.protocols))))
        an_order(session, version.id, "cold_start", dict.fromkeys(ids, 1.0))
    page = scored.browser("lead@own").get(QUEUE).text
    assert "A broad mix to start from" in page
    assert "The model is unsure" not in page
