"""The audit's pages and reports speak in words, and of people by name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from cer_assist.domain import model_kinds
from cer_assist.services import assignments, audit, tokens
from cer_assist.services.audit_log import name_people
from cer_assist.store.tables import ModelVersion
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.views.audit_words import MEANINGS
from tests.builders import a_label, a_model
from tests.views.office import OWN, Office

PACKAGE = Path(__file__).resolve().parents[2] / "cer_assist"
_ACTION = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z_]+")
OF_NO_PROJECT = ("account.", "signin.")  # in no project's log


def test_every_event_of_a_project_has_words() -> None:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text()
        if "Entry(" in source:
            constants = (
                one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Constant)
            )
            found |= {
                one.value
                for one in constants
                if isinstance(one.value, str) and _ACTION.fullmatch(one.value)
            }
    of_projects = {one for one in found if not one.startswith(OF_NO_PROJECT)}
    assert "token.made" in of_projects and len(of_projects) > 40
    assert of_projects - MEANINGS.keys() == set()


def test_people_stand_by_name_in_log_and_timeline(office: Office) -> None:
    coder, lead = (office.people[name] for name in ("coder@own", "lead@own"))
    with office.database.write() as session:
        project = office.project(session)
        for protocol in office.protocols[:2]:
            assignments.ask(session, project, protocol, coder, AssignmentKind.assigned, by=lead)
        assignments.release(session, project, coder, office.protocols[:1], lead)
        wish = tokens.Wish("script", ["read"], OWN)
        number, _ = tokens.make(session, coder, wish, coder)
        tokens.revoke(session, number, coder)
        dealt = audit.Entry(
            "assignment.dealt", f"project:{project.id}", {"coders": {str(coder): 3}}
        )
        audit.append(session, dealt, account_id=lead, project_id=project.id)
    browser = office.browser("auditor@own")
    log = browser.get(f"/p/{OWN}/audit").text
    timeline = browser.get(f"/p/{OWN}/timeline?about=project").text
    for page in (log, timeline):
        for told in ("from: coder-own", "account: coder-own", "coders: 3 coder-own"):
            assert told in page, told
        assert "token for scripts made" in page and "token for scripts revoked" in page
        assert not re.search(r"(coder|from|to|account): \d", page)
    assert "coder: coder-own" in log


def test_numbers_that_are_no_accounts_stay(office: Office) -> None:
    told = {"coders": 3, "from": "2026-11-01", "rows": {"protocols": 4}, "to": True, "account": 999}
    with office.database.read() as session:
        assert name_people(session, [told]) == [told]


def test_a_report_is_in_plain_words(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        kind = session.get_one(ModelVersion, a_model(session, project, {})).kind
        a_label(session, project, office.protocols[0], by=office.people["coder@own"], level=2)
    days = {"from": "2000-01-01", "to": "2999-12-30"}
    report = office.browser("auditor@own").post(f"/p/{OWN}/audit/report", days).text
    page = report.partition('<script type="application/json"')[0]
    assert "coder: label" not in page and "<td>label</td>" in page
    assert '<th scope="col">Label event</th>' in page
    assert '<th scope="col">Chain event</th>' in page
    assert '<th scope="col">Event</th>' not in page
    assert not re.search(r"\d\d:\d\d:\d\d\.\d+\+00:00", page)
    title = model_kinds.MODEL_KINDS[kind].title
    assert f"Model version 1 ({title};" in page
    assert model_kinds.told("cold_start") == "The rubric alone"
