"""The Model page's deep refresh: who may ask for it, why not, and what came of the last one."""

from __future__ import annotations

import hashlib
import json

import pytest
from sqlalchemy import select

from cer_assist.domain.artefacts import MADE_FOR
from cer_assist.services import deep_refresh, jobs
from cer_assist.store.tables import Job, ModelVersion
from tests.builders import a_label, a_model, some_protocols
from tests.views.office import OWN, Office
from tests.views.test_model_page import PAGE, in_use, store
from tests.views.test_pages import text_of

FIGURES = {
    "n": 160,
    "before": {"qwk": 0.781, "macro_f1": 0.512, "mae": 0.45},
    "after": {"qwk": 0.802, "macro_f1": 0.53, "mae": 0.43},
    "gains": {
        "qwk": {"value": 0.021, "low": -0.004, "high": 0.046},
        "macro_f1": {"value": 0.018, "low": None, "high": None},
        "mae": {"value": -0.02, "low": -0.05, "high": 0.01},
    },
}


@pytest.fixture
def labelled(office: Office) -> Office:
    """An office with a model and 149 settled labels."""
    with office.database.write() as session:
        project = office.project(session)
        a_model(session, project, {})
        lead = office.people["lead@own"]
        for protocol in some_protocols(session, project, 150)[:149]:
            a_label(session, project, protocol.id, by=lead, level=2)
    return office


def test_too_few_labels_disable_the_button_and_say_why(labelled: Office) -> None:
    browser = labelled.browser("lead@own")
    page = browser.get(PAGE).text
    assert "disabled" in page[page.index("model/refresh") :].split("</form>")[0]
    assert "needs at least 150 labelled protocols whose level is settled; there are 149" in page
    answer = browser.post(f"{PAGE}/refresh")
    assert answer.status_code == 400
    assert "there are 149: label some more" in answer.text


def test_a_lead_starts_one_sees_how_far_it_is_and_stops_it(labelled: Office) -> None:
    with labelled.database.write() as session:
        project = labelled.project(session)
        protocol = some_protocols(session, project, 151)[-1]
        a_label(session, project, protocol.id, by=labelled.people["lead@own"], level=1)
    browser = labelled.browser("lead@own")
    page = browser.get(PAGE).text
    assert "disabled" not in page[page.index("model/refresh") :].split("</form>")[0]
    assert browser.post(f"{PAGE}/refresh").status_code == 303
    assert "waits Asked for" in text_of(browser.get(PAGE).text)
    again = browser.post(f"{PAGE}/refresh")
    assert (again.status_code, "waiting for the worker already" in again.text) == (400, True)
    with labelled.database.write() as session:
        job = deep_refresh.standing(session, labelled.project(session)).job
        assert job is not None
        job.state, job.progress, job.progress_note = "running", 0.31, "fold 2 of 5, pass 1 of 3"
    page = labelled.browser("coder@own").get(PAGE).text
    assert "fold 2 of 5, pass 1 of 3 (31 %)" in text_of(page)
    assert "Stop the deep refresh" not in page
    assert browser.post(f"{PAGE}/refresh/stop").status_code == 303
    assert "It stops at its next step" in browser.get(PAGE).text
    audit = labelled.browser("auditor@own").get(f"/p/{OWN}/audit").text
    assert "deep refresh asked for" in audit
    assert "job stopped" in audit


def test_one_that_errors_ended_is_told_of_until_the_next_is_asked_for(labelled: Office) -> None:
    project = labelled.projects[OWN]
    with labelled.database.write() as session:
        jobs.enqueue(session, jobs.DEEP_REFRESH, project, payload={"run": "one"})
        job = session.scalars(select(Job).where(Job.kind == jobs.DEEP_REFRESH)).one()
        job.state, job.error = "dead", "ValueError"
    text = text_of(labelled.browser("lead@own").get(PAGE).text)
    assert "ended in an error each time it was tried" in text
    assert "ValueError" not in text
    with labelled.database.write() as session:
        jobs.enqueue(session, jobs.DEEP_REFRESH, project, payload={"run": "two"})
    assert "ended in an error" not in labelled.browser("lead@own").get(PAGE).text


def test_the_last_outcome_is_shown_to_everyone_with_its_figures(labelled: Office) -> None:
    project = labelled.projects[OWN]
    with labelled.database.write() as session:
        decision = "Not used: no better beyond chance"
        detail = {"labels": 160, "decision": decision, "figures": FIGURES}
        deep_refresh.record(session, project, "one", detail)
    for person in ("coder@own", "auditor@own"):
        text = text_of(labelled.browser(person).get(PAGE).text)
        assert "learned from 160 labels. Measured on 160 protocols" in text
        assert "QWK 0.781 0.802 +0.021 (-0.004 to +0.046)" in text
        assert "Macro-F1 0.512 0.530 –" in text
        assert "Mean distance 0.450 0.430 -0.020 (-0.050 to +0.010)" in text
        assert "Not used: no better beyond chance." in text
    assert "deep refresh ended" in labelled.browser("lead@own").get(f"/p/{OWN}/audit").text
    with labelled.database.write() as session:
        detail = {"labels": 170, "decision": "Not finished: it took more than 2 minutes."}
        deep_refresh.record(session, project, "two", detail)
    text = text_of(labelled.browser("coder@own").get(PAGE).text)
    assert "with 170 labels: Not finished: it took more than 2 minutes." in text
    assert "Measured on 160" not in text


def test_a_version_whose_tuned_encoder_is_gone_cannot_be_pinned(labelled: Office) -> None:
    weights = hashlib.sha256(b"weights").hexdigest()
    encoder = labelled.settings.encoders_folder / "tuned"
    encoder.mkdir(parents=True)
    (encoder / "weights.safetensors").write_bytes(b"weights")
    manifest = json.dumps({**MADE_FOR, "weights_sha256": weights}).encode()
    (encoder / "model.json").write_bytes(manifest)
    sha256 = hashlib.sha256(manifest).hexdigest()
    with labelled.database.write() as session:
        made = a_model(session, labelled.project(session), {})
        version = session.get_one(ModelVersion, made)
        version.artefact, version.sha256 = "model-2", store(labelled, "model-2")
        version.metrics = {"encoder": {"artefact": "tuned", "sha256": sha256}}
    browser = labelled.browser("lead@own")
    assert browser.post(f"{PAGE}/pin", {"version": f"{made}"}).status_code == 303
    browser.post(f"{PAGE}/unpin")
    (encoder / "weights.safetensors").write_bytes(b"weighty")
    answer = browser.post(f"{PAGE}/pin", {"version": f"{made}"})
    assert answer.status_code == 400
    assert "missing or damaged" in answer.text
    assert in_use(labelled) == 2
