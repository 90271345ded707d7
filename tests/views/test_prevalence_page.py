"""The page, the file and the JSON: totals for those who oversee."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from cer_assist import prevailing
from cer_assist.services import prevalence
from cer_assist.store.tables import Job
from tests.views.office import OWN, Office
from tests.worker.test_prevailing import a_world

PAGE = f"/p/{OWN}/prevalence"
JSON = f"/api/v1/projects/{OWN}/prevalence"
OVERSEERS = ("lead@own", "auditor@own", "administrator@own")
ALIEN = "<b>Nursing</b> & " + "a" * 300


def keep(office: Office, found: dict[str, Any], by: str = "") -> None:
    """Store a report as the worker would for the office's own project."""
    with office.database.write() as session:
        project_id = office.projects[OWN]
        prevalence.ask(session, project_id, by)
        prevalence.store(session, project_id, by, prevalence.basis(session, project_id), found)


@pytest.fixture
def found(office: Office) -> dict[str, Any]:
    with office.database.write() as session:
        other = a_world(session).id
    return prevailing.figures(office.database, other, "year")[0]


@pytest.mark.parametrize("person", OVERSEERS)
def test_before_the_worker_has_made_it_the_page_asks_for_it(office: Office, person: str) -> None:
    assert "The worker makes the report" in office.browser(person).get(PAGE).text
    for address in (JSON, f"{PAGE}/report.html"):
        assert office.browser(person).get(address).status_code == 409
    with office.database.read() as session:
        kinds = session.scalars(select(Job.kind).where(Job.kind == "prevalence"))
        assert kinds.all() == ["prevalence"]


@pytest.mark.parametrize("person", OVERSEERS)
def test_page_file_and_json_say_the_same(
    office: Office, found: dict[str, Any], person: str
) -> None:
    keep(office, found)
    page = office.browser(person).get(PAGE).text
    answer = office.browser(person).get(f"{PAGE}/report.html")
    assert "attachment" in answer.headers["Content-Disposition"]
    for text in (page, answer.text):
        assert "Of 100 protocols about 40 % (" in text
        assert "too few readings in the random sample: 0 of 20" in text
        assert "Tenenbein 1972" in text
    assert "Look again" not in page
    said = office.browser(person).get(JSON).get_json()
    assert (said["by"], said["is_current"], said["figures"]) == ("", True, found)


def test_the_file_needs_nothing_else(office: Office, found: dict[str, Any]) -> None:
    keep(office, found)
    text = office.browser("lead@own").get(f"{PAGE}/report.html").text
    assert "<link" not in text
    assert "<script" not in text
    assert "src=" not in text
    assert ".printed {" in text


def test_values_of_columns_are_text(office: Office, found: dict[str, Any]) -> None:
    found["groups"][0]["name"] = ALIEN
    keep(office, found)
    for address in (PAGE, f"{PAGE}/report.html"):
        text = office.browser("lead@own").get(address).text
        assert "&lt;b&gt;Nursing&lt;/b&gt; &amp; aaa" in text
        assert ALIEN not in text


def test_a_project_without_a_sample_is_led_to_it(office: Office) -> None:
    found, _ = prevailing.figures(office.database, office.projects[OWN])
    keep(office, found)
    few = office.browser("lead@own").get(PAGE).text
    assert "There are fewer than 20 protocols" in few
    assert 'class="button"' not in few
    keep(office, found | {"protocols": 100})
    many = office.browser("lead@own").get(PAGE).text
    assert "0 of the 0 drawn are settled; 20 are wanted." in many
    assert f'class="button" href="/p/{OWN}/fence"' in many


def test_a_column_that_is_none_is_refused(office: Office) -> None:
    assert office.browser("lead@own").get(f"{PAGE}?by=nowhere").status_code == 400


def test_coders_are_told_nothing(office: Office, found: dict[str, Any]) -> None:
    keep(office, found)
    for address in (PAGE, f"{PAGE}/report.html", JSON):
        assert office.browser("coder@own").get(address).status_code == 403
