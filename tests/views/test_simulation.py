"""The Simulation page: empty, refused, under way, found."""

from __future__ import annotations

from typing import Any

from cer_assist.learning.curves import summary
from cer_assist.learning.simulation import MEASURES, Round
from cer_assist.services import simulations
from cer_assist.store.tables import Simulation
from cer_assist.store.types import now
from tests.builders import a_label, some_protocols
from tests.views.office import OWN, Office

PAGE = f"/p/{OWN}/simulation"


def with_labels(office: Office, count: int) -> None:
    with office.database.write() as session:
        project = office.project(session)
        for protocol in some_protocols(session, project, count):
            a_label(session, project, protocol.id, by=office.people["lead@own"], level=3)


def found() -> dict[str, Any]:
    def rounds(*values: float) -> list[Round]:
        return [
            Round(10 * at, dict.fromkeys(MEASURES, value), [value] * 5, [2 * at] * 5)
            for at, value in enumerate(values, 1)
        ]

    runs = {
        "random": [rounds(0.1, 0.3), rounds(0.2, 0.4)],
        "margin": [rounds(0.1, 0.5), rounds(0.2, 0.7)],
    }
    whole = summary(runs, [rounds(0.6)[0], rounds(0.6)[0]])
    return {"documents": 120, "every_label": {"labels": 96, "qwk": 0.6}, "strategies": whole}


def test_without_labels_it_says_what_to_do(office: Office) -> None:
    page = office.browser("lead@own").get(PAGE).text
    assert "No simulation has been made yet" in page
    assert "label some more" in page
    assert 'type="submit" disabled' in page
    refused = office.browser("lead@own").post(f"{PAGE}/ask", {"strategy": "margin", "seeds": "5"})
    assert refused.status_code == 400
    assert "at least 100 labelled protocols" in refused.text


def test_it_is_asked_for_and_stopped(office: Office) -> None:
    with_labels(office, 100)
    lead = office.browser("lead@own")
    asked = lead.post(f"{PAGE}/ask", {"strategy": ["margin", "coreset"], "seeds": "5"})
    assert asked.status_code == 303
    assert "Stop the simulation" in lead.get(PAGE).text
    assert "Stop the simulation" not in office.browser("auditor@own").get(PAGE).text
    lead.post(f"{PAGE}/stop")
    assert "Stop the simulation" not in lead.get(PAGE).text


def test_what_was_found_is_told_with_its_intervals(office: Office) -> None:
    with_labels(office, 100)
    with office.database.write() as session:
        project, lead = office.project(session), office.people["lead@own"]
        simulations.ask(session, project, ["margin"], 5, lead)
        row = session.query(Simulation).one()
        row.found, row.finished_at = found(), now()
    page = office.browser("auditor@own").get(PAGE).text
    assert "120 labelled protocols" in page
    assert "+0.125" in page
    assert "more than were tried" in page
    assert 'data-chart="simulation"' in page
    assert "Start the simulation" not in page
