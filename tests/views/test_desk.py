"""The desk's pages, file and JSON say the same; taking a file is in the chain."""

from __future__ import annotations

import csv
import hashlib
import io

import pytest
from sqlalchemy import select

from cer_assist.store.tables import AuditEvent, Disclosure
from tests.builders import a_label, a_model
from tests.views.office import Office


@pytest.fixture
def audited(office: Office) -> Office:
    with office.database.write() as session:
        project = office.project(session)
        said = dict.fromkeys(office.protocols, (2, [0.05, 0.85, 0.05, 0.03, 0.02]))
        a_model(session, project, said)
        a_label(session, project, office.protocols[0], by=office.people["coder@own"], level=4)
    return office


def test_page_list_file_and_json_agree(audited: Office) -> None:
    browser = audited.browser("auditor@own")
    for place in ("", "/readings", "/readings?signal=fast", "/readings?sort=farthest", "/versions"):
        assert browser.get(f"/p/own/desk{place}").status_code == 200
    assert "1 reading" in browser.get("/p/own/desk").text
    found = browser.get("/api/v1/projects/own/desk/readings?level=4").json
    assert found is not None
    assert found["total"] == 1
    assert browser.get("/api/v1/projects/own/desk").status_code == 200
    assert browser.get("/api/v1/projects/own/desk/versions").status_code == 200
    file = browser.get("/p/own/desk/readings.csv?level=4")
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [row["event_id"] for row in rows] == [str(found["readings"][0]["event_id"])]
    with audited.database.read() as session:
        event = session.scalars(select(AuditEvent).filter_by(action="export.taken")).one()
        assert hashlib.sha256(file.data).hexdigest() in event.detail
        assert session.scalars(select(Disclosure.what).filter_by(what="peer_label")).first()


@pytest.mark.parametrize("wrong", ["level=x", "since=never", "speed=nan", "signal=no", "arm=x"])
def test_what_means_nothing_is_refused(audited: Office, wrong: str) -> None:
    assert audited.browser("auditor@own").get(f"/p/own/desk?{wrong}").status_code == 400


@pytest.mark.parametrize("place", ["", "/readings", "/versions"])
def test_a_project_without_labels_or_models_has_a_desk(office: Office, place: str) -> None:
    assert office.browser("auditor@own").get(f"/p/own/desk{place}").status_code == 200
    assert office.browser("lead@own").get(f"/p/own/desk{place}").status_code == 200
