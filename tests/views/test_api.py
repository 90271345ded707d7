"""Explanations as JSON: the same sight as on the pages, and refusals that say what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select

from cer_assist.config import ROOT
from cer_assist.services import label_checks
from cer_assist.store.tables import AuditEvent, Disclosure
from cer_assist.store.tables.projects import SuggestionPolicy
from cer_assist.store.tables.servings import Disclosed
from tests.builders import a_label
from tests.views.answers import CODER, PROBABILITIES, under
from tests.views.office import OWN, Office
from tests.views.replies import REPLIES

LEAD, AUDITOR = "lead@own", "auditor@own"
WORDS = "/api/v1/projects/own/words"


def address(protocol: int) -> str:
    return f"/api/v1/projects/own/protocols/{protocol}/explanation"


def ask(office: Office, person: str | None, where: str) -> tuple[int, dict[str, Any]]:
    """Status and body, asked as a browser's address bar would."""
    reply = office.browser(person).get(where, headers={"Accept": "text/html,*/*;q=0.8"})
    assert reply.content_type == "application/json"
    body: dict[str, Any] = reply.get_json()
    return reply.status_code, body


def test_a_coder_before_answering_is_told_to_read_first(modelled: Office) -> None:
    status, body = ask(modelled, CODER, address(1))
    assert status == 403
    assert list(body) == ["error"]
    assert "answer this protocol" in body["error"]
    with modelled.database.read() as session:
        assert session.scalars(select(Disclosure)).all() == []


def test_after_it_the_explanation_is_whole_and_recorded_as_seen(modelled: Office) -> None:
    with modelled.database.write() as session:
        a_label(session, modelled.project(session), 1, by=modelled.people[CODER], level=3)
    status, body = ask(modelled, CODER, address(1))
    assert status == 200
    text = body["sentences"][0].pop("text")
    assert text.startswith("Study number 1")
    assert body == {
        "protocol_id": 1,
        "external_id": "P-1",
        "model_version": 1,
        "level": 5,
        "probabilities": dict(zip("12345", PROBABILITIES, strict=True)),
        "evidence_strength": 0.6,
        "weak_below": 0.2,
        "is_weak": False,
        "has_learnt": False,
        "words": [
            {
                "word": "Study",
                "start": 0,
                "end": 5,
                "weight": 0.5,
                "attention": 0.2,
                "adds": {"1": -0.5, "2": -0.5, "3": -0.5, "4": -0.5, "5": 1.0},
            }
        ],
        "sentences": [{"start": 0, "end": len(text), "weight": 1.0}],
    }
    with modelled.database.read() as session:
        assert session.scalars(select(Disclosure.what)).all() == [Disclosed.suggestion]


def test_a_hidden_suggestion_stays_hidden(modelled: Office) -> None:
    under(modelled, SuggestionPolicy.hidden)
    with modelled.database.write() as session:
        a_label(session, modelled.project(session), 1, by=modelled.people[CODER], level=3)
    status, body = ask(modelled, CODER, address(1))
    assert status == 403
    assert "does not show coders" in body["error"]


def test_an_auditor_sees_it_at_once_and_a_lead_on_request(modelled: Office) -> None:
    assert ask(modelled, AUDITOR, address(1))[0] == 200
    status, body = ask(modelled, LEAD, address(1))
    assert status == 403
    assert "?all=1" in body["error"]
    assert ask(modelled, LEAD, f"{address(1)}?all=1")[0] == 200


@pytest.mark.usefixtures("on_request")
def test_what_was_said_on_request_tells_that_it_knew_the_level(modelled: Office) -> None:
    status, body = ask(modelled, AUDITOR, address(1))
    assert (status, body["level"], body["has_learnt"]) == (200, 3, True)
    assert body["words"][0]["adds"]["3"] == 1.25


def test_what_the_model_has_not_said_yet_is_a_conflict_not_a_loss(office: Office) -> None:
    status, body = ask(office, AUDITOR, address(1))
    assert status == 409
    assert "Have its words weighed" in body["error"]
    status, body = ask(office, AUDITOR, WORDS)
    assert status == 409
    assert "label protocols first" in body["error"]


@pytest.mark.parametrize(
    ("person", "where", "status", "told"),
    [
        (None, address(1), 401, "Sign in again"),
        (None, WORDS, 401, "Sign in again"),
        ("coder@other", address(1), 404, "no such project"),
        ("coder@other", WORDS, 404, "no such project"),
        (AUDITOR, address(9_999), 404, "not part of the project"),
        (AUDITOR, "/api/v1/nowhere", 404, "no page at this address"),
    ],
)
def test_refusals_are_json_whoever_asks(
    modelled: Office, person: str | None, where: str, status: int, told: str
) -> None:
    got, body = ask(modelled, person, where)
    assert got == status
    assert told in body["error"]


def test_words_come_by_level_with_what_the_version_kept(busy: Office) -> None:
    status, body = ask(busy, CODER, WORDS)
    assert status == 200
    assert (body["model_version"], body["label_count"], body["at_least"]) == (1, 5, 2)
    assert list(body["levels"]) == ["1", "2", "3", "4", "5"]
    assert body["levels"]["2"][0] == {
        "word": "recruitment",
        "weight": 1.2,
        "n_documents": 12,
        "attention": None,
        "polarity": None,
    }
    assert [word["word"] for word in body["levels"]["2"]] == ["recruitment", "flyers"]
    fewer = ask(busy, CODER, f"{WORDS}?at_least=4")[1]
    assert [word["word"] for word in fewer["levels"]["2"]] == ["recruitment"]
    assert fewer["at_least"] == 4
    assert ask(busy, CODER, f"{WORDS}?by=attention")[1]["by"] == "weight"  # it kept no attention
    assert ask(busy, CODER, f"{WORDS}?by=zzz")[0] == 400


