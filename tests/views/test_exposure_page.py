"""The page “Helping or steering?” and its JSON: totals for those who oversee, of nobody alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from cer_assist import swaying
from cer_assist.config import ROOT
from cer_assist.services import exposures
from cer_assist.store.tables import Job
from cer_assist.views import exposure
from tests.desk import Desk, a_desk
from tests.views.office import OWN, Office
from tests.worker.test_swaying import LOTS, read_all

PAGE = f"/p/{OWN}/exposure"
JSON = f"/api/v1/projects/{OWN}/exposure"
OVERSEERS = ("lead@own", "auditor@own", "administrator@own")


@pytest.fixture
def reported(office: Office) -> dict[str, Any]:
    """A report on readings of the demo kind, kept for the office's own project."""
    with office.database.write() as session:
        desk = a_desk(session, 12, without=LOTS)
        read_all(desk)
        other = desk.project.id
    found, _ = swaying.figures(office.database, other)
    with office.database.write() as session:
        exposures.store(session, office.projects[OWN], 0, found)
    return found


@pytest.mark.parametrize("person", OVERSEERS)
def test_before_the_worker_has_made_it_the_page_asks_for_it(office: Office, person: str) -> None:
    page = office.browser(person).get(PAGE).text
    assert "The worker makes the figures" in page
    assert office.browser(person).get(JSON).status_code == 409
    with office.database.read() as session:
        assert session.scalars(select(Job.kind).where(Job.kind == "exposure")).all() == ["exposure"]


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("person", OVERSEERS)
def test_the_page_says_what_was_found_and_what_cannot_be_told(office: Office, person: str) -> None:
    page = office.browser(person).get(PAGE).text
    assert "coders changed 3 of 8 answers" in page
    assert "By lot: with a suggestion and without" in page
    assert "Only 4 readings went by lot without a suggestion that there was" in page
    assert "P-1" not in page
    assert "Look again" not in page


def test_a_project_without_readings_says_where_they_come_from(office: Office) -> None:
    found, _ = swaying.figures(office.database, office.projects[OWN])
    with office.database.write() as session:
        exposures.store(session, office.projects[OWN], 0, found)
    page = office.browser("lead@own").get(PAGE).text
    assert "Nothing to compare yet" in page
    assert "What cannot be told yet" in page


@pytest.mark.usefixtures("reported")
def test_it_is_linked_from_progress_and_settings(office: Office) -> None:
    for address in ("progress", "settings"):
        assert f'href="{PAGE}"' in office.browser("lead@own").get(f"/p/{OWN}/{address}").text


@pytest.mark.parametrize("person", OVERSEERS)
def test_the_json_is_the_same_to_full_precision(
    office: Office, reported: dict[str, Any], person: str
) -> None:
    answer = office.browser(person).get(JSON)
    assert answer.status_code == 200
    assert answer.get_json() == {"is_current": True} | reported


def test_coders_are_told_nothing(office: Office, reported: dict[str, Any]) -> None:
    assert reported["readings"] == 12
    for address in (PAGE, JSON):
        assert office.browser("coder@own").get(address).status_code == 403


@pytest.mark.parametrize(
    "reply",
    [
        exposure.Exposure,
        exposure.ExposureArm,
        exposure.ExposureFigure,
        exposure.ExposureMeasures,
        exposure.Switching,
    ],
    ids=lambda reply: reply.__name__,
)
def test_the_manual_has_every_field_in_the_same_words(reply: type[BaseModel]) -> None:
    manual = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name, field in reply.model_fields.items():
        row = f"| `{name}` | {field.description} |"
        assert re.search(re.escape(row), manual), f"docs/api.md lacks: {row}"


def test_figures_are_of_nobodys_single_answer_that_still_matters(office: Office) -> None:
    """A protocol that wants a reader is in no figure: a lead who codes could be told of it."""
    with office.database.write() as session:
        desk: Desk = a_desk(session, 3, readers=2)
        desk.reads(desk.protocols[0], 3, 4)
        project_id = desk.project.id
    before, _ = swaying.figures(office.database, project_id)
    assert (before["readings"], before["waiting"]) == (0, 1)
    assert before["switching"]["changed"]["n"] == 0
