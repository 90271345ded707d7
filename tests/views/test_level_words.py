"""Words of each level: page, file, picture and their filter."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from cer_assist.store.tables import ModelVersion
from cer_assist.views.level_words import word_table
from tests.scores import some_scores
from tests.views.conftest import WORDS
from tests.views.office import OWN, Office

ADDRESS = f"/p/{OWN}/words"
ALL = ["recruitment", "flyers", "board"]


def shown(office: Office, ending: str, asked: str) -> list[str]:
    """The words that stand there."""
    text = office.browser("auditor@own").get(f"{ADDRESS}{ending}{asked}").text
    if ending == ".csv":
        return [row["word"] for row in csv.DictReader(io.StringIO(text))]
    if ending == ".svg":
        text = " ".join(ElementTree.fromstring(text).itertext())  # noqa: S314 - ours
    return [word for word in ALL if word in text]


@pytest.mark.parametrize("ending", ["", ".csv", ".svg"])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", ALL),
        ("?at_least=1", ALL),
        ("?at_least=many", ALL),
        ("?at_least=3", ALL[:2]),
        ("?at_least=4", ALL[:1]),
        ("?at_least=13", []),
    ],
)
def test_page_file_and_picture_leave_out_the_same_words(
    busy: Office, ending: str, asked: str, expected: list[str]
) -> None:
    assert shown(busy, ending, asked) == expected


def test_the_page_keeps_the_choice_and_hands_it_on(busy: Office) -> None:
    page = busy.browser("auditor@own").get(f"{ADDRESS}?at_least=4").text
    assert 'min="2" value="4"' in page
    assert f'href="{ADDRESS}.csv?at_least=4"' in page
    assert f'href="{ADDRESS}.svg?at_least=4"' in page
    none_left = busy.browser("auditor@own").get(f"{ADDRESS}?at_least=13").text
    assert "choose a smaller number" in none_left


def test_colours_do_not_change_with_what_is_left_out() -> None:
    tables = [word_table(dict(WORDS), (1, 2, 3, 4, 5), least) for least in (2, 4)]
    assert [table[2][0]["share"] for table in tables] == [1.0, 1.0]
    assert [word["share"] for word in tables[0][2]] == [1.0, 0.75]
    assert [word["word"] for word in tables[1][2]] == ["recruitment"]


@pytest.mark.parametrize("ending", [".csv", ".svg"])
def test_without_a_model_the_files_are_empty_and_not_broken(office: Office, ending: str) -> None:
    reply = office.browser("coder@own").get(f"{ADDRESS}{ending}")
    assert reply.status_code == 200
    assert reply.headers["Content-Disposition"] == f'attachment; filename="own-words{ending}"'


def test_the_words_with_most_attention_are_listed_where_the_version_kept_them(
    busy: Office,
) -> None:
    browser = busy.browser("auditor@own")
    assert "by=attention" not in browser.get(ADDRESS).text
    with busy.database.write() as session:
        version = session.scalars(select(ModelVersion)).one()
        word = {"word": "protocol", "weight": 1.0, "n_documents": 9}
        version.word_scores = some_scores() | {"attended": {"2": [word]}}
    assert "by=attention" in browser.get(ADDRESS).text
    page = browser.get(f"{ADDRESS}?by=attention").text
    assert "have most attention" in page
    assert "protocol</a>" in page
    assert "recruitment" not in page
    rows = csv.DictReader(io.StringIO(browser.get(f"{ADDRESS}.csv?by=attention").text))
    assert [row["word"] for row in rows] == ["protocol"]
