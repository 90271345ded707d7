"""The label page's two faces: JSON for its script, plain forms for everyone else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from cer_assist.domain.labels import Action, PriorLabel
from cer_assist.services import history, queue
from cer_assist.services.importing import import_protocols
from cer_assist.store.tables import Account, CurrentLabel, Disclosure, LabelEvent, Protocol, Serving
from cer_assist.store.tables.servings import ServingState
from tests.builders import a_label, a_protocol
from tests.views.answers import (
    CODER,
    PAGE,
    an_answer,
    events,
    form_fields,
    send,
    shown_protocol,
)
from tests.views.office import OTHER, Office


def test_the_same_answer_again_gives_the_same_reply_and_one_event(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    answer = an_answer(shown_protocol(browser.get(PAGE).text))
    first, again = send(browser, answer).json, send(browser, answer).json
    assert first is not None
    assert again is not None
    assert first["saved"]["event_id"] == again["saved"]["event_id"]
    assert again["saved"]["repeated"]
    assert again["protocol_id"] == first["protocol_id"]
    assert "Keep 3" in again["card"]
    assert len(events(modelled)) == 1


def test_a_repeated_answer_does_not_serve_a_second_protocol(office: Office) -> None:
    browser = office.browser(CODER)
    answer = an_answer(shown_protocol(browser.get(PAGE).text))
    first, again = send(browser, answer).json, send(browser, answer).json
    assert first is not None
    assert again is not None
    assert first["protocol_id"] == again["protocol_id"]
    with office.database.read() as session:
        still = session.scalar(select(func.count()).where(Serving.state == ServingState.open))
    assert still == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"level": "3"},
        {"level": True},
        {"level": 3.0},
        {"level": None},
        {"extra": 1},
        {"action": "delete"},
        {"confidence": 4},
        {"evidence": [[5, 2]]},
        {"evidence": [[0, 10_000]]},
        {"evidence": [["0", "2"]]},
        {"seconds": -1},
        {"note": "x" * 4001},
        {"idempotency_key": "short"},
        {"level": 9},
        {"level": 0},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_and_nothing_is_stored(
    office: Office, fault: dict[str, Any]
) -> None:
    browser = office.browser(CODER)
    reply = send(browser, an_answer(office.protocols[0]) | fault)
    assert reply.status_code in (400, 422)
    assert reply.json is not None
    assert len(reply.json["error"]) > 20
    assert events(office) == []


def test_the_same_key_with_another_answer_is_refused(office: Office) -> None:
    browser = office.browser(CODER)
    answer = an_answer(office.protocols[0], 3)
    send(browser, answer)
    reply = send(browser, answer | {"level": 4})
    assert reply.status_code == 422
    assert [event.level for event in events(office)] == [3]


def test_a_stale_form_is_shown_both_versions_and_can_insist(office: Office) -> None:
    browser = office.browser(CODER)
    protocol = office.protocols[0]
    stored = send(browser, an_answer(protocol, 2)).json
    assert stored is not None
    stale = send(browser, an_answer(protocol, 4, note="seen on paper"))
    assert stale.status_code == 409
    assert stale.json is not None
    assert stale.json["stored"]["level"] == 2
    assert "Keep the stored one" in stale.json["choice"]
    assert "seen on paper" in stale.json["choice"]
    mine = an_answer(protocol, 4, supersedes_id=stale.json["stored"]["event_id"])
    assert send(browser, mine).status_code == 200
    assert [event.level for event in events(office)] == [2, 4]


def test_the_label_is_kept_when_the_next_protocol_cannot_be_found(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = office.browser(CODER)
    protocol = shown_protocol(browser.get(PAGE).text)

    def broken(*_: object) -> None:
        with office.database.read():
            raise ZeroDivisionError("the queue is broken")

    monkeypatch.setattr(queue, "serve_next", broken)
    reply = send(browser, an_answer(protocol))
    assert reply.status_code == 200
    assert reply.json is not None
    assert reply.json["card"] is None
    assert [event.protocol_id for event in events(office)] == [protocol]
    with office.database.read() as session:
        assert session.scalar(select(CurrentLabel.level)) == 3


def test_half_done_work_on_the_next_card_is_undone(
    modelled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = modelled.browser(CODER)
    protocol = shown_protocol(browser.get(PAGE).text)
    disclose = history.disclose

    def half(session: Any, *given: Any) -> None:
        disclose(session, *given)
        raise ZeroDivisionError("after the disclosure was written")

    monkeypatch.setattr(history, "disclose", half)
    reply = send(browser, an_answer(protocol))
    assert reply.json is not None
    assert reply.json["card"] is None
    with modelled.database.read() as session:
        assert session.scalars(select(Disclosure)).all() == []
        assert session.scalar(select(func.count()).select_from(LabelEvent)) == 1


def test_evidence_counts_code_points_and_keeps_the_words(office: Office) -> None:
    text = "We 👩‍👩‍👧 meet. Cafe\u0301 owners 🎉 joined the board."
    with office.database.write() as session:
        protocol = a_protocol(session, office.project(session), text, title="Tïtle 🧪").id
        stored = session.get_one(Protocol, protocol).text
    start = stored.index("Cafe\u0301")
    end = stored.index(" joined")
    browser = office.browser(CODER)
    assert send(browser, an_answer(protocol, evidence=[[start, end]])).status_code == 200
    mark = events(office)[0].evidence[0]
    assert mark == {"start": start, "end": end, "quote": "Cafe\u0301 owners 🎉"}
    again = browser.get(f"{PAGE}?protocol={protocol}").text
    assert f'data-evidence="[[{start}, {end}]]"' in again
    assert '<mark class="ev">Cafe\u0301 owners 🎉</mark>' in again
    assert "You: <strong>3</strong>" in again


def test_an_answered_protocol_can_be_opened_and_changed(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    with modelled.database.write() as session:
        mine = modelled.people[CODER]
        a_label(session, modelled.project(session), first, by=mine, level=2)
    html = browser.get(f"{PAGE}?protocol={first}").text
    assert "Keep 2" in html
    fields = form_fields(html, "answer")
    assert fields["supersedes_id"] == str(events(modelled)[0].id)
    changed = an_answer(first, 5, supersedes_id=int(fields["supersedes_id"]))
    assert send(browser, changed).status_code == 200
    assert [event.level for event in events(modelled)] == [2, 5]
    assert "changed by you just now" in browser.get(f"{PAGE}?protocol={first}").text


def test_undo_brings_the_protocol_back_blank_with_its_note(office: Office) -> None:
    browser = office.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    saved = send(browser, an_answer(first, 4, note="not sure", confidence=1)).json
    assert saved is not None
    target = form_fields(saved["card"], "undo")
    assert target["protocol_id"] == str(first)
    taken = an_answer(first, None, action="withdraw", supersedes_id=saved["saved"]["event_id"])
    reply = send(browser, taken).json
    assert reply is not None
    assert reply["protocol_id"] == first
    assert "You took your answer (4) back" in reply["card"]
    assert "not sure</textarea>" in reply["card"]
    assert "data-mine" not in reply["card"]
    assert form_fields(reply["card"], "undo") == {}


def test_an_imported_label_is_not_for_undo_to_take_back(office: Office) -> None:
    with office.database.write() as session:
        mine = office.people[CODER]
        a_label(session, office.project(session), office.protocols[0], by=mine, level=2)
        session.connection().exec_driver_sql("DROP TRIGGER label_event_no_update")
        session.connection().exec_driver_sql("UPDATE label_event SET origin = 'import'")
    assert form_fields(office.browser(CODER).get(PAGE).text, "undo") == {}


def test_a_skipped_protocol_says_why_when_it_comes_back(office: Office) -> None:
    browser = office.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    send(browser, an_answer(first, None, note="I have a conflict of interest"))
    event = events(office)[0]
    assert (event.action, event.note) == (Action.skip, "I have a conflict of interest")
    again = browser.get(f"{PAGE}?protocol={first}").text
    assert "You skipped this just now: I have a conflict of interest" in again


def test_a_lost_reply_can_be_asked_for(office: Office) -> None:
    browser = office.browser(CODER)
    answer = an_answer(office.protocols[0])
    where = f"{PAGE}/answers/{answer['idempotency_key']}"
    assert browser.get(where).json == {"stored": False, "saved": None}
    send(browser, answer)
    found = browser.get(where).json
    assert found is not None
    assert found["stored"]
    assert found["saved"]["level"] == 3
    assert office.browser("lead@own").get(where).json == {"stored": False, "saved": None}


def test_when_nothing_is_left_the_page_says_what_to_do(office: Office) -> None:
    browser = office.browser(CODER)
    for protocol in office.protocols:
        reply = send(browser, an_answer(protocol)).json
    assert reply is not None
    assert reply["protocol_id"] is None
    assert "Nothing is waiting for you" in reply["card"]
    assert "To the list of protocols" in browser.get(PAGE).text


def test_a_protocol_of_another_project_does_not_exist(office: Office) -> None:
    stranger = office.browser("coder@other")
    assert send(stranger, an_answer(office.protocols[0]), f"/p/{OTHER}/label").status_code == 404
    found = stranger.get(f"/p/{OTHER}/label?protocol={office.protocols[0]}")
    assert found.status_code == 404
    assert events(office) == []


def test_plain_forms_label_keep_skip_and_undo(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    page = browser.get(PAGE).text
    first = shown_protocol(page)
    fields = form_fields(page, "answer") | {"level": "4", "note": "plain", "confidence": "2"}
    reply = browser.post(PAGE, fields)
    assert (reply.status_code, reply.location) == (303, f"{PAGE}?protocol={first}")
    page = browser.get(reply.location).text
    assert "Saved: level 4." in page
    assert "Keep 4" in page
    reply = browser.post(PAGE, form_fields(page, "answer") | {"level": "4"})
    assert (reply.status_code, reply.location) == (303, PAGE)
    page = browser.get(PAGE).text
    skipped = form_fields(page, "skip-form") | {"reason": "unreadable"}
    page = browser.get(browser.post(PAGE, skipped).location).text
    reply = browser.post(PAGE, form_fields(page, "undo"))
    assert reply.location == f"{PAGE}?protocol={skipped['protocol_id']}"
    told = [(event.action, event.level, event.note) for event in events(modelled)]
    assert told == [
        (Action.label, 4, "plain"),
        (Action.label, 4, ""),
        (Action.skip, None, "unreadable"),
        (Action.withdraw, None, ""),
    ]


def test_a_plain_form_sent_twice_is_one_event(office: Office) -> None:
    browser = office.browser(CODER)
    fields = form_fields(browser.get(PAGE).text, "answer") | {"level": "2"}
    assert browser.post(PAGE, fields).status_code == 303
    assert browser.post(PAGE, fields).status_code == 303
    assert len(events(office)) == 1


def test_a_stale_plain_form_can_choose(office: Office) -> None:
    browser = office.browser(CODER)
    fields = form_fields(browser.get(PAGE).text, "answer")
    send(browser, an_answer(int(fields["protocol_id"]), 1))
    page = browser.post(PAGE, fields | {"level": "5"})
    assert page.status_code == 409
    mine = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    assert browser.post(PAGE, mine).status_code == 303
    assert [event.level for event in events(office)] == [1, 5]


def test_what_coders_wrote_and_files_contained_is_text(office: Office) -> None:
    hostile = '<script>alert(1)</script>" onfocus="x'
    with office.database.write() as session:
        protocol = a_protocol(session, office.project(session), hostile, title=hostile).id
    browser = office.browser(CODER)
    send(browser, an_answer(protocol, note=hostile, evidence=[[0, 8]]))
    html = browser.get(f"{PAGE}?protocol={protocol}").text
    stale = send(browser, an_answer(protocol, 5, note=hostile)).text
    assert "<script>alert" not in html + stale
    assert '<mark class="ev">&lt;script&gt;</mark>' in html


def test_an_imported_quote_without_a_place_does_not_stop_a_correction(office: Office) -> None:
    name = CODER
    with office.database.write() as session:
        project = office.project(session)
        found = session.get_one(Protocol, office.protocols[0])
        account = session.get_one(Account, office.people[name])
        label = PriorLabel(found.external_id, account.username, 2, evidence="words not in the text")
        report = import_protocols(session, project, [], [label], by=None)
        assert report.errors == []
    browser = office.browser(name)
    page = browser.client.get(f"{PAGE}?protocol={office.protocols[0]}")
    assert page.status_code == 200
