"""Import and export as JSON: a script may choose what the page offers; faults are a list."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

from werkzeug.test import TestResponse

from cer_assist.exports.columns import COLUMNS
from tests.builders import a_label
from tests.views.office import OWN, Office
from tests.views.test_openapi import a_token
from tests.views.test_taken_out import taken


def send(office: Office, person: str, where: str, body: dict[str, Any]) -> TestResponse:
    headers = {"Authorization": f"Bearer {a_token(office, person)}"}
    address = f"/api/v1/projects/{OWN}/{where}"
    return office.app.test_client().post(address, json=body, headers=headers, buffered=True)


def test_a_script_chooses_of_an_export_what_the_page_does(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people["coder@own"], level=3)
    assert send(office, "lead@own", "snapshots/make", {"name": "First"}).status_code == 200
    asked = {
        "format": "jsonl",
        "names": True,
        "mask": ["record"],
        "patterns": ["group #", "church ##"],
        "preset": "sharing",
        "columns": {"protocols": ["protocol_id", "final_level", "title"]},
        "without": ["label_events.seconds"],
        "snapshot": 1,
    }
    refused = send(office, "lead@own", "exports", asked)
    assert (refused.status_code, "MRN-######" in refused.get_json()["error"]) == (400, True)
    asked["patterns"] = ["walking ##"]
    assert send(office, "auditor@own", "exports", asked).status_code == 403
    made = send(office, "lead@own", "exports", asked)
    with zipfile.ZipFile(io.BytesIO(made.data)) as archive:
        said = json.loads(archive.read("manifest.json"))
        (first, *_) = archive.read("label_events.jsonl").decode().splitlines()
        row = json.loads(archive.read("protocols.jsonl").decode().splitlines()[0])
    assert said["snapshot"]["name"] == "First"
    assert json.loads(first)["coder"] == "coder-own"
    kept = {column.name for column in COLUMNS["protocols"]} & row.keys()
    assert kept == {"protocol_id", "final_level"}
    assert {"note", "seconds"} <= set(said["left_out"]["label_events"])
    event = taken(office)[-1]
    assert event["snapshot"] == "First"
    assert (event["coders"], event["patterns"], event["masked"]) == (
        "names",
        "walking ##",
        {"record": 0},
    )
    assert made.headers["X-Content-SHA256"] == event["sha256"]
    wrong = (
        {"preset": "all"},
        {"columns": {"people": ["x"]}},
        {"mask": ["face"]},
        {"without": ["x"]},
    )
    for one in wrong:
        assert send(office, "lead@own", "exports", {"format": "csv"} | one).status_code == 400, one
    gone = send(office, "lead@own", "exports", {"format": "csv", "snapshot": 9})
    assert gone.status_code == 404


def test_a_script_says_from_which_level_asreview_includes(office: Office) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people["coder@own"], level=3)
    for bound, included in ((3, "1"), (4, "0")):
        asked = {"format": "asreview", "include_from": bound}
        made = send(office, "lead@own", "exports", asked)
        (row, *_) = csv.DictReader(io.StringIO(made.data.decode()))
        assert row["included"] == included
        assert taken(office)[-1]["include_from"] == bound
    for wrong in ({"format": "asreview", "include_from": 9}, {"format": "csv", "include_from": 3}):
        assert send(office, "lead@own", "exports", wrong).status_code == 400


def test_faults_of_an_import_are_told_one_by_one(office: Office) -> None:
    known = {"external_id": "P-1", "sections": [["Aims", "Another text."]]}
    new = {"external_id": "N", "sections": [["Aims", "We meet neighbours."]]}
    empty = {"external_id": "E", "sections": [["Aims", " "]]}
    labels = [
        {"external_id": "N", "coder": "ana", "level": 9},
        {"external_id": "E", "coder": "ana", "level": 2},
        {"external_id": "nowhere", "coder": "ana", "level": 2},
    ]
    sent = {"protocols": [new, empty, known, new], "labels": labels}
    reply = send(office, "lead@own", "imports", sent)
    assert reply.status_code == 400
    told = reply.get_json()["faults"]
    at = [(one["table"], one["row"], one["external_id"], one["column"]) for one in told]
    assert at == [
        ("protocols", 2, "E", "sections"),
        ("protocols", 4, "N", "external_id"),
        ("protocols", 3, "P-1", "external_id"),
        ("labels", 1, "N", "level"),
        ("labels", 3, "nowhere", "external_id"),
    ]
    assert all(one["wrong"] and one["remedy"] for one in told)
    assert told[3]["remedy"] == "choose 1 to 5."
    assert "Nothing was imported." in reply.get_json()["error"]
    assert send(office, "lead@own", "imports", {"protocols": [new]}).get_json()["protocols"] == 1
    odd = send(office, "lead@own", "imports", {"protocols": [new, {"external_id": 7}]})
    (first, second) = odd.get_json()["faults"]
    assert (first["table"], first["row"], first["column"]) == ("protocols", 2, "external_id")
    assert (second["column"], second["wrong"]) == ("sections", "Field required")
