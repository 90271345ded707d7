"""Whatever is sent as a file is on record, with its hash; the few exceptions have a reason."""

from __future__ import annotations

import hashlib
import json

from cer_assist.exports.spotting import KINDS
from cer_assist.exports.writing import FORMATS
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.tables import AuditEvent
from cer_assist.views.downloads import EXEMPT
from tests.builders import a_label, a_model
from tests.fresh import lines_of
from tests.views.office import OWN, Office
from tests.views.test_access import ARGUMENTS

# Every way out of the pages, so that a new one is seen here.
SENDS = {
    "desk.moved_csv",
    "desk.readings_csv",
    "methods.as_html",
    "methods.as_pdf",
    "methods.as_markdown",
    "methods.as_word",
    "model.words_csv",
    "model.words_svg",
    "word_plane.as_csv",
    "protocol_words.as_csv",
    "protocol_words.as_svg",
    "sheet.as_file",
    "prevalence.as_file",
    "prevalence.as_pdf",
    "rubric.file",
    "rubric_editing.file",
    "snapshots.changes_csv",
}
ASKS = {
    "desk.moved_csv": "?from=3&to=3",
    "prevalence.as_file": "?by=department",
    "snapshots.changes_csv": "?with=1&what=added",
}
NAMED = {"desk.readings_csv": "pseudonyms", "sheet.as_file": "names"}
SECOND = {"desk.moved_csv": {"number": 2}}  # no version stands before the first
WANTS_REPORT = {"prevalence.as_file", "prevalence.as_pdf"}  # the worker's, and none is at work here

CHANCES = [0.1, 0.2, 0.4, 0.2, 0.1]


def taken(office: Office) -> list[dict[str, object]]:
    """What the chain holds of files taken out."""
    with office.database.read() as session:
        rows = session.query(AuditEvent).filter_by(action="export.taken").order_by(AuditEvent.id)
        return [json.loads(row.detail) | {"by": row.account_id} for row in rows]


def test_every_file_that_a_page_sends_is_on_record(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        for _ in range(2):
            a_model(session, project, dict.fromkeys(office.protocols, (3, CHANCES)))
        a_label(session, project, office.protocols[0], by=office.people["coder@own"], level=3)
    make(office.database, office.projects[OWN], Asked("kept"), None)
    browser = office.browser("administrator@own")
    sends = set()
    for rule in office.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        values = {name: ARGUMENTS[name] for name in rule.arguments}
        values |= SECOND.get(rule.endpoint, {})
        address = office.app.url_map.bind("localhost").build(rule.endpoint, values)
        before = len(taken(office))
        answer = browser.get(address + ASKS.get(rule.endpoint, ""))
        events = taken(office)[before:]
        if not answer.headers.get("Content-Disposition", "").startswith("attachment"):
            assert events == [], rule
            continue
        sends.add(rule.endpoint)
        if rule.endpoint in EXEMPT:
            assert events == [], rule
            continue
        (event,) = events
        assert event["sha256"] == hashlib.sha256(answer.data).hexdigest(), rule
        assert event["by"] == office.people["administrator@own"]
        assert event["coders"] == NAMED.get(rule.endpoint, "none in it"), rule
    assert sends == SENDS - WANTS_REPORT


def test_an_export_says_what_was_chosen_and_names_need_a_lead(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        a_label(session, project, office.protocols[0], by=office.people["coder@own"], level=3)
    chosen = {"format": "csv", "mask": ["email", "name"], "columns": "labels"}
    answer = office.browser("auditor@own").post(f"/p/{OWN}/data/export", chosen)
    assert answer.status_code == 200
    (event,) = taken(office)
    assert (event["coders"], event["masked"]) == ("pseudonyms", {"email": 0, "name": 0})
    assert event["sha256"] == hashlib.sha256(answer.data).hexdigest()
    named = chosen | {"names": "1"}
    assert office.browser("auditor@own").post(f"/p/{OWN}/data/export", named).status_code == 403
    assert office.browser("lead@own").post(f"/p/{OWN}/data/export", named).status_code == 200
    assert taken(office)[-1]["coders"] == "names"
    page = office.browser("auditor@own").get(f"/p/{OWN}/audit?action=export.taken").text
    assert "coders: names" in page and "masked: 0 email, 0 name" in page
    wrong = {"format": "csv", "mask": "faces"}
    assert office.browser("lead@own").post(f"/p/{OWN}/data/export", wrong).status_code == 400


def test_only_who_leads_sees_the_passages_that_would_be_masked(office: Office) -> None:
    address = f"/p/{OWN}/data/export/masking"
    assert "Nothing looked for yet" in office.browser("lead@own").get(address).text
    assert "Nothing found" in office.browser("lead@own").get(f"{address}?mask=email").text
    shown = office.browser("lead@own").get(f"{address}?mask=record").text
    assert office.browser("auditor@own").get(f"{address}?mask=record").status_code == 200
    assert "Nothing found" in shown
    assert taken(office) == []


# A browser of a process that has loaded nothing but the application.
_EXPORTS = """
import json, re, sys
from cer_assist.config import Settings
from cer_assist.store.engine import Database
from cer_assist.views.app import create_app
home, address, cookie, forms = json.loads(sys.argv[1])
database = Database(f"sqlite:///{home}/cer.sqlite3")
client = create_app(Settings.model_validate({"home": home}), database).test_client()
client.set_cookie("cer_session", cookie)
token = re.search('name="csrf-token" content="([^"]+)"', client.get("/sign-in").text)[1]
for form in forms:
    with client.post(address, data={"csrf_token": token, **form}, buffered=True) as answer:
        print(form["format"], answer.status_code, answer.headers["Content-Disposition"][:10])
heavy = {"datasets", "datasketch", "keras", "keras_hub", "numpy", "openpyxl", "pandas", "pyarrow",
         "scipy", "sklearn", "tensorflow"}
print(sorted(heavy & set(sys.modules)))
"""


def test_no_export_brings_numerics_into_the_web_process(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        a_model(session, project, {key: (3, [0.1, 0.2, 0.4, 0.2, 0.1]) for key in office.protocols})
        a_label(session, project, office.protocols[0], by=office.people["coder@own"], level=3)
    cookie = office.browser("lead@own").client.get_cookie("cer_session")
    assert cookie is not None
    forms = [{"format": form, "mask": list(KINDS)} for form in FORMATS]
    asked = [str(office.settings.home), f"/p/{OWN}/data/export", cookie.value, forms]
    *sent, heavy = lines_of(_EXPORTS, json.dumps(asked))
    assert sent == [f"{form} 200 attachment" for form in FORMATS]
    assert heavy == "[]"
