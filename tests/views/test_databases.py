"""The pages on SQLite and on PostgreSQL: what one database lets pass, the other may refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from cer_assist.config import Settings
from cer_assist.store.engine import Database
from tests.builders import a_label, a_model, two_readings
from tests.views.office import OWN, an_office

ADDRESSES = {
    "root": ("/", "/account", "/admin/accounts", "/admin/jobs"),
    "lead@own": tuple(
        f"/p/{OWN}/{page}"
        for page in (
            "label",
            "protocols?q=church+flyers&state=open&mine=none",
            "protocols/1?all=1",
            "words",
            "model",
            "model/moved?from=2&to=3",
            "rubric",
            "data",
            "audit?action=label.recorded",
            "settings",
            "adjudicate",
            "adjudicate/2",
            "discussion/2",
        )
    ),
}


@pytest.mark.postgres
def test_every_page_answers(any_database: Database, tmp_path: Path) -> None:
    office = an_office(any_database, Settings.model_validate({"home": tmp_path}))
    with any_database.write() as session:
        project = office.project(session)
        for level in (2, 3):
            a_model(session, project, {1: (level, [0.1, 0.4, 0.4, 0.06, 0.04])})
        a_label(session, project, 1, by=office.people["coder@own"], level=4)
        two = office.people["coder@own"], office.people["administrator@own"]
        two_readings(session, project, 2, two, 2, 4)
    statuses = {}
    for person, addresses in ADDRESSES.items():
        browser = office.browser(person)
        for address in addresses:
            statuses[address] = browser.get(address).status_code
    auditor = office.browser("auditor@own")
    assert "Intact:" in auditor.post(f"/p/{OWN}/audit").text
    assert auditor.post(f"/p/{OWN}/data/export", {"format": "csv"}).status_code == 200
    assert set(statuses.values()) == {200}, statuses
