"""The pages and the JSON of training: what they tell when, and to whom."""

from __future__ import annotations

import io
import random
import re
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist.domain.labels import Lane
from cer_assist.domain.serving import CHECK
from cer_assist.services import queue, training, training_items
from cer_assist.store.tables import Project, TrainingAnswer, TrainingItem
from tests.builders import a_label
from tests.practice import a_known, say, some_items
from tests.views.office import OWN, Browser, Office

PAGE, ITEMS = f"/p/{OWN}/training", f"/p/{OWN}/training/items"
API = f"/api/v1/projects/{OWN}/training"
LEAD, CODER, AUDITOR = "lead@own", "coder@own", "auditor@own"


@pytest.fixture
def practice(office: Office) -> Office:
    """An item of each level; a round has three."""
    with office.database.write() as session:
        project = office.project(session)
        project.training_items = 3
        some_items(session, project, 1)
    return office


def training_dice() -> random.Random:
    return random.Random(3)


def required(office: Office) -> None:
    with office.database.write() as session:
        office.project(session).qualifies_first = True


def fields_of(page: str) -> dict[str, str]:
    """The hidden fields that a browser would send."""
    found = re.findall(r'name="(round_id|item_id|idempotency_key)" value="([^"]+)"', page)
    return dict(found)


def level_of(office: Office, item_id: str) -> int:
    with office.database.read() as session:
        return session.get_one(TrainingItem, int(item_id)).level


def send(browser: Browser, address: str, body: dict[str, Any]) -> Any:
    """JSON with the form token that a page has."""
    token = {"X-CSRFToken": browser.token()}
    return browser.client.post(address, json=body, headers=token)


def test_a_round_without_javascript(practice: Office) -> None:
    browser = practice.browser(CODER)
    assert "Begin" in browser.get(PAGE).text
    assert browser.post(f"{PAGE}/begin").location == PAGE
    for place in (1, 2, 3):
        page = browser.get(PAGE).text
        assert "zebra" not in page
        assert 'class="ev"' not in page
        fields = fields_of(page)
        right = level_of(practice, fields["item_id"])
        said = right if place > 1 else (right - 1 if right > 1 else right + 1)
        done = browser.post(f"{PAGE}/answers", {**fields, "level": str(said), "seconds": "4.5"})
        assert done.status_code == 303
        told = browser.get(done.location).text
        assert f"zebra {right}." in told
        assert 'class="ev"' in told
        assert ("One level off" in told) is (place == 1)
        again = browser.post(f"{PAGE}/answers", {**fields, "level": str(said), "seconds": "9"})
        assert again.location == done.location  # sent twice, stored once
    page = browser.get(PAGE).text
    assert "Round 1: not passed" in page
    assert "2 of 3 exactly right" in page
    assert "Try again" in page
    with practice.database.read() as session:
        assert session.scalars(select(TrainingAnswer.seconds)).all() == [4.5] * 3


def test_another_answer_after_feedback_is_refused_with_what_stands(practice: Office) -> None:
    browser = practice.browser(CODER)
    browser.post(f"{PAGE}/begin")
    fields = fields_of(browser.get(PAGE).text)
    browser.post(f"{PAGE}/answers", {**fields, "level": "3"})
    late = {**fields, "level": "4", "idempotency_key": "x" * 20}
    answer = browser.post(f"{PAGE}/answers", late)
    assert answer.status_code == 409
    assert "answered this one already: 3" in answer.text
    assert "zebra" in answer.text  # the feedback that was shown
    ahead = {**late, "item_id": "99", "idempotency_key": "y" * 20}
    answer = browser.post(f"{PAGE}/answers", ahead)
    assert answer.status_code == 409
    assert "not the practice protocol that comes next" in answer.text
    assert "zebra" not in answer.text
    mixed = browser.post(f"{PAGE}/answers", {**fields, "level": "5"})
    assert mixed.status_code == 422
    for wrong in ({**fields, "level": "x"}, {"level": "3"}):
        assert browser.post(f"{PAGE}/answers", wrong).status_code == 400


def test_labelling_waits_and_says_why(practice: Office) -> None:
    browser = practice.browser(CODER)
    fields = re.findall(r'data-protocol="(\d+)"', browser.get(f"/p/{OWN}/label").text)
    required(practice)
    assert browser.get(f"/p/{OWN}/label").status_code == 200  # the open one is theirs to finish
    body = {
        "protocol_id": int(fields[0]),
        "action": "label",
        "level": 3,
        "idempotency_key": "k" * 9,
    }
    done = send(browser, f"/p/{OWN}/label", body).get_json()
    assert done["saved"]["level"] == 3
    assert "Training comes first" in done["card"]
    sent = browser.get(f"/p/{OWN}/label")
    assert (sent.status_code, sent.location) == (303, PAGE)
    assert "pass a round of training" in browser.get(PAGE).text
    refused = browser.get(f"/p/{OWN}/label", headers={"Accept": "application/json"})
    assert refused.status_code == 403
    assert "pass a round of training" in refused.get_json()["error"]
    other = next(one for one in practice.protocols if one != int(fields[0]))
    for key in ("m", "n"):  # neither by page nor by hand
        new = body | {"protocol_id": other, "idempotency_key": key * 9}
        assert send(browser, f"/p/{OWN}/label", new).status_code == 403


