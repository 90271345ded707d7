"""Words by polarity and attention: what the page shows, what it says of itself, and when."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist.learning.kinds import COLD_START
from cer_assist.store.tables import ModelVersion
from cer_assist.store.tables.accounts import Role
from tests.builders import a_model
from tests.scores import some_scores
from tests.views.office import OWN, Office
from tests.views.test_pages import text_of

PAGE = f"/p/{OWN}/words/plane"


def version(office: Office, scores: dict[str, Any] | None, **changes: Any) -> None:
    with office.database.write() as session:
        found = session.get_one(ModelVersion, a_model(session, office.project(session), {}))
        found.word_scores, found.label_count = scores, 38 + found.number
        for name, value in changes.items():
            setattr(found, name, value)


@pytest.fixture
def scored(office: Office) -> Office:
    """Two versions with scores, the second of which learnt on from the first."""
    version(office, some_scores(times=0.5, steps=4))
    version(office, some_scores())
    return office


def rows(page: str) -> list[tuple[str, bool]]:
    """The words of the table and whether they are hidden."""
    found = re.findall(r'<tr data-word="([^"]+)"([^>]*)>', page)
    return [(word, "hidden" in rest) for word, rest in found]


@pytest.mark.parametrize("role", list(Role))
def test_everyone_who_sees_words_sees_it_and_is_led_there(scored: Office, role: Role) -> None:
    browser = scored.browser(f"{role}@own")
    assert f'href="{PAGE}"' in browser.get(f"/p/{OWN}/words").text
    text = text_of(browser.get(PAGE).text)
    assert "by version 2, from 40 labels" in text
    assert "Taken on the 38 labelled protocols that it has learnt from" in text
    assert "committee for 18 3 % -0.20 -0.90 -0.20 -0.40 +1.20 sentences" in text
    assert "church neutral 5" in text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("exact", "same scores wherever it stands: they are exact"),
        ("contexts", "scores are means over the places where a word stands"),
        ("shares", "has no scores of single words. Attention is the mean share"),
    ],
)
def test_it_says_how_scores_came_about(office: Office, source: str, said: str) -> None:
    version(office, some_scores(source=source))
    text = text_of(office.browser("coder@own").get(PAGE).text)
    assert said in text
    assert ("board for 14 2 %" in text) == (source == "shares")
    assert ("board for 14 +0.02" in text) == (source != "shares")


def test_a_level_is_chosen_by_a_link_and_a_wrong_one_is_none(scored: Office) -> None:
    browser = scored.browser("coder@own")
    assert next(word for word, _ in rows(browser.get(PAGE).text)) == "committee"
    page = browser.get(f"{PAGE}?level=2").text
    assert [word for word, _ in rows(page)] == ["flyers", "study", "church", "board", "committee"]
    assert f'href="{PAGE}?level=5"' in page
    assert f'href="/p/{OWN}/words/2/board"' in page
    for wrong in ("9", "x", ""):
        assert rows(browser.get(f"{PAGE}?level={wrong}").text)[0] == ("committee", False)


def test_the_search_works_without_javascript(scored: Office) -> None:
    browser = scored.browser("coder@own")
    page = browser.get(f"{PAGE}?q=+BOA&level=4").text
    assert [word for word, hidden in rows(page) if not hidden] == ["board"]
    assert "1 of 5 words" in text_of(page)
    assert 'value="BOA"' in page
    assert f'href="{PAGE}?level=3&amp;q=BOA"' in page
    nothing = browser.get(f"{PAGE}?q=<script>").text
    assert "0 of 5 words" in text_of(nothing)
    assert "<script>&" not in nothing


def test_a_word_has_its_trends_over_versions_and_in_training(scored: Office) -> None:
    browser = scored.browser("coder@own")
    page = browser.get(f"{PAGE}?word=committee").text
    text = text_of(page)
    assert page.count('data-chart="trend"') == 2
    assert "2 versions of this kind that were put into use" in text
    assert "Version Labels Attention" in text
    assert " 1 39 1.5 % -0.10 -0.45 -0.10 -0.20 +0.60 2 40 3 % -0.20 " in text
    assert (
        "Version 2 learnt on; this is how version 1, the last one fitted anew, was fitted" in text
    )
    assert "its attention over sentences alone" in text
    assert " 4 1.5 % -0.10 -0.45 -0.10 -0.20 +0.60" in text
    unfollowed = text_of(browser.get(f"{PAGE}?word=flyers").text)
    assert "this one was not among them when version 1 was fitted" in unfollowed
    unknown = text_of(browser.get(f"{PAGE}?word=unheard").text)
    assert "unheard is not among the words that version 2 keeps" in unknown


def test_a_kind_that_is_solved_at_once_says_that_it_has_no_course(office: Office) -> None:
    version(office, some_scores(), kind="rubric")
    browser = office.browser("coder@own")
    text = text_of(browser.get(f"{PAGE}?word=board").text)
    assert "solved at once and keeps no course within a training" in text
    assert "1 version of this kind that was put into use" in text
    version(office, some_scores(), kind="blend")
    text = text_of(browser.get(f"{PAGE}?word=board").text)
    assert "last fitted anew before courses were kept, or the part" in text
    assert "1 version of this kind" in text


def test_before_there_are_scores_the_page_says_when_there_will_be(office: Office) -> None:
    browser = office.browser("lead@own")
    assert "No model yet" in browser.get(PAGE).text
    version(office, None, kind=COLD_START, label_count=0)
    assert "comes from the rubric alone" in text_of(browser.get(PAGE).text)
    version(office, None)
    text = text_of(browser.get(PAGE).text)
    assert "Version 2 was made before words' scores were kept: the next training will" in text
    assert list(csv.reader(io.StringIO(browser.get(f"{PAGE}.csv").text)))[1:] == []


def test_scores_as_a_table_file(scored: Office) -> None:
    with scored.database.write() as session:
        found = session.scalars(select(ModelVersion).where(ModelVersion.number == 2)).one()
        stored = some_scores()
        stored["words"]["=cmd"] = [2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0]
        found.word_scores = stored
    answer = scored.browser("auditor@own").get(f"{PAGE}.csv")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(table) == 6
    assert table[0] == {
        "word": "committee",
        "n_documents": "18",
        "attention": "0.03",
        **{f"polarity_{n}": str(v) for n, v in enumerate((-0.2, -0.9, -0.2, -0.4, 1.2), 1)},
        "source": "shares",
        "model_version": "2",
        "n_labels": "40",
    }
    assert table[5]["word"] == "'=cmd"
    assert "attachment" in answer.headers["Content-Disposition"]
