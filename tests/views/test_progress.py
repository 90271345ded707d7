"""The Progress page: every figure with its sentence, and a decision that coders are told."""

from __future__ import annotations

import html

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from cer_assist.services import outlooks, stopping
from cer_assist.store.tables import AuditEvent, ModelVersion
from tests.builders import a_label, a_model
from tests.views.office import OWN, Office
from tests.views.test_pages import text_of
from tests.worker.test_foreseeing import figures

PAGE = f"/p/{OWN}/progress"
SAID = (2, [0.1, 0.6, 0.2, 0.06, 0.04])


def told(answer: TestResponse) -> str:
    """What a person reads on the page."""
    return html.unescape(text_of(answer.text))


def an_outlook(**changes: object) -> dict[str, object]:
    """What the worker would have stored."""
    curve = [
        {"labels": n, "value": 0.5 + n / 100, "low": 0.4 + n / 100, "high": 0.6 + n / 100}
        for n in (10, 20, 30)
    ]
    return {
        "version": 1,
        "unread": 3,
        "points": 4,
        "kind": "attention",
        "basis": "labelled",
        "fenced": [],
        "missing": "",
        "forecast": {
            "wanted": 0.8, "now": 20, "left": 80, "more": 60, "low": 40, "high": None,
            "chance": 0.74, "reached": 0.0, "curve": curve,
        },
        "gain": {
            "labels": 50, "value": 0.031, "low": 0.01, "high": 0.05, "chance": 0.2, "flat": False,
        },
        "wrong": {
            "expected": {"value": 1.2, "low": 0.4, "high": 2.3},
            "distance": {"value": 1.8, "low": 0.6, "high": 3.0},
            "by_level": [0.0, 1.2, 0.0, 0.0, 0.0],
            "scored": 3, "off": 0.08, "measured_on": 20,
        },
    } | changes  # fmt: skip


@pytest.fixture
def foreseen(office: Office) -> Office:
    """A measured model, a label, and an outlook."""
    with office.database.write() as session:
        project = office.project(session)
        for number in (1, 2):
            moving = {office.protocols[1]: (number + 1, SAID[1]), office.protocols[2]: SAID}
            key = a_model(session, project, moving)
            version = session.get_one(ModelVersion, key)
            version.label_count = 10 * number
            version.metrics = figures(10 * number, 0.6) | {
                "confusion": [[9, 1, 0, 0, 0], [8, 4, 0, 0, 0], *[[0] * 5] * 3]
            }
        a_label(session, project, 1, by=office.people["coder@own"], level=4)
        outlooks.store(session, project.id, an_outlook())
    return office


def test_every_figure_has_its_sentence_and_interval(foreseen: Office) -> None:
    page = told(foreseen.browser("lead@own").get(PAGE))
    assert "About 60 more settled protocols for a QWK of 0.80" in page
    assert "90 % interval 40 to more than are left" in page
    assert "the 80 protocols left are enough is 74 %" in page
    assert "about 1 of them would be wrong, by 1.5 levels on average" in page
    assert "95 % interval 0 to 3" in page
    assert "may all be off by 8 points or so, as found on 20 protocols" in page
    assert "0 of 3 signals hold. None of them stops anything: you decide." in page
    assert "Version 2 gives 1 protocol of 2 another level than version 1 did (50 %)" in page
    assert "coder-own 1 0 not known" in page
    assert "1 Non-CEnR 0 9 of 10 0 2 Instrumental 0 4 of 12 1 poorly known" in page


def test_an_empty_project_says_what_to_do_first(office: Office) -> None:
    page = told(office.browser("lead@own").get(PAGE))
    assert "Nobody has labelled yet." in page
    assert "No version has been measured yet. That takes 6 settled labels" in page
    assert "cannot be told before a version has been measured" in page
    bare = told(office.browser("lead@other").get("/p/other/progress"))
    assert "Import the first ones; this page fills as they are labelled." in bare


@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        ({"more": 0, "low": 0, "high": 0, "reached": 0.97}, "no more labels are needed for it"),
        ({"more": None, "low": 70, "high": None, "chance": 0.3}, "out of reach than not"),
        (None, "A forecast needs 4 measured versions"),
    ],
)
def test_other_forecasts_are_told_as_what_they_are(
    foreseen: Office, forecast: dict[str, object] | None, words: str
) -> None:
    said = an_outlook()
    whole = said["forecast"]
    assert isinstance(whole, dict)
    said["forecast"] = None if forecast is None else whole | forecast
    said["missing"] = "" if forecast else "A forecast needs 4 measured versions."
    with foreseen.database.write() as session:
        outlooks.store(session, foreseen.projects[OWN], said)
    assert words in told(foreseen.browser("lead@own").get(PAGE))


def test_stopping_is_recorded_told_to_coders_and_taken_back(foreseen: Office) -> None:
    lead, coder = foreseen.browser("lead@own"), foreseen.browser("coder@own")
    label = f"/p/{OWN}/label"
    assert "Labelling was stopped" not in told(coder.get(label))
    asked = told(lead.get(f"{PAGE}/decision"))
    assert "Poorly known are levels 2, 3, 4, 5" in asked
    assert "Stopping locks nothing" in asked
    answer = lead.post(f"{PAGE}/decision", {"decision": "stop", "reason": "Good <enough>."})
    assert answer.status_code == 303
    said = told(coder.get(label))
    assert "Labelling was stopped by lead-own" in said
    assert "“Good <enough>.” You can still label; it counts." in said
    assert "Coders are told so on the label page." in told(lead.get(PAGE))
    lead.post(f"{PAGE}/decision", {"decision": "go-on", "reason": "More came in."})
    assert "Labelling was stopped" not in told(coder.get(label))
    with foreseen.database.read() as session:
        actions = session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.like("labelling.%"))
        ).all()
    assert actions == [stopping.STOPPED, stopping.GOES_ON]


@pytest.mark.parametrize(
    "form", [{"decision": "stop", "reason": " "}, {"decision": "maybe", "reason": "x"}]
)
def test_half_a_decision_is_refused(foreseen: Office, form: dict[str, str]) -> None:
    assert foreseen.browser("lead@own").post(f"{PAGE}/decision", form).status_code == 400
    with foreseen.database.read() as session:
        assert stopping.last_decision(session, foreseen.projects[OWN]) is None


def test_an_auditor_reads_and_decides_nothing(foreseen: Office) -> None:
    page = foreseen.browser("auditor@own").get(PAGE).text
    assert "3 signals hold" in page
    assert "<dialog" not in page