def test_home_and_menu_tell_of_it_until_it_is_passed(practice: Office) -> None:
    browser = practice.browser(CODER)
    required(practice)
    assert "Start the training" in browser.get("/").text
    assert "My training" in browser.get(f"/p/{OWN}/rubric").text
    with practice.database.write() as session:
        project = practice.project(session)
        mine = practice.people[CODER]
        training.begin(session, project, mine, training_dice())
        say(session, project, mine)
    assert "1 of 3 answered" in browser.get("/").text
    with practice.database.write() as session:
        for _ in range(2):
            say(session, practice.project(session), mine)
    assert browser.get(f"/p/{OWN}/label").status_code == 200
    assert "My training" not in browser.get(f"/p/{OWN}/rubric").text
    assert "1 of 3" in practice.browser(LEAD).get("/").text  # administrator, lead, coder


def test_no_address_tells_a_coder_a_level_before_their_answer(practice: Office) -> None:
    required(practice)
    browser = practice.browser(CODER)
    browser.post(f"{PAGE}/begin")
    with practice.database.read() as session:
        ids = session.scalars(select(TrainingItem.id)).all()
    addresses = [
        PAGE,
        API,
        ITEMS,
        f"{API}/results",
        "/",
        f"{PAGE}/rounds/1/1",
        f"{PAGE}/rounds/1/2",
    ]
    addresses += [f"{ITEMS}/{one}" for one in ids]
    found = {address: browser.get(address) for address in addresses}
    assert [one for one in found if "zebra" in found[one].text] == []
    assert {found[one].status_code for one in (PAGE, API, "/")} == {200}
    assert found[f"{PAGE}/rounds/1/1"].status_code == 404
    question = found[API].get_json()["question"]
    assert set(question) == {"round_id", "item_id", "place", "asked", "title", "sections", "text"}
    stranger = practice.browser(LEAD)
    browser.post(f"{PAGE}/answers", {**fields_of(found[PAGE].text), "level": "3"})
    assert browser.get(f"{PAGE}/rounds/1/1").status_code == 200
    assert browser.get(f"{PAGE}/rounds/1/2").status_code == 404
    assert stranger.get(f"{PAGE}/rounds/1/1").status_code == 404


def test_two_worlds_in_which_other_levels_are_right_look_the_same(practice: Office) -> None:
    """Before an answer; the second world has every solution turned round."""
    browser = practice.browser(CODER)
    browser.post(f"{PAGE}/begin")
    before = browser.get(PAGE).text, browser.get(API).text
    with practice.database.write() as session:
        rows = session.scalars(select(TrainingItem)).all()
        session.connection().exec_driver_sql("DROP TRIGGER training_item_no_update")
        for row in rows:
            row.level, row.explanation, row.evidence = 6 - row.level, "other", []
    after = browser.get(PAGE).text, browser.get(API).text
    assert steady(before[0]) == steady(after[0])
    assert before[1] == after[1]


def steady(page: str) -> str:
    return re.sub(r'(csrf[-_]token"[^>]*(content|value)=|"idempotency_key" value=)"[^"]+', "", page)


def test_a_lead_adds_mends_and_sets_aside(practice: Office) -> None:
    lead = practice.browser(LEAD)
    typed = {
        "title": "Typed & <b>",
        "text": "A flyer hangs there.",
        "level": "2",
        "explanation": "Only a flyer.",
        "passages": "A flyer",
    }
    assert lead.post(f"{ITEMS}/add", typed).status_code == 303
    page = lead.get(ITEMS).text
    assert "Typed &amp; &lt;b&gt;" in page
    (number,) = re.findall(r'items/(\d+)">Typed', page)
    assert '<mark class="ev">A flyer</mark>' in lead.get(f"{ITEMS}/{number}").text
    changed = {"level": "2", "also_level": "3", "explanation": "Better said.", "passages": ""}
    assert lead.post(f"{ITEMS}/{number}/mend", changed).status_code == 303
    (newer,) = re.findall(r'items/(\d+)">Typed', lead.get(ITEMS).text)
    assert newer != number
    lead.post(f"{ITEMS}/{newer}/use", {"use": "no"})
    assert "Use again" in lead.get(ITEMS).text
    wrong = lead.post(f"{ITEMS}/add", typed | {"passages": "unicorn"})
    assert wrong.status_code == 400
    assert "does not stand" in wrong.text
    assert "Only a flyer." in wrong.text  # what was typed is there still
    wrong = lead.post(f"{ITEMS}/{newer}/mend", changed | {"explanation": "Kept", "passages": "x9"})
    assert (wrong.status_code, "Kept" in wrong.text) == (400, True)
    auditor = practice.browser(AUDITOR).get(ITEMS).text
    assert "Set aside<" not in auditor
    assert "Practice a with flyers" in auditor