@pytest.mark.parametrize(("person", "status"), [(CODER, 400), (LEAD, 200), (AUDITOR, 200)])
def test_a_filter_that_coders_may_not_use_is_refused(
    office: Office, person: str, status: int
) -> None:
    assert ask(office, person, "/api/v1/projects/own/protocols?state=open")[0] == status


def test_rubric_versions_are_read_compared_and_published(office: Office) -> None:
    rubric = "/api/v1/projects/own/rubric"
    status, body = ask(office, CODER, rubric)
    assert (status, body["in_use"], len(body["versions"])) == (200, 1, 1)
    first = ask(office, CODER, f"{rubric}/versions/1")[1]
    assert first["sha256"] == body["versions"][0]["sha256"]
    new = (
        first["text"]
        .replace("version: 1", "version: 2")
        .replace("no say in the study.", "no voice in the study.")
    )
    lead = office.browser(LEAD)
    headers = {"X-CSRFToken": lead.token()}
    sent = {"text": new, "note": "Rooms."}
    done = lead.client.post(f"{rubric}/publish", json=sent, headers=headers)
    assert (done.status_code, done.get_json()["in_use"]) == (200, 2)
    assert done.get_json()["versions"][1]["touched"] == [2]
    again = lead.client.post(f"{rubric}/publish", json=sent, headers=headers)
    assert (again.status_code, "is in use" in again.get_json()["error"]) == (400, True)
    for wrong in ({"text": new}, {"text": new, "note": "x", "touched": ["2"]}):
        assert lead.client.post(f"{rubric}/publish", json=wrong, headers=headers).status_code == 400
    found = ask(office, CODER, f"{rubric}/changes?from=1&to=2")[1]["changes"]
    assert [(one["level"], one["part"]) for one in found] == [(2, "definition")]
    assert {"mark": "in", "text": "voice "} in found[0]["rows"][0]["after"]
    assert ask(office, CODER, f"{rubric}/changes")[0] == 400
    assert ask(office, CODER, f"{rubric}/versions/3")[0] == 404


def test_doubtful_levels_are_listed_without_levels_and_sent(office: Office) -> None:
    where = "/api/v1/projects/own/doubtful"
    body = ask(office, LEAD, where)[1]
    assert (body["made_at"], body["suspects"]) == (None, [])
    assert "at least 60" in body["refusal"]
    with office.database.write() as session:
        project = office.project(session)
        a_label(session, project, 1, by=office.people[LEAD], level=3)
        one = {"protocol": 1, "level": 3, "gain": 0.5, "wrong": 0.9, "likely": 5}
        label_checks.store(session, project.id, {"checked": 60, "suspects": [one]})
    (listed,) = ask(office, LEAD, where)[1]["suspects"]
    assert (listed["external_id"], listed["gain"], listed["is_asked"]) == ("P-1", 0.5, False)
    lead = office.browser(LEAD)
    headers = {"X-CSRFToken": lead.token()}
    refused = lead.client.post(f"{where}/ask", headers=headers)
    assert (refused.status_code, "at least 60" in refused.get_json()["error"]) == (400, True)
    wish = {"protocols": ["P-1"], "coder": f"coder-{OWN}"}
    sent = lead.client.post(f"{where}/send", json=wish, headers=headers)
    assert (sent.status_code, sent.get_json()) == (200, {"protocols": 1})
    assert ask(office, LEAD, where)[1]["suspects"][0]["is_asked"]
    for wrong in ({"protocols": ["P-1"]}, wish | {"protocols": ["P-2"]}, wish):
        assert lead.client.post(f"{where}/send", json=wrong, headers=headers).status_code == 400


def test_settings_are_read_and_changed_all_or_none(office: Office) -> None:
    where = "/api/v1/projects/own/settings"
    before = ask(office, LEAD, where)[1]
    assert (before["check_share"], before["open_pool"]) == (0.0, True)
    lead = office.browser(LEAD)
    headers = {"X-CSRFToken": lead.token()}
    wish = {"check_share": 0.02, "open_pool": False, "model_kind": "lexical"}
    done = lead.client.patch(where, json=wish, headers=headers)
    assert (done.status_code, done.get_json()) == (200, before | wish)
    for wrong, told in (
        ({"check_share": 2}, "such as 0.2 or 20%"),
        ({"model_kind": "tea leaves"}, "one of blend"),
        ({"open_pool": "no"}, "open_pool"),
        ({"open_pool": None}, "open_pool"),
        ({"colour": "red"}, "colour"),
        ({"random_share": 0.7, "rare_share": 0.4}, "add up to 110 %"),
    ):
        refused = lead.client.patch(where, json={"retrain_every": 9, **wrong}, headers=headers)
        assert (refused.status_code, told in refused.get_json()["error"]) == (400, True), wrong
    assert ask(office, LEAD, where)[1] == before | wish
    with office.database.read() as session:
        events = select(AuditEvent).where(AuditEvent.action == "project.settings")
        (event,) = session.scalars(events)
    assert event.account_id == office.people[LEAD]


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.__name__)
def test_the_manual_has_every_field_in_the_same_words(reply: type[BaseModel]) -> None:
    manual = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name, field in reply.model_fields.items():
        row = f"| `{name}` | {field.description} |"
        assert re.search(re.escape(row), manual), f"docs/api.md lacks: {row}"
