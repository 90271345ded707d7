"""The desk's pages, file and JSON say the same; taking a file is in the chain."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile

import pytest
from sqlalchemy import select, update

from cer_assist.services import pseudonyms
from cer_assist.services.desk import SORTS
from cer_assist.store.tables import Account, AuditEvent, Disclosure, ModelVersion, Protocol
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


def test_json_ends_where_pages_show_the_last_and_refuses_an_unknown_order(audited: Office) -> None:
    browser = audited.browser("auditor@own")
    for where, rows in (("readings", "readings"), ("versions", "versions")):
        last, beyond = (
            browser.get(f"/api/v1/projects/own/desk/{where}?page={page}").get_json()
            for page in (1, 999)
        )
        assert (len(last[rows]), beyond[rows]) == (1, [])
        assert (beyond["page"], beyond["pages"], beyond["total"]) == (999, 1, 1)
    for order in SORTS:
        told = browser.get(f"/api/v1/projects/own/desk/readings?sort={order}").get_json()
        assert told["sort"] == order
    assert browser.get("/api/v1/projects/own/desk/readings?sort=zz").status_code == 400
    assert "P-1" in browser.get("/p/own/desk/readings?page=999&sort=zz").text


@pytest.mark.parametrize("wrong", [
    "level=x", "since=never", "speed=nan", "signal=no", "arm=x",
    "probability=80", "since=2026-03-02&until=2026-03-01",
])  # fmt: skip
def test_what_means_nothing_is_refused(audited: Office, wrong: str) -> None:
    assert audited.browser("auditor@own").get(f"/p/own/desk?{wrong}").status_code == 400


CHOSEN = re.compile(r'<select id="(\w+)"[^>]*>(?:(?!</select>).)*value="([^"]+)" selected>([^<]*)')


@pytest.mark.parametrize("place", ["", "/readings"])
def test_what_is_filtered_by_stands_in_the_form_and_in_words(audited: Office, place: str) -> None:
    given = {
        "suggested": ("2", "2"),
        "level": ("4", "4"),
        "final": ("none", "none: readers differ"),
        "coder": ("nobody", "nobody (not known here)"),
        "version": ("99", "99 (not known here)"),
        "signal": ("weak", "Weak evidence, followed"),
    }
    asked = "&".join(f"{name}={value}" for name, (value, _) in given.items())
    page = audited.browser("auditor@own").get(f"/p/own/desk{place}?{asked}").text
    assert {name: (value, said) for name, value, said in CHOSEN.findall(page)} == given
    assert 'type="hidden"' not in page.split('class="filters"')[1].split("</form>")[0]
    assert (
        "Filtered by Suggestion: 2; Label: 4; Final level: none: readers differ; Coder: nobody "
        "(not known here); Model version: 99 (not known here); Signal: Weak evidence, followed."
    ) in page


def test_a_list_says_which_days_and_limits_it_has(audited: Office) -> None:
    asked = "since=2026-03-01&until=2026-03-02&probability=0.9&speed=500&answers=standing"
    page = audited.browser("auditor@own").get(f"/p/own/desk/readings?{asked}").text
    assert (
        "Filtered by Days: from 2026-03-01 to 2026-03-02; Confident from: 90 %; "
        "Words a minute: 500."
    ) in page
    assert "Filtered by" not in audited.browser("auditor@own").get("/p/own/desk").text


def test_an_empty_desk_says_why(office: Office) -> None:
    auditor = office.browser("auditor@own")
    for place in ("", "/readings"):
        page = auditor.get(f"/p/own/desk{place}").text
        assert "There are no labels yet." in page
        assert "Show all" not in page
        filtered = auditor.get(f"/p/own/desk{place}?level=4").text
        assert "No reading fits these filters." in filtered
        assert "There are no labels yet of protocols that want no further reader." in (
            office.browser("lead@own").get(f"/p/own/desk{place}").text
        )


def test_that_a_suggested_level_need_not_be_the_likeliest_is_explained(audited: Office) -> None:
    browser = audited.browser("auditor@own")
    assert "torn between 1 and 3 it may suggest 2" in browser.get("/p/own/desk/readings").text
    assert "torn between two levels" in browser.get("/p/own/desk/readings?signal=confident").text


@pytest.mark.parametrize("place", ["", "/readings", "/versions"])
def test_a_project_without_labels_or_models_has_a_desk(office: Office, place: str) -> None:
    assert office.browser("auditor@own").get(f"/p/own/desk{place}").status_code == 200
    assert office.browser("lead@own").get(f"/p/own/desk{place}").status_code == 200


SAID = [0.05, 0.85, 0.05, 0.03, 0.02]
FIGURE = {"value": 0.74, "low": 0.62, "high": 0.83}


@pytest.fixture
def moved(audited: Office) -> Office:
    """A second version: of 2, 2, 2, 2 it says 2, 4, 2, 1; the first protocol is complete."""
    with audited.database.write() as session:
        levels = zip(audited.protocols, (2, 4, 2, 1), strict=True)
        key = a_model(session, audited.project(session), {at: (n, SAID) for at, n in levels})
        version = session.get_one(ModelVersion, key)
        version.metrics = {"qwk": FIGURE, "n": 45, "measured_on": "45 labelled protocols"}
    return audited


def test_what_a_version_moved_is_counted_and_every_cell_opens_its_protocols(moved: Office) -> None:
    auditor = moved.browser("auditor@own")
    found = auditor.get("/api/v1/projects/own/desk/versions").json
    assert found is not None
    newest, first = found["versions"]
    cells = {(one["row"], one["column"]): one["readings"] for one in newest["moves"]}
    assert cells == {(2, 1): 1, (2, 2): 2, (2, 4): 1}
    assert (newest["compared"], newest["up"], newest["down"], first["compared"]) == (4, 1, 1, 0)
    page = auditor.get("/p/own/desk/versions").text
    told = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "0.74 (0.62 to 0.83) n&nbsp;=&nbsp;45 4 1 1 2" in told
    assert "not measured – – – – –" in told
    linked = re.findall(r'href="(/p/own/desk/versions/2/moved[^"]*)"', page)
    names = [re.findall(r"P-\d", auditor.get(at.replace("&amp;", "&")).text) for at in linked]
    assert names == [["P-4"], ["P-1", "P-3"], ["P-2"]]
    assert "Stayed on 2" in auditor.get(linked[1].replace("&amp;", "&")).text
    file = auditor.get("/p/own/desk/versions/2/moved.csv?from=2&to=2").text
    rows = [(one["external_id"], one["now"]) for one in csv.DictReader(io.StringIO(file))]
    assert rows == [("P-1", "2"), ("P-3", "2")]


def test_versions_say_what_they_were_measured_on_and_why_nothing_compares(moved: Office) -> None:
    with moved.database.write() as session:
        a_model(session, moved.project(session), {})
        a_model(session, moved.project(session), dict.fromkeys(moved.protocols, (2, SAID)))
    page = moved.browser("auditor@own").get("/p/own/desk/versions").text
    told = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert told.count("No suggestion of version 3 is stored: there is nothing to compare.") == 2
    assert "any more" not in told
    assert "Measured on 45 labelled protocols: QWK 0.74 (0.62 to 0.83) with its 95" in told
    assert "these protocols were partly chosen because the model was unsure of them" in told
    first = told.split("Version 1 Published")[1]
    assert "answers had come by then" in first
    assert "since the version before" not in first
    found = moved.browser("auditor@own").get("/api/v1/projects/own/desk/versions").json
    assert found is not None
    assert found["versions"][2]["measured"]["measured_on"] == "45 labelled protocols"


def test_a_lead_who_codes_is_told_nothing_of_what_may_still_come(moved: Office) -> None:
    with moved.database.write() as session:
        project = moved.project(session)
        two = Protocol.id == moved.protocols[1]
        session.execute(update(Protocol).where(two).values(coders_wanted=2, coders_missing=2))
        coder = moved.people["coder@own"]
        a_label(session, project, moved.protocols[1], by=coder, level=5)
    for person, ids, left_out in (("auditor@own", ["P-1", "P-2"], 0), ("lead@own", ["P-1"], 3)):
        browser = moved.browser(person)
        page = browser.get("/p/own/desk/readings").text
        assert sorted(set(re.findall(r"\bP-\d", page))) == ids
        assert ("left out" in browser.get("/p/own/desk").text) is bool(left_out)
        told = browser.get("/api/v1/projects/own/desk").json
        listed = browser.get("/api/v1/projects/own/desk/readings").json
        assert told is not None
        assert listed is not None
        assert (told["left_out"], told["readings"], listed["total"]) == (
            left_out,
            len(ids),
            len(ids),
        )
        assert sorted(one["external_id"] for one in listed["readings"]) == ids
        rows = csv.DictReader(io.StringIO(browser.get("/p/own/desk/readings.csv").text))
        assert sorted(row["external_id"] for row in rows) == ids
        versions = browser.get("/api/v1/projects/own/desk/versions").json
        assert versions is not None
        assert versions["versions"][0]["compared"] == (1 if left_out else 4)
        stayed = browser.get("/p/own/desk/versions/2/moved?from=2&to=4").text
        file = browser.get("/p/own/desk/versions/2/moved.csv?from=2&to=4").text
        assert ("P-2" in stayed) is ("P-2" in file) is not bool(left_out)


@pytest.fixture
def read_by_two(audited: Office) -> Office:
    """P-2 has an answer of another coder, whose user name comes first."""
    with audited.database.write() as session:
        lead = audited.people["lead@own"]
        session.execute(update(Account).where(Account.id == lead).values(display_name="Aaron A"))
        a_label(session, audited.project(session), audited.protocols[1], by=lead, level=5)
    return audited


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_names_coders_as_exports_do(read_by_two: Office) -> None:
    auditor, lead = read_by_two.browser("auditor@own"), read_by_two.browser("lead@own")
    where = "/p/own/desk/readings.csv"
    file = auditor.get(where).text
    exported = auditor.post("/p/own/data/export", {"format": "csv"})
    with zipfile.ZipFile(io.BytesIO(exported.data)) as parts:
        events = rows_of(parts.read("label_events.csv").decode("utf-8-sig"))
    same = {row["event_id"]: row["coder"] for row in events}
    assert {row["event_id"]: row["coder"] for row in rows_of(file)} == same
    assert len(set(same.values())) == 2
    assert {row["coder_name"] for row in rows_of(file)} == {""}
    for name in ("Aaron", "lead-own", "coder-own"):
        assert name not in file
    refused = auditor.get(f"{where}?names=1")
    assert refused.status_code == 403
    assert "Leads and administrators alone" in refused.text
    named = rows_of(lead.get(f"{where}?names=1").text)
    assert {(row["coder"], row["coder_name"]) for row in named} >= {("lead-own", "Aaron A")}
    assert "names=1" in lead.get("/p/own/desk/readings").text
    assert "names=1" not in auditor.get("/p/own/desk/readings").text
    with read_by_two.database.read() as session:
        taken = session.scalars(select(AuditEvent.detail).filter_by(action="export.taken"))
        assert [json.loads(one)["coders"] for one in taken] == ["pseudonyms"] * 2 + ["names"]
    log = auditor.get("/p/own/audit?action=export.taken").text
    assert "coders: pseudonyms" in log and "coders: names" in log


def test_without_names_the_order_tells_none_either(read_by_two: Office) -> None:
    with read_by_two.database.write() as session:
        pseudonyms.give(session, read_by_two.projects["own"])
        drawn = pseudonyms.of_coders(session, read_by_two.projects["own"])
        for username, said in drawn.items():  # by name they stand the other way round
            name = f"Person {90 - int(said.removeprefix('coder-'))}"
            ours = Account.username == username
            session.execute(update(Account).where(ours).values(display_name=name))
    file = read_by_two.browser("auditor@own").get("/p/own/desk/readings.csv?sort=coder").text
    told = [row["coder"] for row in rows_of(file)]
    assert (len(told), told) == (2, sorted(told))
