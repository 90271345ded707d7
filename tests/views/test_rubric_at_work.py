"""A new rubric version while people code: on the label page, what is stored, the work list."""

from __future__ import annotations

import re
import secrets
from typing import Any

from sqlalchemy import select, text

from cer_assist.services import rubric_versions
from cer_assist.store.tables import Disclosure, LabelEvent, RereadRequest
from tests.builders import a_label, a_new_rubric
from tests.views.office import OWN, Office

LABEL, LIST = f"/p/{OWN}/label", f"/p/{OWN}/rubric/rereading"
API = f"/api/v1/projects/{OWN}/rubric"
CODER, LEAD = "coder@own", "lead@own"


def publish(office: Office) -> int:
    """Version 2, which touches level 2; its id."""
    with office.database.write() as session:
        project = office.project(session)
        new = a_new_rubric(session, project, 2, "A partner lends a room.")
        by = office.people[LEAD]
        return rubric_versions.publish(session, project.id, new, "Rooms.", None, by).id


def answer(office: Office, protocol: int, **said: Any) -> dict[str, Any]:
    browser = office.browser(CODER)
    body = {
        "protocol_id": protocol,
        "action": "label",
        "level": 2,
        "idempotency_key": secrets.token_hex(16),
        **said,
    }
    reply = browser.client.post(LABEL, json=body, headers={"X-CSRFToken": browser.token()})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.get_json()
    return found


def versions_stored(office: Office) -> list[int]:
    with office.database.read() as session:
        return list(session.scalars(select(LabelEvent.rubric_version_id).order_by(LabelEvent.id)))


def test_a_card_answered_under_the_page_of_the_first_version_says_so(office: Office) -> None:
    page = office.browser(CODER).get(LABEL).text
    on_screen = re.findall(r'name="rubric_version_id" value="(\d+)"', page)
    assert set(on_screen) == {"1"}
    assert len(on_screen) == 3  # answer, skip for a listed reason, skip for another
    assert 'data-rubric="1"' in page
    second = publish(office)
    reply = answer(office, office.protocols[0], rubric_version_id=1)
    assert reply["rubric_version_id"] == second
    answer(office, office.protocols[1], rubric_version_id=second)
    answer(office, office.protocols[2])  # a script that has no page
    assert versions_stored(office) == [1, second, second]


def test_a_plain_form_carries_it_too(office: Office) -> None:
    publish(office)
    form = {
        "protocol_id": office.protocols[0],
        "idempotency_key": secrets.token_hex(16),
        "supersedes_id": "",
        "rubric_version_id": "1",
        "level": "3",
    }
    assert office.browser(CODER).post(LABEL, form).status_code == 303
    assert versions_stored(office) == [1]
    stale = form | {"idempotency_key": secrets.token_hex(16)}
    both = office.browser(CODER).post(LABEL, stale)
    assert both.status_code == 409
    assert 'name="rubric_version_id" value="1"' in both.text


def test_coders_are_told_until_they_have_read_by_it(office: Office) -> None:
    browser = office.browser(CODER)
    answer(office, office.protocols[0], rubric_version_id=1)
    second = publish(office)
    assert browser.get(f"{LABEL}/status").get_json()["rubric"] == 2
    told = browser.get(LABEL).text
    assert "rubric v2 since" in told
    assert "Rooms." in told
    answer(office, office.protocols[1], rubric_version_id=second)
    page = browser.get(LABEL).text
    assert "rubric v2</a>" in page
    assert "rubric v2 since" not in page


def test_the_list_tells_levels_of_complete_protocols_only_and_notes_it(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        half = {"id": office.protocols[1]}
        session.execute(text("UPDATE protocol SET coders_wanted = 2 WHERE id = :id"), half)
        for protocol in office.protocols[:2]:
            a_label(session, project, protocol, by=office.people[CODER], level=2)
    publish(office)
    lead = office.browser(LEAD)
    page = lead.get(LIST).text
    assert "P-1" in page
    assert "P-2" not in page
    assert "1 protocol with a reading under an older version still wants a reader" in page
    other = lead.get(f"{LIST}?level=5&adjacent=0").text
    assert "1 protocol with a reading under an older version" in other  # whatever its level
    with office.database.read() as session:
        assert session.scalars(select(Disclosure.protocol_id)).all() == [office.protocols[0]]
    ticked = {"level": "2", "wish": "again", "note": "look"}
    assert lead.post(LIST, ticked | {"protocol": office.protocols}).status_code == 303
    with office.database.read() as session:
        asked = session.scalars(select(RereadRequest.protocol_id)).all()
        assert asked == office.protocols[:1]


def test_an_open_protocol_cannot_be_named_to_learn_its_level(office: Office) -> None:
    with office.database.write() as session:
        half = {"id": office.protocols[1]}
        session.execute(text("UPDATE protocol SET coders_wanted = 2 WHERE id = :id"), half)
        a_label(session, office.project(session), 2, by=office.people[CODER], level=2)
    publish(office)
    ticked = {"level": "2", "wish": "again", "protocol": "2"}
    assert office.browser(LEAD).post(LIST, ticked).status_code == 400


def test_the_list_opens_with_other_levels_and_those_beside_them(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people[CODER], level=3)
    publish(office)
    lead = office.browser(LEAD)
    assert "No reading of an older version" in lead.get(LIST).text
    assert "P-1" in lead.get(f"{LIST}?level=2&adjacent=0&adjacent=1").text
    assert "P-1" in lead.get(f"{LIST}?level=3&adjacent=0").text
    assert "P-1" not in lead.get(f"{LIST}?adjacent=0").text


def send(office: Office, person: str, where: str, body: dict[str, Any]) -> tuple[int, Any]:
    browser = office.browser(person)
    headers = {"X-CSRFToken": browser.token()}
    reply = browser.client.post(f"{API}/{where}", json=body, headers=headers)
    return reply.status_code, reply.get_json()


def test_the_same_as_json(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people[CODER], level=2)
    publish(office)
    lead = office.browser(LEAD)
    before = lead.get(f"{API}/rereading").get_json()
    assert [(one["external_id"], one["level"], one["wish"]) for one in before["readings"]] == [
        ("P-1", 2, None)
    ]
    with office.database.read() as session:
        assert session.scalars(select(Disclosure.account_id)).all() == [office.people[LEAD]]
    wished = {"wish": "again", "protocols": ["P-1"], "note": "look"}
    status, after = send(office, LEAD, "rereading", wished)
    assert (status, after["standing"]["asked"]) == (200, 1)
    assert send(office, LEAD, "rereading", wished)[0] == 400
    assert send(office, LEAD, "rereading", {"wish": "never", "protocols": []})[0] == 400
    assert lead.get(f"{API}/rereading?level=5").get_json()["readings"] == []


def test_proposals_as_json(office: Office) -> None:
    said = {"text": "Is a room a 2?", "level": 2, "protocol": "P-1"}
    assert send(office, CODER, "proposals", said)[0] == 200
    assert send(office, CODER, "proposals", said | {"protocol": "P-77"})[0] == 400
    (mine,) = office.browser(CODER).get(f"{API}/proposals").get_json()["proposals"]
    assert (mine["text"], mine["level"], mine["outcome"]) == ("Is a room a 2?", 2, None)
    lead = office.browser(LEAD)
    (hidden,) = lead.get(f"{API}/proposals").get_json()["proposals"]
    assert (hidden["text"], hidden["level"], hidden["protocol"]) == (None, None, "P-1")
    (shown,) = lead.get(f"{API}/proposals?all=1").get_json()["proposals"]
    assert shown["text"] == "Is a room a 2?"
