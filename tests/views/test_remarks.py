"""Remarks on the model's words: only on what one was shown, kept for good, listed for the lead."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from werkzeug.test import TestResponse

from cer_assist.domain.labels import Exposure
from cer_assist.services import models, remarks
from cer_assist.services.models import Marked
from cer_assist.services.verification import verify
from cer_assist.store.tables import Explanation, Suggestion, WordRemark
from tests.builders import a_model
from tests.views.answers import CODER, PAGE, an_answer, events, send, shown_protocol
from tests.views.office import OTHER, Browser, Office

REMARKS = f"{PAGE}/remarks"
LIST = "/p/own/words/remarks"
BY_DEFAULT = {"remark": "not_evidence", "start": 0, "end": 5}


def say(browser: Browser, office: Office, protocol: int, **fields: Any) -> TestResponse:
    with office.database.read() as session:
        version = models.current_version_id(session, office.project(session).id)
        suggestion = session.scalars(
            select(Suggestion.id).where(
                Suggestion.protocol_id == protocol, Suggestion.model_version_id == version
            )
        ).one()
    body = {"protocol_id": protocol, "suggestion_id": suggestion, **BY_DEFAULT, **fields}
    headers = {"X-CSRFToken": browser.token()}
    return browser.client.post(REMARKS, json=body, headers=headers)


def answered(office: Office) -> tuple[Browser, int]:
    """A coder who has just been shown what the model says."""
    browser = office.browser(CODER)
    shown = shown_protocol(browser.get(PAGE).text)
    send(browser, an_answer(shown))
    return browser, shown


def stored(office: Office) -> list[tuple[str, int, int, str]]:
    with office.database.read() as session:
        rows = session.scalars(select(WordRemark).order_by(WordRemark.id))
        return [(row.remark, row.start, row.end, row.quote) for row in rows]


def test_a_word_is_contested_one_is_added_and_taken_back(modelled: Office) -> None:
    browser, shown = answered(modelled)
    first = say(browser, modelled, shown)
    assert first.json == {"remarks": [[0, 5, "not_evidence"]]}
    assert say(browser, modelled, shown).json == first.json  # a second click adds nothing
    both = say(browser, modelled, shown, remark="missed", start=6, end=8).json
    assert both == {"remarks": [[0, 5, "not_evidence"], [6, 8, "missed"]]}
    page = browser.get(f"{PAGE}?protocol={shown}").text
    assert "[[0, 5, &#34;not_evidence&#34;], [6, 8, &#34;missed&#34;]]" in page
    left = say(browser, modelled, shown, remark="withdrawn").json
    assert left == {"remarks": [[6, 8, "missed"]]}
    assert [row[0] for row in stored(modelled)] == ["not_evidence", "missed", "withdrawn"]
    with modelled.database.read() as session:
        assert verify(session).intact
        assert len(events(modelled)) == 1  # no label was changed by it


def test_nobody_remarks_on_words_before_they_were_shown(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    shown = shown_protocol(browser.get(PAGE).text)
    assert say(browser, modelled, shown).status_code == 403
    assert "data-remarks" not in browser.get(PAGE).text
    assert stored(modelled) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"end": 100_000},
        {"start": 5, "end": 5},
        {"start": -1},
        {"remark": "wrong"},
        {"note": "more"},
        {"suggestion_id": 999},
    ],
)
def test_what_is_no_place_or_no_remark_is_refused(modelled: Office, fields: dict[str, Any]) -> None:
    browser, shown = answered(modelled)
    assert say(browser, modelled, shown, **fields).status_code in (400, 403, 422)
    assert stored(modelled) == []


def test_another_projects_protocol_is_not_found(modelled: Office) -> None:
    browser, shown = answered(modelled)
    reply = say(browser, modelled, shown, protocol_id=9_999)
    assert reply.status_code == 404
    assert modelled.browser(f"lead@{OTHER}").get(LIST).status_code == 404


def test_altering_or_removing_a_remark_is_refused_or_found(modelled: Office) -> None:
    browser, shown = answered(modelled)
    say(browser, modelled, shown)
    with pytest.raises(DBAPIError, match="append-only"), modelled.database.write() as session:
        session.execute(text("DELETE FROM word_remark"))
    tampering = {
        "UPDATE word_remark SET remark = 'missed'": "remark 1 was altered",
        "DELETE FROM word_remark": "remark 1 was removed",
    }
    with modelled.database.write() as session:
        for verb in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER word_remark_no_{verb}"))
    for statement, fault in tampering.items():
        with modelled.database.write() as session:
            session.execute(text(statement))
        with modelled.database.read() as session:
            assert verify(session).fault == fault


def test_the_lead_sees_all_of_them_and_that_is_noted(modelled: Office) -> None:
    browser, shown = answered(modelled)
    assert "No remarks yet" in modelled.browser("lead@own").get(LIST).text
    say(browser, modelled, shown)
    lead = modelled.browser("lead@own")
    page = lead.get(LIST).text
    assert "Study" in page
    assert "no later version has looked at it" in page
    send(lead, an_answer(shown))
    assert events(modelled)[-1].exposure == Exposure.after_suggestion
    assert modelled.browser(CODER).get(LIST).status_code == 403


@pytest.mark.parametrize(
    ("level", "weight", "told"),
    [
        (5, 0.4, "<strong>still marked</strong> by version 2"),
        (5, 0.0, "no longer marked by version 2"),
        (4, 0.4, "version 2 suggests another level"),
    ],
)
def test_the_list_says_what_the_next_version_makes_of_a_contested_word(
    modelled: Office, level: int, weight: float, told: str
) -> None:
    browser, shown = answered(modelled)
    say(browser, modelled, shown)
    with modelled.database.write() as session:
        project = modelled.project(session)
        a_model(session, project, {})
        remarks.look_again(session, project.id)
        [asked] = session.scalars(select(Explanation))
        assert asked.protocol_id == shown
        words = [[0, 5, weight, 0.2, 0.0, 0.0, 0.0, 0.0, 1.0]]
        said = Marked(words, [], [], [], 0.5)._asdict()
        asked.said = {"level": level, "probabilities": [0.2] * 5, "has_learnt": True, **said}
    assert told in modelled.browser("lead@own").get(LIST).text


def test_what_is_remarked_on_is_looked_at_again_once(modelled: Office) -> None:
    browser, shown = answered(modelled)
    say(browser, modelled, shown)
    with modelled.database.write() as session:
        project = modelled.project(session)
        remarks.look_again(session, project.id)
        assert session.scalars(select(Explanation)).all() == []  # this version's are known
        a_model(session, project, {shown: (5, [0.0, 0.0, 0.0, 0.0, 1.0])})
        remarks.look_again(session, project.id)
        assert session.scalars(select(Explanation)).all() == []
