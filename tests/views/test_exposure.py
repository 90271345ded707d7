"""What someone saw before labelling stands on the label, by whichever page or role they saw it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from cer_assist.config import Settings
from cer_assist.services import accounts, queue
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Disclosure, LabelEvent, Protocol, Suggestion
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.projects import SuggestionPolicy
from tests.builders import a_label, a_model
from tests.views.answers import (
    CODER,
    PAGE,
    TELLTALES,
    an_answer,
    send,
    shown_protocol,
    under,
)
from tests.views.office import OWN, Browser, Office, an_office


def exposure_of_a_label(office: Office, protocol_id: int, person: str) -> str:
    """What a label that this person now makes says they had seen."""
    with office.database.write() as session:
        account_id = office.people[person]
        made = a_label(session, office.project(session), protocol_id, by=account_id, level=2)
        return session.get_one(LabelEvent, made.event_id).exposure


@pytest.mark.postgres
def test_an_export_shows_all_that_is_in_it(any_database: Database, tmp_path: Path) -> None:
    office = an_office(any_database, Settings.model_validate({"home": tmp_path}))
    theirs, suggested, lead_own, untouched = office.protocols
    lead = office.people["lead@own"]
    with office.database.write() as session:
        project = office.project(session)
        a_label(session, project, theirs, by=office.people["coder@own"], level=4)
        a_label(session, project, lead_own, by=lead, level=4)
        a_model(
            session, project, dict.fromkeys((theirs, suggested), (2, [0.1, 0.6, 0.1, 0.1, 0.1]))
        )
    browser = office.browser("lead@own")
    for _ in range(2):  # a second export shows nothing new
        assert browser.post("/p/own/data/export", {"format": "csv"}).status_code == 200
    with office.database.read() as session:
        rows = session.execute(
            select(Disclosure.protocol_id, Disclosure.what, Suggestion.protocol_id)
            .outerjoin(Suggestion, Suggestion.id == Disclosure.suggestion_id)
            .where(Disclosure.account_id == lead)
            .order_by(Disclosure.protocol_id, Disclosure.what)
        ).all()
        assert session.scalar(select(func.count()).select_from(Disclosure)) == len(rows)
    assert [tuple(row) for row in rows] == [
        (theirs, "peer_label", None),
        (theirs, "suggestion", theirs),
        (suggested, "suggestion", suggested),
    ]
    said = [exposure_of_a_label(office, p, "lead@own") for p in office.protocols]
    assert said == ["after_peer", "after_suggestion", "blind", "blind"]
    assert exposure_of_a_label(office, untouched, "coder@own") == "blind"


def test_an_auditor_who_becomes_a_coder_has_seen_what_they_read(office: Office) -> None:
    read, unread, *_ = office.protocols
    with office.database.write() as session:
        for protocol_id in (read, unread):
            a_label(
                session,
                office.project(session),
                protocol_id,
                by=office.people["coder@own"],
                level=4,
            )
    assert office.browser("auditor@own").get(f"/p/own/protocols/{read}").status_code == 200
    with office.database.write() as session:
        auditor = session.get_one(Account, office.people["auditor@own"])
        accounts.set_role(session, office.project(session), auditor, Role.coder, None)
    assert exposure_of_a_label(office, read, "auditor@own") == "after_peer"
    assert exposure_of_a_label(office, unread, "auditor@own") == "blind"


def a_reading(office: Office, policy: SuggestionPolicy) -> tuple[Browser, str, int]:
    """A coder's browser after an answer to the first protocol, which goes without by lot."""
    under(office, policy)
    with office.database.write() as session:
        office.project(session).no_suggestion_share = 1.0
    browser = office.browser(CODER)
    page = browser.get(PAGE).text
    first = shown_protocol(page)
    return browser, page + send(browser, an_answer(first)).text, first


@pytest.mark.parametrize("policy", [SuggestionPolicy.after, SuggestionPolicy.shown])
def test_without_a_suggestion_the_next_protocol_simply_comes(
    modelled: Office, policy: SuggestionPolicy
) -> None:
    browser, told, first = a_reading(modelled, policy)
    assert not [mark for mark in TELLTALES if mark in told]
    assert "By lot" not in told
    following = shown_protocol(browser.get(PAGE).text)
    assert following != first
    again = browser.get(f"{PAGE}?protocol={first}").text
    assert "By lot this protocol is read without" in again
    here = f"/p/{OWN}/protocols/{first}"
    for address in ("", "/words", "/words.csv", "/words.svg", "/sheet", "/sheet.html"):
        page = browser.get(f"{here}{address}").text
        assert not [mark for mark in TELLTALES if mark in page + again], address
    refused = browser.get(f"/api/v1{here.replace('/p/', '/projects/')}/explanation")
    assert refused.status_code == 403
    assert "By lot" in refused.get_json()["error"]
    # Of one that waits for an answer it cannot be asked for: that would tell the lot.
    assert not [m for m in TELLTALES if m in browser.get(f"{here[:-1]}{following}?all=1").text]
    with modelled.database.read() as session:
        assert session.scalars(select(Disclosure)).all() == []


@pytest.mark.parametrize("policy", [SuggestionPolicy.after, SuggestionPolicy.shown])
def test_the_suggestion_is_shown_on_request_and_that_is_recorded(
    modelled: Office, policy: SuggestionPolicy
) -> None:
    browser, _, first = a_reading(modelled, policy)
    assert "Show the suggestion" in browser.get(f"/p/{OWN}/protocols/{first}").text
    assert "81 %" in browser.get(f"/p/{OWN}/protocols/{first}?all=1").text
    with modelled.database.read() as session:
        seen = session.scalars(select(Disclosure)).one()
    assert (seen.protocol_id, seen.what) == (first, "suggestion")
    assert exposure_of_a_label(modelled, first, CODER) == "after_suggestion"


def test_the_same_answer_sent_twice_reveals_nothing_either(modelled: Office) -> None:
    under(modelled, SuggestionPolicy.after)
    with modelled.database.write() as session:
        modelled.project(session).no_suggestion_share = 1.0
    browser = modelled.browser(CODER)
    answer = an_answer(shown_protocol(browser.get(PAGE).text))
    for _ in range(2):
        assert not [mark for mark in TELLTALES if mark in send(browser, answer).text]


def test_a_lead_who_reads_without_opens_everything_on_request(modelled: Office) -> None:
    first = modelled.protocols[0]
    lead = modelled.people["lead@own"]
    with modelled.database.write() as session:
        project = modelled.project(session)
        project.no_suggestion_share, project.coders_per_protocol = 1.0, 2
        session.get_one(Protocol, first).coders_wanted = 2
        queue.serve_picked(session, project, lead, first)
        a_label(session, project, first, by=lead, level=2)
    browser = modelled.browser("lead@own")
    assert "81 %" not in browser.get(f"/p/{OWN}/protocols/{first}").text
    assert "81 %" in browser.get(f"/p/{OWN}/protocols/{first}?all=1").text
