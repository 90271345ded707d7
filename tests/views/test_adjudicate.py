"""The adjudicator's pages and their JSON: what they show, what they refuse, what they record."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist.services import labelling
from cer_assist.store.tables import Adjudication, CurrentLabel, Disclosure, LabelEvent
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_label, a_member, a_request
from tests.views.office import OWN, Browser, Office

LIST = f"/p/{OWN}/adjudicate"
API = f"/api/v1/projects/{OWN}"
LEAD, CODER = "lead@own", "coder@own"


@pytest.fixture
def disputed(office: Office) -> Office:
    """Two coders differ on the first protocol by two levels, each with a mark and a note."""
    with office.database.write() as session:
        project = office.project(session)
        other = a_member(session, project, "zebedee").id
        office.people["peer"] = other
        for coder, level, mark in ((office.people[CODER], 2, (0, 5)), (other, 4, (6, 12))):
            asked = a_request(1, level, evidence=(mark,), note=f"note of {level}", confidence=1)
            labelling.record_label(session, coder, project, asked)
    return office


def form_of(page: str) -> dict[str, str]:
    """The hidden fields that a browser would send."""
    return dict(re.findall(r'type="hidden" name="(idempotency_key|between)" value="([^"]+)"', page))


def decide(browser: Browser, **fields: str) -> Any:
    """Open the first protocol and decide."""
    hidden = form_of(browser.get(f"{LIST}/1").text)
    values = {"act": "decide", "level": "3", "reason": "slip", "note": "seen"}
    return browser.post(f"{LIST}/1", hidden | values | fields)


def test_the_list_says_how_far_apart_and_no_level(disputed: Office) -> None:
    page = disputed.browser(LEAD).get(LIST).text
    assert "Study number 1" in page
    assert 'class="level' not in page
    assert "zebedee" not in page
    with disputed.database.read() as session:
        assert session.scalars(select(Disclosure.id)).all() == []
    near = disputed.browser(LEAD).get(f"{LIST}?track=near").text
    assert "Nothing to settle here" in near


def test_an_empty_list_says_what_it_is_for(office: Office) -> None:
    page = office.browser(LEAD).get(LIST).text
    assert "once all its readings are in and differ" in page


def test_a_case_has_both_readings_with_their_marks_and_no_names(disputed: Office) -> None:
    page = disputed.browser(LEAD).get(f"{LIST}/1").text
    assert {"note of 2", "note of 4"} <= set(re.findall(r"note of \d", page))
    marked = dict(re.findall(r'<mark class="voice voice-(.)"[^>]*>([^<]*)</mark>', page))
    assert sorted(marked.values()) == ["Study", "number"]
    assert "zebedee" not in page
    with disputed.database.read() as session:
        seen = session.execute(select(Disclosure.account_id, Disclosure.what)).all()
    assert [tuple(row) for row in seen] == [(disputed.people[LEAD], Disclosed.peer_label)]


def test_a_decision_without_javascript_is_stored_and_told(disputed: Office) -> None:
    browser = disputed.browser(LEAD)
    answer = decide(browser)
    assert (answer.status_code, answer.location) == (303, LIST)
    assert "the final level is 3" in browser.get(LIST).text
    with disputed.database.read() as session:
        stands = session.execute(
            select(CurrentLabel.lane, CurrentLabel.level).order_by(CurrentLabel.event_id)
        ).all()
        assert [tuple(row) for row in stands] == [("coder", 2), ("coder", 4), ("final", 3)]
    page = browser.get(f"{LIST}/1").text
    assert "settled" in page
    assert "Take it back" in page
    back = browser.post(f"{LIST}/1", form_of(page) | {"act": "take_back"})
    assert back.location == f"{LIST}/1"


def test_what_changed_meanwhile_is_shown_with_what_was_filled_in(disputed: Office) -> None:
    browser = disputed.browser(LEAD)
    hidden = form_of(browser.get(f"{LIST}/1").text)
    with disputed.database.write() as session:
        project = disputed.project(session)
        a_label(session, project, 1, by=disputed.people["peer"], level=5)
    filled = {"act": "decide", "level": "3", "reason": "slip", "note": "half a sentence"}
    answer = browser.post(f"{LIST}/1", hidden | filled)
    assert answer.status_code == 409
    assert "A coder has answered again" in answer.text
    assert "half a sentence" in answer.text
    assert re.search(r'name="level" value="3"[^>]* checked', answer.text)
    assert form_of(answer.text)["between"] != hidden["between"]
    with disputed.database.read() as session:
        assert session.scalars(select(Adjudication.id)).all() == []


def test_what_another_has_settled_meanwhile_stands_and_is_shown(disputed: Office) -> None:
    browser, other = disputed.browser(LEAD), disputed.browser("administrator@own")
    hidden = form_of(browser.get(f"{LIST}/1").text)
    decide(other, level="5")
    answer = browser.post(f"{LIST}/1", hidden | {"act": "decide", "level": "3", "reason": "slip"})
    assert answer.status_code == 409
    assert "has settled this protocol: level 5" in answer.text
    assert "Take it back" not in answer.text  # only who gave it can
    assert 'name="level"' not in answer.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"level": ""}, "Choose the final level"),
        ({"reason": ""}, "Choose why"),
        ({"reason": "weather"}, "could not be understood"),
        ({"act": "send_back", "level": "", "note": ""}, "look at again"),
        ({"act": "withdraw"}, "could not be understood"),
    ],
)
def test_what_is_missing_is_named(disputed: Office, fields: dict[str, str], said: str) -> None:
    answer = decide(disputed.browser(LEAD), **fields)
    assert answer.status_code == 400
    assert said in answer.text


def test_of_a_protocol_that_wants_readers_nothing_is_told(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people[CODER], level=2)
    browser = office.browser(LEAD)
    answers = {browser.get(f"{LIST}/{number}").status_code for number in (1, 2)}
    assert answers == {409}
    assert "Study number" not in browser.get(LIST).text


def test_sent_back_is_told_to_its_coder_and_the_discussion_opens(disputed: Office) -> None:
    lead, coder = disputed.browser(LEAD), disputed.browser(CODER)
    assert coder.get(f"/p/{OWN}/discussion/1").status_code == 404
    assert "Discussion" not in coder.get(f"/p/{OWN}/protocols/1").text
    decide(lead, act="send_back", level="", note="Look at the flyers.")
    assert "The adjudicator asks you to read it again" in coder.get("/").text
    page = coder.get(f"/p/{OWN}/label").text
    assert "Look at the flyers." in page
    assert 'id="keep"' in page
    assert "Discussion" in coder.get(f"/p/{OWN}/protocols/1").text
    thread = coder.get(f"/p/{OWN}/discussion/1").text
    assert "lead-own" not in thread
    key = re.findall(r'name="idempotency_key" value="([^"]+)"', thread)[0]
    said = {"text": "They <only> hang there.", "idempotency_key": key}
    assert coder.post(f"/p/{OWN}/discussion/1", said).status_code == 303
    assert "They &lt;only&gt; hang there." in lead.get(f"/p/{OWN}/discussion/1").text


def send(browser: Browser, address: str, body: dict[str, Any]) -> Any:
    """JSON with the form token that a page has."""
    token = {"X-CSRFToken": browser.token()}
    return browser.client.post(address, json=body, headers=token)


def test_the_same_by_json(disputed: Office) -> None:
    browser = disputed.browser(LEAD)
    (row,) = browser.get(f"{API}/adjudications").get_json()["protocols"]
    assert (row["protocol_id"], row["distance"], row["track"]) == (1, 2, "far")
    case = browser.get(f"{API}/adjudications/1").get_json()
    assert {one["level"] for one in case["readings"]} == {2, 4}
    between = [one["event_id"] for one in case["readings"]]
    body = {
        "act": "decide",
        "between": between,
        "idempotency_key": "k" * 16,
        "level": 2,
        "reason": "overlooked_text",
        "note": "",
    }
    stale = send(browser, f"{API}/adjudications/1", body | {"between": between[:1]})
    assert stale.status_code == 409
    assert {one["level"] for one in stale.get_json()["stands"]["readings"]} == {2, 4}
    done = send(browser, f"{API}/adjudications/1", body).get_json()
    assert (done["act"], done["level"], done["repeated"]) == ("decide", 2, False)
    assert send(browser, f"{API}/adjudications/1", body).get_json()["repeated"]
    other = send(browser, f"{API}/adjudications/1", body | {"level": 5})
    assert other.status_code == 422
    wrong = send(browser, f"{API}/adjudications/1", {"act": "decide"})
    assert wrong.status_code == 400
    assert "between" in wrong.get_json()["error"]
    said = {"text": "Settled.", "idempotency_key": "k" * 16}
    thread = send(browser, f"{API}/discussions/1", said).get_json()
    assert [one["text"] for one in thread["comments"]] == ["Settled."]
    with disputed.database.read() as session:
        finals = session.scalars(select(LabelEvent.level).where(LabelEvent.lane == "final")).all()
        assert finals == [2]


@pytest.mark.parametrize("address", [LIST, f"{LIST}/1", f"{API}/adjudications/1"])
def test_coders_are_refused(disputed: Office, address: str) -> None:
    assert disputed.browser(CODER).get(address).status_code == 403
