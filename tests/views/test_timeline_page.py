"""Timelines and reports on their pages, in JSON and on the command line: who is told what."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from cer_assist.cli import cer
from cer_assist.config import Settings
from cer_assist.services.audit_period import Period
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Disclosure
from cer_assist.store.types import now
from cer_assist.views.timeline import Timeline, TimelineLine
from tests.builders import a_label, a_member, a_model
from tests.views.answers import PROBABILITIES
from tests.views.office import OWN, Office, an_office
from tests.views.test_access import without_token

AUDITOR, LEAD, CODER = "auditor@own", "lead@own", "coder@own"
PAGE, JSON = f"/p/{OWN}/timeline", f"/api/v1/projects/{OWN}/timeline"
DAYS = {"from": "2000-01-01", "to": "2999-12-31"}


def test_the_page_tells_old_and_new_and_the_chain(busy: Office) -> None:
    with busy.database.write() as session:
        project = busy.project(session)
        a_label(session, project, 1, by=busy.people[CODER], level=2)
    browser = busy.browser(AUDITOR)
    page = browser.get(f"{PAGE}?about=coder&id=coder-own").text
    with busy.database.read() as session:
        mine = Disclosure.account_id == busy.people[AUDITOR]
        assert "peer_label" in set(session.scalars(select(Disclosure.what).where(mine)))
    assert "level 4 → 2" in page and "checked, event" in page
    assert "Choose what to look at" in browser.get(PAGE).text
    assert "Nothing here" in browser.get(f"{PAGE}?about=coder&id=coder-own&to=2000-01-01").text
    for wrong, status in (
        ("about=tea", 400),
        ("about=coder&id=x", 404),
        ("about=project&after=x", 400),
        ("about=project&from=x", 400),
        ("about=project&to=9999-12-31", 400),
        ("about=project&kind=x", 400),
        ("about=model&id=²", 404),
    ):
        assert browser.get(f"{PAGE}?{wrong}").status_code == status, wrong
        assert browser.get(f"{JSON}?{wrong}").status_code == status, wrong
    assert 'href="/p/own/timeline?about=protocol&amp;id=P-1"' in browser.get("/p/own/audit").text


def test_json_goes_on_where_it_ended(busy: Office) -> None:
    browser = busy.browser(AUDITOR)
    browser.get(f"{JSON}?limit=200")  # that this was shown is a line of the next one
    whole = browser.get(f"{JSON}?limit=200").get_json()
    assert whole["next"] is None and len(whole["lines"]) > 4
    lines, after = [], ""
    while after is not None:
        found = browser.get(JSON, query_string={"limit": 2, "after": after}).get_json()
        lines += found["lines"]
        after = found["next"]
    assert lines == whole["lines"]
    assert browser.get(f"{JSON}?limit=0").status_code == 400


def a_lead_looks(database: Database, home: Path, level: int) -> list[str]:
    """Everything of timelines that a lead who codes gets, where a peer said this level."""
    office = an_office(database, Settings.model_validate({"home": home}))
    with office.database.write() as session:
        project = office.project(session)
        project.coders_per_protocol = 2
        peer = a_member(session, project, "peer").id
        for protocol in office.protocols:
            session.connection().exec_driver_sql(
                f"UPDATE protocol SET coders_wanted = 2, coders_missing = 2 WHERE id = {protocol}"  # noqa: S608
            )
        a_model(session, project, dict.fromkeys(office.protocols, (level, PROBABILITIES)))
        for protocol in office.protocols[: level - 1]:  # how many there are must not tell either
            a_label(session, project, protocol, by=peer, level=level)
    browser = office.browser(LEAD)
    asked = ["coder&id=peer", *(f"protocol&id=P-{n}" for n in range(1, 5)), "model&id=1"]
    asked += ["project", "project&kind=labels", "project&kind=saw", "rubric&id=1"]
    found = []
    for one in asked:
        for where in (PAGE, JSON):
            text = browser.get(f"{where}?about={one}").text
            text = text if where == JSON else without_token(text)
            text = re.sub(r'datetime="[^"]+"|\d{1,2} \w{3} \d{4}, \d\d:\d\d UTC', "", text)
            found.append(re.sub(r'"at":"[^"]+"|[0-9a-f]{12}…|event \d+|"event":\d+', "", text))
    assert "You may still read 4 protocols" in found[0]
    return found


def test_two_worlds_look_the_same_to_a_lead_who_codes(
    database: Database, tmp_path: Path, migrated_file: Path
) -> None:
    other = tmp_path / "other.sqlite3"
    other.write_bytes(migrated_file.read_bytes())
    second = Database(f"sqlite:///{other}")
    try:
        assert a_lead_looks(database, tmp_path, 2) == a_lead_looks(second, tmp_path, 5)
    finally:
        second.close()


@pytest.mark.parametrize("person", [LEAD, AUDITOR])
def test_whose_role_was_set_stands_in_log_timeline_and_report(busy: Office, person: str) -> None:
    browser = busy.browser(person)
    log = browser.get(f"/p/{OWN}/audit?action=membership.set").text
    assert '<td class="nowrap">coder-own</td>' in log and "account:" not in log
    assert "Not covered are suggestions" in log
    assert "user: coder-own; role: coder" in browser.get(f"{PAGE}?about=project").text
    details = [one["detail"] for one in browser.get(JSON).get_json()["lines"]]
    assert "user: coder-own; role: coder" in details
    report = browser.post(f"/p/{OWN}/audit/report", DAYS | {"to": "2999-12-30"}).text
    assert "user: coder-own; role: coder" in report


def test_the_newest_hash_on_the_page_is_what_the_command_takes(
    busy: Office, tmp_path: Path
) -> None:
    page = busy.browser(AUDITOR).post(f"/p/{OWN}/audit").text
    head = page.partition('<code class="whole">')[2].partition("</code>")[0]
    assert re.fullmatch(r"[0-9]+:[0-9a-f]{64}", head)
    checked = run("verify", "--head", head, "--home", str(tmp_path))
    assert checked.exit_code == 0 and said(checked)["intact"]
    altered = head[:-1] + ("0" if head[-1] != "0" else "1")
    assert run("verify", "--head", altered, "--home", str(tmp_path)).exit_code == 1


@pytest.mark.parametrize("person", [LEAD, AUDITOR])
def test_a_report_is_made_recorded_and_checked(busy: Office, person: str, tmp_path: Path) -> None:
    browser = busy.browser(person)
    where = f"/p/{OWN}/audit/report"
    before = browser.get(where).text
    month = Period.last_month(now().date())
    assert f'value="{month.since}"' in before and f'value="{month.until}"' in before
    future = browser.post(where, {"from": "2999-01-01", "to": "2999-01-31"})
    assert future.status_code == 400 and "begins in the future" in future.text
    assert ("they are recorded as seen by you" in before) == (person == LEAD)
    answer = browser.post(where, DAYS | {"to": "2999-12-30"})
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert browser.post(where, {"from": "x", "to": "y"}).status_code == 400
    file = tmp_path / "report.html"
    file.write_bytes(answer.data)
    assert ("left out, for who made this codes" in answer.text) == (person == LEAD)
    with busy.database.read() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
        assert event is not None and event.action == "audit.reported"
        assert event.account_id == busy.people[person]
        seen = select(Disclosure.account_id).where(Disclosure.what == "peer_label")
        assert busy.people[person] in set(session.scalars(seen))
    assert said(run("check", str(file), "--home", str(tmp_path)))["chain_checked"]
    file.write_bytes(answer.data.replace(b"level", b"lever", 1))
    bad = run("check", str(file), "--home", str(tmp_path))
    assert bad.exit_code == 1 and not said(bad)["valid"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cer, ["audit", *arguments, "--json"])


def said(result: Result) -> dict[str, object]:
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_the_command_line_does_the_same(busy: Office, tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    out = tmp_path / "report.html"
    days = ("--from", DAYS["from"], "--to", "2999-12-30")
    made = said(run("report", OWN, *days, "--out", str(out), *home))
    assert out.stat().st_mode & 0o077 == 0  # it has names and notes
    key = said(run("key", *home))["public_key"]
    elsewhere = ("--home", str(tmp_path / "elsewhere"))
    checked = said(run("check", str(out), "--key", str(key), *elsewhere))
    assert (checked["valid"], checked["chain_checked"]) == (True, False)
    assert not (tmp_path / "elsewhere").exists()
    assert checked["public_key"] == key
    assert run("check", str(out), "--key", "00" * 32, *elsewhere).exit_code == 1
    assert said(run("check", str(out), *home))["chain_checked"] is True
    assert set(made) == {"path", "seal", "made", "content"}
    told = said(run("timeline", OWN, "--about", "coder:coder-own", *home))
    assert Timeline.model_validate(told).lines
    plain = CliRunner().invoke(cer, ["audit", "timeline", OWN, "--about", "protocol:P-1", *home])
    assert "[checked, event" in plain.stdout
    assert TimelineLine.model_fields.keys() == told["lines"][0].keys()  # type: ignore[index]
