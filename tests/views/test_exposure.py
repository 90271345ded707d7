"""What someone saw before labelling stands on the label, by whichever page or role they saw it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from cer_assist.config import Settings
from cer_assist.services import accounts
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Disclosure, LabelEvent, Suggestion
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_model
from tests.views.office import Office, an_office


def exposure_of_a_label(office: Office, protocol_id: int, person: str) -> str:
    """What a label that this person now makes says they had seen."""
    with office.database.write() as session:
        account_id = office.people[person]
        made = a_label(session, office.project(session), protocol_id, by=account_id, level=2)
        return session.get_one(LabelEvent, made.event_id).exposure


@pytest.mark.postgres
def test_an_export_shows_all_that_is_in_it(any_database: Database, tmp_path: Path) -> None:
    office = an_office(any_database, Settings.model_validate({"home": tmp_path}))
    theirs, suggested, lead_own, untouched = office.protocols
    lead = office.people["lead@own"]
    with office.database.write() as session:
        project = office.project(session)
        a_label(session, project, theirs, by=office.people["coder@own"], level=4)
        a_label(session, project, lead_own, by=lead, level=4)
        a_model(
            session, project, dict.fromkeys((theirs, suggested), (2, [0.1, 0.6, 0.1, 0.1, 0.1]))
        )
    browser = office.browser("lead@own")
    for _ in range(2):  # a second export shows nothing new
        assert browser.post("/p/own/data/export", {"format": "csv"}).status_code == 200
    with office.database.read() as session:
        rows = session.execute(
            select(Disclosure.protocol_id, Disclosure.what, Suggestion.protocol_id)
            .outerjoin(Suggestion, Suggestion.id == Disclosure.suggestion_id)
            .where(Disclosure.account_id == lead)
            .order_by(Disclosure.protocol_id, Disclosure.what)
        ).all()
        assert session.scalar(select(func.count()).select_from(Disclosure)) == len(rows)
    assert [tuple(row) for row in rows] == [
        (theirs, "peer_label", None),
        (theirs, "suggestion", theirs),
        (suggested, "suggestion", suggested),
    ]
    said = [exposure_of_a_label(office, p, "lead@own") for p in office.protocols]
    assert said == ["after_peer", "after_suggestion", "blind", "blind"]
    assert exposure_of_a_label(office, untouched, "coder@own") == "blind"


def test_an_auditor_who_becomes_a_coder_has_seen_what_they_read(office: Office) -> None:
    read, unread, *_ = office.protocols
    with office.database.write() as session:
        for protocol_id in (read, unread):
            a_label(
                session,
                office.project(session),
                protocol_id,
                by=office.people["coder@own"],
                level=4,
            )
    assert office.browser("auditor@own").get(f"/p/own/protocols/{read}").status_code == 200
    with office.database.write() as session:
        auditor = session.get_one(Account, office.people["auditor@own"])
        accounts.set_role(session, office.project(session), auditor, Role.coder, None)
    assert exposure_of_a_label(office, read, "auditor@own") == "after_peer"
    assert exposure_of_a_label(office, unread, "auditor@own") == "blind"
