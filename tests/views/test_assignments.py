"""The assignments page, the home of whom they are for, and that nobody is told of others'."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import select

from cer_assist.domain.dealing import By
from cer_assist.domain.labels import Action
from cer_assist.services import accounts, assignment_board, assignments, dealing, labelling, queue
from cer_assist.services.dealing import Batch
from cer_assist.store.tables import Account, Assignment, AuditEvent
from cer_assist.store.tables.assignments import AssignmentKind, AssignmentState
from cer_assist.store.types import now
from tests.builders import a_label, a_request
from tests.views.answers import PAGE
from tests.views.office import OWN, Office
from tests.views.test_leaks import steady

ASSIGNMENTS = f"/p/{OWN}/assignments"
API = f"/api/v1/projects/{OWN}/assignments"
LEAD, CODER = "lead@own", "coder@own"


def dealt(office: Office, **fields: object) -> list[tuple[int, int]]:
    """What a batch to the coder came to."""
    with office.database.write() as session:
        batch = Batch(**({"coders": (office.people[CODER],)} | fields))  # type: ignore[arg-type]
        return dealing.store(session, office.project(session), batch, office.people[LEAD]).pairs


def open_with(office: Office, person: str) -> set[int]:
    with office.database.read() as session:
        found = select(Assignment.protocol_id).where(
            Assignment.account_id == office.people[person],
            Assignment.state == AssignmentState.open,
        )
        return set(session.scalars(found))


def hidden(page: str) -> dict[str, str]:
    """The fields of the form that deals what was looked at."""
    form = page[page.index('class="actions"') :]
    form = form[: form.index("</form>")]
    found: dict[str, str] = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    found.pop("csrf_token")
    return found


def test_an_empty_page_says_what_to_do_first(office: Office) -> None:
    browser = office.browser(LEAD)
    page = browser.get(ASSIGNMENTS).text
    assert "Nothing is assigned: coders take what the" in page
    assert "Take back or move</h2>" not in page
    assert "By a column" not in page  # these protocols have no details
    other = office.browser("lead@other").get("/p/other/assignments").text
    assert "There is nothing to deal yet" in other


def test_a_lead_looks_then_deals_then_moves_and_the_audit_has_it(office: Office) -> None:
    browser = office.browser(LEAD)
    coder, lead = office.people[CODER], office.people[LEAD]
    due = (now() + dt.timedelta(days=9)).date()
    form = {"coder": coder, "by": "random", "each": "3", "due": str(due), "note": "read <b>me</b>"}
    page = browser.post(ASSIGNMENTS, form).text
    assert "Deal 3 protocols" in page
    assert "4 readers were wanted and promised to nobody; 1 still is then" in page
    assert "&lt;b&gt;" in page
    assert open_with(office, CODER) == set()
    looked = hidden(page)
    assert browser.post(f"{ASSIGNMENTS}/deal", looked).status_code == 303
    mine = open_with(office, CODER)
    assert len(mine) == 3
    again = browser.post(ASSIGNMENTS, form | {"coder": lead, "each": "", "note": ""}).text
    assert "Deal 1 protocol" in again
    shown = browser.get(ASSIGNMENTS).text
    assert f"due {due.day} {due:%b %Y}" in shown
    name = f"P-{min(mine)}"
    taken = browser.post(f"{ASSIGNMENTS}/take", {"from": coder, "to": 0, "ids": f"{name}\n"})
    assert taken.status_code == 303
    assert "1 protocol taken back" in browser.get(ASSIGNMENTS).text
    browser.post(f"{ASSIGNMENTS}/take", {"from": coder, "to": lead})
    assert (open_with(office, CODER), open_with(office, LEAD)) == (set(), mine - {min(mine)})
    with office.database.read() as session:
        rows = session.execute(select(AuditEvent.action, AuditEvent.account_id)).all()
    steps = ("dealt", "released", "moved")
    assert [row for row in rows if row.action.startswith("assignment.")] == [
        (f"assignment.{step}", lead) for step in steps
    ]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"by": "random"}, "Choose people who label"),
        ({"by": "magic", "coder": "1"}, "Choose how protocols"),
        ({"by": "hand", "ids": "P-99"}, "no protocol P-99"),
        ({"by": "random", "each": "few"}, "needs a whole number"),
        ({"by": "random", "due": "soon"}, "is no date"),
        ({"by": "random", "due": "2020-02-02"}, "has passed"),
    ],
)
def test_what_cannot_be_dealt_is_refused_with_advice(
    office: Office, form: dict[str, str], told: str
) -> None:
    wanted = {"coder": str(office.people[CODER])} if "by" in form and len(form) > 1 else {}
    answer = office.browser(LEAD).post(ASSIGNMENTS, wanted | form)
    assert answer.status_code == 400
    assert told in answer.text
    assert open_with(office, CODER) == set()


def test_tags_are_kept_and_dealt_by(office: Office) -> None:
    browser, coder = office.browser(LEAD), office.people[CODER]
    assert browser.post(f"{ASSIGNMENTS}/tags/{coder}", {"tags": " Number 3, sleep,"}).status_code
    page = browser.get(ASSIGNMENTS).text
    assert 'value="number 3, sleep"' in page
    lead = office.people[LEAD]
    found = browser.post(ASSIGNMENTS, {"coder": [coder, lead], "by": "tags", "each": "1"}).text
    assert "That they know" in found
    auditor = office.people["auditor@own"]
    assert browser.post(f"{ASSIGNMENTS}/tags/{auditor}", {"tags": "x"}).status_code == 400


def test_home_has_what_is_theirs_in_words(office: Office) -> None:
    coder = office.people[CODER]
    dealt(office, due_on=now().date(), note="first round")
    with office.database.write() as session:
        project = office.project(session)
        rows = session.scalars(select(Assignment).order_by(Assignment.id)).all()
        late, done, skipped, back = rows
        late.due_on = now().date() - dt.timedelta(days=2)
        a_label(session, project, done.protocol_id, by=coder, level=2)
        skip = a_request(skipped.protocol_id, None, action=Action.skip)
        labelling.record_label(session, coder, project, skip)
        a_label(session, project, back.protocol_id, by=coder, level=2)
        kind = AssignmentKind.returned
        assignments.ask(session, project, back.protocol_id, coder, kind, note="why <2>?")
        queue.serve_picked(session, project, coder, late.protocol_id)
    page = office.browser(CODER).get("/").text
    told = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Assigned to me 3 open, 2 done 1 overdue 1 skipped" in told
    assert "overdue by 2 days" in told
    assert "due today" in told
    assert "first round" in told
    # What the adjudicator says of it is told with the protocol, where that is recorded.
    assert "The adjudicator asks you to read it again" in told and "why" not in told
    assert re.search(rf"In hand: Study number {late.protocol_id} ", told)
    assert "Assigned to me" not in office.browser(LEAD).get("/").text


def test_who_is_done_reads_why_nothing_comes(office: Office) -> None:
    with office.database.write() as session:
        office.project(session).open_pool = False
    page = office.browser(CODER).get(PAGE).text
    assert "Nothing that is assigned to you is left to read" in page
    dealt(office, each=1)
    page = office.browser(CODER).get(PAGE).text
    assert "why this one: assigned to you" in page


def test_a_coder_is_not_told_that_another_is_assigned_the_same(office: Office) -> None:
    """The same pages, once with a protocol that only they read, once with one read twice."""
    browser = office.browser(CODER)
    addresses = [PAGE, "/", f"/p/{OWN}/protocols", f"{API}/mine", f"/p/{OWN}/rubric"]
    addresses += [f"/p/{OWN}/protocols/{key}" for key in office.protocols]
    with office.database.write() as session:
        office.project(session).open_pool = False
    dealt(office, by=By.hand, names=("P-1", "P-2"))
    before = {address: steady(browser.get(address).text) for address in addresses}
    dealt(office, by=By.hand, names=("P-1", "P-2", "P-3"), coders=(office.people[LEAD],))
    assert {address: steady(browser.get(address).text) for address in addresses} == before
    assert "P-1" in before["/"] and "P-1" in before[f"{API}/mine"]
    assert "P-3" not in before["/"]


def test_a_lead_is_not_told_which_protocols_have_how_many_readers(office: Office) -> None:
    dealt(office, coders=(office.people[CODER], office.people[LEAD]))
    page = office.browser(LEAD).get(ASSIGNMENTS).text
    assert not re.search(r"P-\d", page)


def test_the_api_deals_shows_and_takes_back(office: Office) -> None:
    browser = office.browser(LEAD)
    headers = {"X-CSRFToken": browser.token()}

    def ask(address: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
        answer = browser.client.post(address, json=body, headers=headers)
        return answer.status_code, answer.get_json()

    batch: dict[str, object] = {"coders": ["coder-own", "lead-own"], "each": 1, "note": "x"}
    status, looked = ask(API, batch | {"dry_run": True})
    assert (status, looked["is_stored"], looked["protocols"]) == (200, False, 2)
    assert open_with(office, CODER) == set()
    status, done = ask(API, batch | {"seed": looked["seed"], "due_on": "2999-12-31"})
    assert (status, done) == (200, looked | {"is_stored": True})
    lines = {line["username"]: line for line in browser.get(API).get_json()["coders"]}
    assert (lines["coder-own"]["open"], lines["coder-own"]["next_due"]) == (1, "2999-12-31")
    (mine,) = office.browser(CODER).get(f"{API}/mine").get_json()["first"]
    assert {mine["protocol_id"]} == open_with(office, CODER)
    assert ask(f"{API}/take", {"coder": "coder-own", "to": "lead-own"})[1] == {
        "protocols": 1,
        "stay": 0,
    }
    assert ask(f"{API}/take", {"coder": "lead-own"})[1] == {"protocols": 2, "stay": 0}
    status, refused = ask(API, {"coders": ["coder-own"], "each": "many"})
    assert status == 400
    assert "each" in str(refused["error"])


def test_the_board_names_who_left_with_open_ones(office: Office) -> None:
    dealt(office, each=2)
    with office.database.write() as session:
        coder = session.get_one(Account, office.people[CODER])
        accounts.set_role(session, office.project(session), coder, None, None)
        lines = assignment_board.by_coder(session, office.projects[OWN])
    assert [(line.open, line.may_label) for line in lines if line.username == "coder-own"] == [
        (2, False)
    ]
    page = office.browser(LEAD).get(ASSIGNMENTS).text
    assert "no longer labels here" in page
    office.browser(LEAD).post(
        f"{ASSIGNMENTS}/take", {"from": office.people[CODER], "to": office.people[LEAD]}
    )
    assert len(open_with(office, LEAD)) == 2


def test_readers_are_drawn_anew_where_nobody_has_read(office: Office) -> None:
    browser = office.browser(LEAD)
    with office.database.write() as session:
        office.project(session).coders_per_protocol = 3
    dealt(office, each=1)
    page = browser.get(ASSIGNMENTS).text
    assert "3 protocols: 3 want 1 reader." in page
    headers = {"X-CSRFToken": browser.token()}
    looked = browser.client.post(f"{API}/readers", json={"dry_run": True}, headers=headers)
    assert looked.get_json() == {"is_stored": False, "wanted": {"1": 3}}
    assert browser.post(f"{ASSIGNMENTS}/readers").status_code == 303
    page = browser.get(ASSIGNMENTS).text
    assert "Drawn anew for 3 protocols: 3 want 3 readers." in page
    done = browser.client.post(f"{API}/readers", json={}, headers=headers)
    assert done.get_json() == {"is_stored": True, "wanted": {"3": 3}}
