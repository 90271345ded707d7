"""A protocol's words against its levels: shown to whoever may see the suggestion, and recorded."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, text

from cer_assist.domain.labels import Exposure
from cer_assist.services.suggestions import WordMark
from cer_assist.store.tables import Disclosure, Explanation, Job
from cer_assist.store.tables.servings import Disclosed
from cer_assist.views.heat import heat_rows, orders
from tests.views.answers import CODER, PAGE, an_answer, events, send, shown_protocol
from tests.views.office import Office

SCALE = (1, 2, 3)
WORDS = [
    WordMark(4, 9, 0.4, 0.1, (-1.0, 0.5, 2.0)),
    WordMark(0, 3, 0.6, 0.3, (0.2, 0.9, -2.0)),
]


def address(protocol: int, ending: str = "") -> str:
    return f"/p/own/protocols/{protocol}/words{ending}"


def test_rows_follow_the_text_a_level_or_attention() -> None:
    assert orders(SCALE) == ["text", "1", "2", "3", "attention"]
    found = {
        order: [row.word for row in heat_rows("one board", WORDS, SCALE, order)]
        for order in orders(SCALE)
    }
    assert found["text"] == found["1"] == found["2"] == found["attention"] == ["one", "board"]
    assert found["3"] == ["board", "one"]


def test_heat_is_a_share_of_the_largest_change_and_knows_its_side() -> None:
    first, second = heat_rows("one board", WORDS, SCALE, "text")
    assert [(cell.heat, cell.sign) for cell in first.cells] == [(1, ""), (4, ""), (9, "against")]
    assert [cell.heat for cell in second.cells] == [4, 2, 9]
    assert heat_rows("", [], SCALE, "text") == []


@pytest.mark.parametrize("ending", ["", ".csv", ".svg"])
def test_nothing_is_told_before_the_own_answer(modelled: Office, ending: str) -> None:
    browser = modelled.browser(CODER)
    shown = shown_protocol(browser.get(PAGE).text)
    reply = browser.get(address(shown, ending))
    assert reply.status_code == 200
    assert "+1.00" not in reply.text
    assert "1.0" not in reply.text.replace('version="1.0"', "")
    send(browser, an_answer(shown))
    assert [event.exposure for event in events(modelled)] == [Exposure.blind]


def test_after_it_words_are_shown_in_page_file_and_picture_and_noted(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    shown = shown_protocol(browser.get(PAGE).text)
    send(browser, an_answer(shown))
    page = browser.get(address(shown, "?by=5")).text
    assert "What each word adds" in page
    assert "+1.00" in page
    assert 'aria-current="true">level 5' in page
    rows = list(csv.DictReader(io.StringIO(browser.get(address(shown, ".csv")).text)))
    assert [(row["adds_to_5"], row["adds_to_1"]) for row in rows] == [("1.0", "-0.5")]
    assert rows[0]["word"]
    picture = ElementTree.fromstring(browser.get(address(shown, ".svg")).data)  # noqa: S314 - ours
    assert rows[0]["word"] in "".join(picture.itertext())
    with modelled.database.read() as session:
        seen = session.scalars(select(Disclosure.what).where(Disclosure.protocol_id == shown)).all()
    assert Disclosed.suggestion in seen


def test_an_unknown_order_is_the_texts_and_an_unscored_protocol_has_no_words(
    office: Office,
) -> None:
    browser = office.browser("auditor@own")
    page = browser.get(address(office.protocols[0], "?by=nonsense")).text
    assert "No words yet" in page


def test_words_that_were_not_weighed_are_asked_for(modelled: Office) -> None:
    browser = modelled.browser("auditor@own")
    with modelled.database.write() as session:
        session.execute(text("DELETE FROM highlight"))
    shown = modelled.protocols[0]
    assert "Weigh its words" in browser.get(address(shown)).text
    reply = browser.post(address(shown))
    assert (reply.status_code, reply.headers["Location"]) == (303, address(shown))
    assert "The words are being weighed" in browser.get(address(shown)).text
    with modelled.database.read() as session:
        [job] = session.scalars(select(Job).where(Job.kind == "explain"))
        assert job.project_id == modelled.project(session).id


@pytest.mark.usefixtures("on_request")
def test_what_was_said_on_request_is_shown_with_what_it_knew_and_noted(modelled: Office) -> None:
    browser = modelled.browser("auditor@own")
    shown = modelled.protocols[0]
    page = browser.get(address(shown)).text
    assert "+1.25" in page
    assert "learned from this protocol's own level" in page
    assert "Which words gather from which" in page
    assert '<td class="number heat-9">50.0</td>' in page
    assert '<td class="number">70</td>' in page  # what the second one looks at elsewhere
    with modelled.database.read() as session:
        seen = session.scalars(select(Disclosure.what).where(Disclosure.protocol_id == shown)).all()
    assert Disclosed.suggestion in seen


def test_a_coder_who_has_not_answered_cannot_ask(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    shown = shown_protocol(browser.get(PAGE).text)
    assert browser.post(address(shown)).status_code == 403
    with modelled.database.read() as session:
        assert session.scalars(select(Explanation)).all() == []


def test_a_protocol_of_another_project_is_not_found(modelled: Office) -> None:
    assert modelled.browser(CODER).get(address(9_999)).status_code == 404


def test_a_word_opens_the_sentences_it_stands_in(modelled: Office) -> None:
    browser = modelled.browser(CODER)
    shown = shown_protocol(browser.get(PAGE).text)
    send(browser, an_answer(shown, 4))
    assert 'href="/p/own/words/4/steering"' in browser.get("/p/own/words").text
    page = browser.get("/p/own/words/4/church").text
    assert '<mark class="hl s3">church</mark>' in page
    assert "you gave that level yourself" in page
    assert "No place to show" in browser.get("/p/own/words/3/church").text
    assert "No place to show" in browser.get("/p/own/words/4/%3Cb%3E").text
    assert browser.get("/p/own/words/9/church").status_code == 404
