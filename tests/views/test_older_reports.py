"""What an older version stored in another form is said to be that, and made again; never read."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cer_assist.domain.agreement import Readings
from cer_assist.services import (
    agreement,
    exposures,
    fence,
    label_checks,
    methods_reports,
    outlooks,
    prevalence,
    simulations,
)
from cer_assist.services.models import current_version_id
from cer_assist.services.reports import FORMS, Stored
from cer_assist.store.tables import (
    AgreementReport,
    ExposureReport,
    FencedFigures,
    LabelCheck,
    Outlook,
    PrevalenceReport,
    Simulation,
)
from cer_assist.store.types import now
from tests.builders import a_model
from tests.views.office import OWN, Office

LEAD = "lead@own"
OLD = {"figures": [1, 2], "form": 0}
FOUND = {"now": "in another form"}
TOLD = "made by an older version of CER Assist"


@pytest.fixture
def kept_of_old(office: Office) -> Office:
    """One of each, as a program of another form has left it."""
    with office.database.write() as session:
        project = office.project(session)
        agreement.ask(session, project.id, Readings())
        agreement.store(session, project.id, Readings(), 0, FOUND)
        exposures.store(session, project.id, 0, FOUND)
        prevalence.ask(session, project.id, "")
        prevalence.store(session, project.id, "", prevalence.basis(session, project.id), FOUND)
        label_checks.store(session, project.id, FOUND)
        outlooks.store(session, project.id, FOUND)
        session.add(_simulation(project.id, office.people[LEAD]))
        version = a_model(session, project, {})
        session.add(_figures(version, OLD))
        for table in (AgreementReport, ExposureReport, PrevalenceReport, LabelCheck, Simulation):
            session.execute(update(table).values(found=OLD))
        session.execute(update(Outlook).values(said=OLD))
    return office


def _simulation(project_id: int, account_id: int) -> Simulation:
    return Simulation(
        project_id=project_id,
        account_id=account_id,
        asked_at=now(),
        plan={"seeds": 5},
        levels={},
        runs=[],
        found={},
        finished_at=now(),
    )


def _figures(version_id: int, figures: dict[str, object]) -> FencedFigures:
    return FencedFigures(model_version_id=version_id, made_at=now(), n=12, size=20, figures=figures)


@pytest.mark.parametrize(
    "address", ["agreement", "exposure", "prevalence", "doubtful", "simulation"]
)
def test_a_page_says_so_and_has_it_made_again(kept_of_old: Office, address: str) -> None:
    page = re.sub(r"\s+", " ", kept_of_old.browser(LEAD).get(f"/p/{OWN}/{address}").text)
    assert TOLD in page
    by_hand = re.search(r"<button[^>]*>(Check the settled|Start|Simulate)", page)
    assert "the worker makes" in page or by_hand


@pytest.mark.parametrize("address", ["agreement", "exposure", "prevalence"])
def test_a_script_is_told_to_come_back(kept_of_old: Office, address: str) -> None:
    answer = kept_of_old.browser(LEAD).get(f"/api/v1/projects/{OWN}/{address}")
    assert answer.status_code == 409
    assert TOLD in answer.get_json()["error"]
    with kept_of_old.database.read() as session:
        assert address in waiting(session, kept_of_old.projects[OWN])


def waiting(session: Session, project_id: int) -> set[str]:
    """What the worker will make: a report that is not asked for anew would never come."""
    found = {"exposure"} if exposures.report(session, project_id).is_waiting else set()
    if Readings() in agreement.unanswered(session, project_id):
        found.add("agreement")
    return found | ({"prevalence"} if "" in prevalence.unanswered(session, project_id) else set())


def test_what_quotes_them_goes_without(kept_of_old: Office) -> None:
    lead = kept_of_old.browser(LEAD)
    doubtful = lead.get(f"/api/v1/projects/{OWN}/doubtful").get_json()
    assert (doubtful["made_at"], doubtful["is_older"], doubtful["suspects"]) == (None, True, [])
    for address in ("/", f"/p/{OWN}/progress", f"/p/{OWN}/methods", f"/p/{OWN}/fence"):
        assert lead.get(address).status_code == 200, address
    with kept_of_old.database.read() as session:
        project = kept_of_old.project(session)
        parts = methods_reports.stored(session, project.id)
        assert parts.is_waiting
        assert outlooks.newest(session, project.id) is None
        assert simulations.standing(session, project.id).found is None


def test_figures_of_the_fence_are_measured_again(kept_of_old: Office) -> None:
    one = {"value": 0.7, "low": 0.6, "high": 0.8}
    figures = {"accuracy": one, "qwk": one, "mae": one, "bounds": {}, "differ": 0}
    with kept_of_old.database.write() as session:
        project = kept_of_old.project(session)
        assert fence.estimate(session, project) is None
        version = current_version_id(session, project.id)
        assert version is not None
        for _ in range(2):
            fence.add_estimate(session, version, 12, 20, figures | {"population": 30})
        found = fence.estimate(session, project)
        assert found is not None
        assert (found.qwk, found.population) == (one, 30)
        kept = session.scalars(select(FencedFigures.figures)).all()
        assert [one.get("form") for one in kept] == [0, FORMS[Stored.fence]]
