"""The Agreement page: figures of a choice of readings, for overseers, and nobody's levels."""

from __future__ import annotations

import html
import random
import re
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from cer_assist import agreeing
from cer_assist.domain.agreement import Readings, Seen
from cer_assist.domain.labels import Lane
from cer_assist.domain.serving import RETEST
from cer_assist.services import agreement, queue
from cer_assist.services.reports import Stored, numbered
from cer_assist.store.tables import Account, AgreementReport, Assignment, Disclosure, Job
from cer_assist.store.types import now
from tests.builders import a_label, a_member, some_protocols, two_readings
from tests.views.office import OWN, Office
from tests.views.test_pages import text_of

PAGE = f"/p/{OWN}/agreement"
API = f"/api/v1/projects/{OWN}/agreement"
LEAD, AUDITOR, CODER = "lead@own", "auditor@own", "coder@own"
SCALE = (1, 2, 3, 4, 5)


def told(answer: TestResponse) -> str:
    """What a person reads on the page."""
    assert answer.status_code == 200
    return html.unescape(text_of(answer.text))


def make(office: Office, wanted: Readings | None = None) -> dict[str, Any]:
    """What the worker would make of a choice, stored."""
    key, wanted = office.projects[OWN], wanted or Readings()
    found, last = agreeing.figures(office.database, key, wanted, SCALE)
    with office.database.write() as session:
        agreement.ask(session, key, wanted)
        agreement.store(session, key, wanted, last, found)
    return found


@pytest.fixture
def read_twice(office: Office) -> Office:
    """Forty protocols read by two of three coders, one level apart now and then."""
    with office.database.write() as session:
        project = office.project(session)
        project.coders_per_protocol = 2
        trio = [a_member(session, project, name).id for name in ("ana", "ben", "eli")]
        protocols = some_protocols(session, project, 44)[4:]
        for at, protocol in enumerate(protocols):
            level = 1 + at % 5
            pair = (trio[at % 3], trio[(at + 1) % 3])
            two_readings(session, project, protocol.id, pair, level, min(5, level + at % 2))
    return office


def test_figures_are_asked_for_by_looking_and_come_from_the_worker(read_twice: Office) -> None:
    lead = read_twice.browser(LEAD)
    answer = lead.get(PAGE)
    assert "The worker is making these figures" in told(answer)
    assert "data-reload" in answer.text
    with read_twice.database.read() as session:
        assert session.scalars(select(Job.kind).where(Job.kind == "agreement")).one()
    found = make(read_twice)
    answer = lead.get(PAGE)
    assert "data-reload" not in answer.text
    said = told(answer)
    main = found["coefficients"]["alpha_ordinal"]
    assert f"Ordinal alpha {main['value']:.2f}" in said
    assert f"{main['low']:.2f} to {main['high']:.2f}" in said
    assert "Measured on 40 protocols read by two coders or more, 3 coders" in said
    for name in ("ana", "ben", "eli"):
        assert said.count(name) >= 3, "in the matrix, twice, and by severity"
    with read_twice.database.read() as session:
        assert not session.scalars(select(Disclosure)).all(), "no protocol's level is told"


def test_out_of_date_figures_are_shown_and_said_to_be_so(read_twice: Office) -> None:
    make(read_twice)
    with read_twice.database.write() as session:
        project = read_twice.project(session)
        people = [read_twice.people[name] for name in (CODER, LEAD)]
        two_readings(session, project, read_twice.protocols[0], people, 1, 5)
    said = told(read_twice.browser(AUDITOR).get(PAGE))
    assert "Labels have come since these figures were made" in said
    assert "Measured on 40 protocols" in said


def test_a_pair_opens_with_the_levels_they_confuse(read_twice: Office) -> None:
    pair = Readings(coders=("ana", "ben"))
    make(read_twice)
    make(read_twice, pair)
    lead = read_twice.browser(LEAD)
    link = html.unescape(lead.get(PAGE).text)
    assert f"{PAGE}?seen=independent&coder=ana&coder=ben" in link
    said = told(lead.get(f"{PAGE}?{pair.key}"))
    assert "ana's level in rows, ben's in columns, of 14 protocols" in said


def test_imported_readings_are_pointed_to(read_twice: Office) -> None:
    found = make(read_twice) | {"units": 0, "elsewhere": 404, "waiting": 2}
    with read_twice.database.write() as session:
        session.scalars(select(AgreementReport)).one().found = numbered(Stored.agreement, found)
    said = told(read_twice.browser(LEAD).get(PAGE))
    assert "No protocol was read by two coders" in said
    assert "404 protocols were read by two coders elsewhere" in said
    assert "2 protocols wait for another reader" in said


def test_home_shows_the_main_figure_to_those_who_may_see_it(read_twice: Office) -> None:
    assert "ordinal alpha" not in told(read_twice.browser(LEAD).get("/"))
    make(read_twice)
    make(read_twice, Readings(seen=Seen.anything))
    assert "n = 40, independent readings" in told(read_twice.browser(LEAD).get("/"))
    assert "ordinal alpha" not in told(read_twice.browser(CODER).get("/"))


def test_a_choice_that_means_nothing_is_an_error_not_other_figures(office: Office) -> None:
    answer = office.browser(LEAD).get(f"{PAGE}?seen=everything")
    assert answer.status_code == 400
    assert "independent, elsewhere, anything" in answer.text