def test_a_file_is_added_whole_or_not_at_all(practice: Office) -> None:
    lead = practice.browser(LEAD)
    head = "external_id,title,text,level,explanation,also_level\n"
    good = head + 'F-1,One,"Some text, long",2,Because.,\nF-2,Two,Other text,4,So.,3\n'
    bad = head + "F-3,Three,Some more text,2,Because.,\nF-4,Four,Other still,4,,\n"
    for text, status in ((bad, 400), (good, 303), (good, 303)):
        sent = {"file": (io.BytesIO(text.encode()), "items.csv")}
        answer = lead.post(f"{ITEMS}/file", sent, content_type="multipart/form-data")
        assert answer.status_code == status
    with practice.database.read() as session:
        project = session.get_one(Project, practice.projects[OWN])
        names = [line.item.name for line in training_items.lines(session, project.id)]
    assert {"F-1", "F-2"} < set(names)
    assert len(names) == 7
    assert lead.post(f"{ITEMS}/starter").status_code == 303
    page = lead.get(ITEMS).text
    assert "10 practice protocols added" in page
    assert page.count("synthetic</span>") == 10


def test_the_same_by_json(practice: Office) -> None:
    coder, lead = practice.browser(CODER), practice.browser(LEAD)
    assert coder.get(API).get_json()["question"] is None
    question = send(coder, f"{API}/rounds", {}).get_json()["question"]
    body = {"round_id": question["round_id"], "item_id": question["item_id"], "level": 3}
    body["idempotency_key"] = "k" * 12
    told = send(coder, f"{API}/answers", body)
    assert told.status_code == 200
    assert told.get_json()["said"] == 3
    assert "zebra" in told.get_json()["explanation"]
    assert send(coder, f"{API}/answers", body).get_json() == told.get_json()
    late = send(coder, f"{API}/answers", body | {"level": 4, "idempotency_key": "l" * 12})
    assert late.status_code == 409
    assert late.get_json()["stands"] == {"place": 1, "level": 3}
    assert send(coder, f"{API}/answers", body | {"level": "4"}).status_code == 400
    new = {"external_id": "J-1", "title": "J", "text": "Text.", "level": 1, "explanation": "So."}
    items = send(lead, f"{API}/items", new).get_json()["items"]
    assert "J-1" in {item["name"] for item in items}
    found = lead.get(f"{API}/results").get_json()
    names = [one["username"] for one in found["coders"]]
    assert names == sorted(names)
    (mine,) = [one for one in found["coders"] if one["total"]["asked"]]
    assert (mine["username"], mine["rounds"]) == ("coder-own", 1)


def test_a_lead_allows_another_and_asks_again(practice: Office) -> None:
    required(practice)
    lead, mine = practice.browser(LEAD), practice.people[CODER]
    with practice.database.write() as session:
        project = practice.project(session)
        project.training_repeats = 0
        training.begin(session, project, mine, training_dice())
        for _ in range(3):
            say(session, project, mine, off=1)
    assert "Allow another" in lead.get(ITEMS).text
    assert "All your rounds are used" in practice.browser(CODER).get(PAGE).text
    assert practice.browser(CODER).post(f"{PAGE}/begin").status_code == 403
    lead.post(f"{ITEMS}/allow/{mine}")
    assert practice.browser(CODER).post(f"{PAGE}/begin").status_code == 303
    lead.post(f"{ITEMS}/again")
    assert "no longer counts" in lead.get(ITEMS).text
    assert "Round" not in practice.browser(CODER).get(PAGE).text.split("<main")[1].split("<form")[0]


def test_checks_are_told_to_leads_and_never_to_their_coder(practice: Office) -> None:
    lead, coder = practice.browser(LEAD), practice.browser(CODER)
    assert "Attention checks" not in lead.get(ITEMS).text
    with practice.database.write() as session:
        project, mine = practice.project(session), practice.people[CODER]
        known = practice.protocols[0]
        a_known(session, project, known, by=practice.people["administrator@own"], level=2)
        queue.serve_picked(session, project, mine, known, CHECK, training_dice(), Lane.check)
        a_label(session, project, known, by=mine, level=3)
    page = lead.get(ITEMS).text
    table = page.split('id="checks"')[1].split("</section>")[0]
    assert "coder-own" in table.lower()
    assert re.findall(r'<td class="number">(\d+)</td>', table) == ["1", "1", "0"] * 2
    told = practice.browser(AUDITOR).get(f"{API}/results").get_json()["checks"]
    (line,) = told
    assert (line["username"], line["total"]["asked"], line["total"]["one_off"]) == (
        "coder-own",
        1,
        1,
    )
    assert line["levels"]["2"]["high"] == pytest.approx(0.793, abs=0.001)
    for address in (ITEMS, f"{API}/results"):
        assert coder.get(address).status_code == 403
    for address in (PAGE, "/", f"/p/{OWN}/label", f"/p/{OWN}/protocols/{known}", API):
        found = coder.get(address)
        assert found.status_code == 200
        assert "check" not in re.sub(r'type="checkbox"|checked', "", found.text)
