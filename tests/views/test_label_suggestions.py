"""What the label page tells of the model, and when: never before it may."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from cer_assist.domain.labels import Exposure
from cer_assist.services import labelling
from cer_assist.store.tables import Disclosure
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_model
from tests.views.answers import (
    CODER,
    PAGE,
    PROBABILITIES,
    TELLTALES,
    an_answer,
    events,
    send,
    shown_protocol,
    under,
)
from tests.views.office import Office


def test_the_page_shows_text_rubric_and_the_models_words(modelled: Office) -> None:
    html = modelled.browser(CODER).get(PAGE).text
    assert "We study walking group" in html
    for level, name in ((1, "Non-CEnR"), (5, "Reciprocal")):
        assert f'name="level" value="{level}"' in html
        assert name in html
    assert "steering" in html
    assert '<span id="mine">0</span>/4' in html
    assert "version 1, from 5 labels" in html
    assert "why this one:" in html


def test_without_a_model_the_page_says_so_and_saving_goes_on(office: Office) -> None:
    browser = office.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    reply = send(browser, an_answer(first)).json
    assert reply is not None
    assert reply["saved"]["level"] == 3
    assert reply["protocol_id"] != first
    assert "No model yet" in reply["card"]


@pytest.mark.parametrize("policy", [SuggestionPolicy.after, SuggestionPolicy.hidden])
def test_before_the_own_answer_nothing_of_the_suggestion_is_sent(
    modelled: Office, policy: SuggestionPolicy
) -> None:
    under(modelled, policy)
    browser = modelled.browser(CODER)
    page = browser.get(PAGE).text
    reply = send(browser, an_answer(shown_protocol(page), None, note="unreadable"))
    picked = browser.get(f"{PAGE}?protocol={modelled.protocols[3]}").text
    for text in (page, reply.text, picked):
        assert not [mark for mark in TELLTALES if mark in text]
    with modelled.database.read() as session:
        assert session.scalars(select(Disclosure)).all() == []


def test_after_the_own_answer_the_suggestion_shows_and_both_answers_are_kept(
    modelled: Office,
) -> None:
    browser = modelled.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    revealed = send(browser, an_answer(first, 3)).json
    assert revealed is not None
    assert revealed["protocol_id"] == first
    assert all(mark in revealed["card"] for mark in TELLTALES)
    assert "Keep 3" in revealed["card"]
    kept = send(browser, an_answer(first, 3, supersedes_id=revealed["saved"]["event_id"])).json
    assert kept is not None
    assert kept["protocol_id"] != first
    assert not [mark for mark in TELLTALES if mark in kept["card"]]
    blind, after = events(modelled)
    assert (blind.level, blind.exposure) == (3, Exposure.blind)
    assert (after.level, after.exposure) == (3, Exposure.after_suggestion)
    assert after.supersedes_id == blind.id
    assert after.suggestion_id is not None


def test_a_hidden_suggestion_stays_hidden_after_the_answer(modelled: Office) -> None:
    under(modelled, SuggestionPolicy.hidden)
    browser = modelled.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    reply = send(browser, an_answer(first))
    again = browser.get(f"{PAGE}?protocol={first}").text
    assert reply.json is not None
    assert reply.json["protocol_id"] != first
    assert not [mark for mark in TELLTALES if mark in reply.text + again]
    assert [event.exposure for event in events(modelled)] == [Exposure.blind]


def test_a_suggestion_shown_from_the_start_is_on_the_event(modelled: Office) -> None:
    under(modelled, SuggestionPolicy.shown)
    browser = modelled.browser(CODER)
    html = browser.get(PAGE).text
    assert all(mark in html for mark in TELLTALES)
    assert 'class="rung ramp-100 model"' in html
    assert "checked" not in html
    reply = send(browser, an_answer(shown_protocol(html))).json
    assert reply is not None
    assert reply["protocol_id"] != shown_protocol(html)
    assert [event.exposure for event in events(modelled)] == [Exposure.after_suggestion]


def test_weak_evidence_is_called_so(office: Office) -> None:
    with office.database.write() as session:
        said = dict.fromkeys(office.protocols, (5, PROBABILITIES))
        a_model(session, office.project(session), said)
        weak = "UPDATE highlight SET evidence_strength = 0.12"
        session.connection().exec_driver_sql(weak)
    under(office, SuggestionPolicy.shown)
    html = office.browser(CODER).get(PAGE).text
    assert "Weak evidence" in html
    assert "0.12 of 1" in html
    assert 'class="weak"' in html


def test_evidence_that_nobody_held_against_chance_is_weak(office: Office) -> None:
    with office.database.write() as session:
        said = dict.fromkeys(office.protocols, (5, PROBABILITIES))
        a_model(session, office.project(session), said)
        session.connection().exec_driver_sql("UPDATE model_version SET metrics = '{}'")
    under(office, SuggestionPolicy.shown)
    assert "Weak evidence" in office.browser(CODER).get(PAGE).text


def test_status_and_words_tell_of_the_version_in_use(office: Office) -> None:
    browser = office.browser(CODER)
    assert browser.get(f"{PAGE}/status").json == {
        "version": None,
        "label_count": 0,
        "rubric": 1,
        "rubric_version_id": 1,
        "stopped": None,
    }
    with office.database.write() as session:
        words: dict[str, object] = {
            "2": [{"word": f"w{n}", "weight": 1 / n, "n_documents": 1} for n in range(1, 12)]
        }
        a_model(session, office.project(session), {}, words=words)
    assert browser.get(f"{PAGE}/status").json == {
        "version": 1,
        "label_count": 5,
        "rubric": 1,
        "rubric_version_id": 1,
        "stopped": None,
    }
    levels = browser.get(f"{PAGE}/words").json
    assert levels == {"levels": {"2": [f"w{n}" for n in range(1, 9)]}}


def test_a_disclosure_names_what_was_seen(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    first = shown_protocol(browser.get(PAGE).text)
    send(browser, an_answer(first))
    with modelled.database.read() as session:
        seen = session.scalars(select(Disclosure)).one()
        assert (seen.protocol_id, seen.what) == (first, Disclosed.suggestion)
        assert seen.account_id == modelled.people[CODER]
        current = labelling.current_event_id(session, first, modelled.people[CODER])
    assert current == events(modelled)[0].id