def test_the_api_tells_the_same(read_twice: Office) -> None:
    lead = read_twice.browser(LEAD)
    first = lead.get(API)
    assert first.status_code == 409 and "ask again" in first.get_json()["error"]
    found = make(read_twice)
    body = lead.get(API).get_json()
    assert body["figures"] == found
    assert (body["choice"], body["is_current"]) == ("", True)
    assert read_twice.browser(CODER).get(API).status_code == 403


def test_the_same_coder_twice_is_told_by_name_and_few_pairs_give_no_figure(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        protocols = some_protocols(session, project, 16)[4:]
        for at, protocol in enumerate(protocols):
            for coder in (ana, ben)[: 2 if at < 3 else 1]:
                a_label(session, project, protocol.id, by=coder, level=at % 5 + 1)
                back = protocol.id, RETEST, random.Random(1), Lane.retest
                queue.serve_picked(session, project, coder, *back)
                a_label(session, project, protocol.id, by=coder, level=at % 4 + 1)
    make(office)
    page = told(office.browser(LEAD).get(PAGE))
    assert "The same coder twice" in page
    assert page.index("ana 12") < page.index("ben 3 Too few to say")
    assert office.browser(CODER).get(PAGE).status_code == 403


@pytest.fixture
def alarmed(read_twice: Office) -> dict[str, Any]:
    """Figures by which ana reads higher than the others and ben than he did last month."""
    found = make(read_twice)
    this = now().strftime("%Y-%m")
    figure = {"value": 0.8, "low": 0.3, "high": 1.3, "n": 20}
    none = {"value": 0.0, "low": -0.2, "high": 0.2, "n": 20}
    for one in found["severity"]["coders"]:
        one["in_levels"] = figure if one["coder"] == "ana" else none
    months = [
        {"month": month, "in_levels": none, "n": 9, "shared": 9} for month in ("2020-01", this)
    ]
    found["drift"]["coders"] = [
        {"coder": name, "months": months, "change": {"apart": figure}, "alarm": name == "ben"}
        for name in ("ana", "ben", "eli")
    ]
    with read_twice.database.write() as session:
        session.scalars(select(AgreementReport)).one().found = numbered(Stored.agreement, found)
    return found


def asked_of(office: Office) -> list[tuple[str, str]]:
    """Who is asked to read, and why, in the order of asking."""
    with office.database.read() as session:
        rows = session.execute(
            select(Account.username, Assignment.kind)
            .join(Account, Account.id == Assignment.account_id)
            .order_by(Assignment.id)
        )
        return [(name, kind) for name, kind in rows]


@pytest.mark.usefixtures("alarmed")
def test_beside_an_alarm_protocols_are_had_read_again_and_only_counted(read_twice: Office) -> None:
    lead = read_twice.browser(LEAD)
    page = html.unescape(lead.get(PAGE).text)
    assert page.count("<summary>Have protocols of ana read again") == 1
    assert page.count("<summary>Have protocols of ben read again") == 1
    assert page.count("<summary>Have protocols of") == 2, "no alarm, no form"
    assert f'name="since" type="date" value="{now():%Y-%m}-01"' in page, "of the drift's last month"
    assert f'href="/p/{OWN}/training/items"' in page
    readers = re.findall(r'<option value="([^"]*)"[^>]*>[^<]*(?:once more|blind)<', page)
    assert {"", "ben", "eli"} <= set(readers)
    assert "lead-own" not in readers, "who asks has seen the figures"
    form = {"coder": "ben", "number": "3", "reader": "", "note": "", "choice": "rubric=1"}
    answer = lead.post(f"{PAGE}/reread", data=form)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?rubric=1")
    said = told(lead.get(PAGE))
    assert "3 protocols drawn for ben to read." in said
    assert not re.search(r"\bP-\d+\b|Study number", said), "counted, not listed"
    assert asked_of(read_twice) == [("ben", "reread")] * 3
    lead.post(f"{PAGE}/reread", data=form | {"coder": "ana", "reader": f"coder-{OWN}"})
    assert asked_of(read_twice)[3:] == [(f"coder-{OWN}", "assigned")] * 3
    none = lead.post(f"{PAGE}/reread", data=form | {"until": "2020-01-31"})
    assert (none.status_code, "nothing to read again" in none.text) == (400, True)


@pytest.mark.usefixtures("alarmed")
def test_an_auditor_sees_the_alarm_and_no_form(read_twice: Office) -> None:
    page = read_twice.browser(AUDITOR).get(PAGE)
    assert "reads higher than in 2020-01" in told(page)
    assert "Have protocols of" not in page.text


def test_the_api_has_protocols_read_again(read_twice: Office) -> None:
    lead = read_twice.browser(LEAD)
    headers = {"X-CSRFToken": lead.token()}
    sent = lead.client.post(f"{API}/reread", json={"coder": "ana", "number": 2}, headers=headers)
    assert (sent.status_code, sent.get_json()) == (200, {"drawn": 2})
    assert asked_of(read_twice) == [("ana", "reread")] * 2
    wrong: list[dict[str, Any]] = [{}, {"coder": "ana", "number": "2"}, {"coder": "nobody"}]
    wrong += [{"coder": "ana", "since": "May"}, {"coder": "ana", "reader": f"lead-{OWN}"}]
    for body in wrong:
        answer = lead.client.post(f"{API}/reread", json=body, headers=headers)
        assert answer.status_code in (400, 404), body
    assert len(asked_of(read_twice)) == 2
