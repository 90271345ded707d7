"""Import by browser, step by step, as someone without scripts does it; then taking data out."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cer_assist.store.tables import AuditEvent, CurrentLabel, Protocol
from tests.builders import a_label
from tests.views.office import OWN, Browser, Office

TEXT = "We invite church members to a walking group and ask them about their week, twice."
TABLE = f'Study,Heading,Aims,Room\nS-1,Walking,"{TEXT} one",A\nS-2,Swimming,"{TEXT} two",B\n'
MAPPING = {"Study": "id", "Heading": "title", "Aims": "section", "Room": ""}


def uploaded(browser: Browser, files: dict[str, bytes], labels: bytes | None = None) -> str:
    """Upload files and follow to the next page's address."""
    data: dict[str, Any] = {"files": [(io.BytesIO(body), name) for name, body in files.items()]}
    if labels is not None:
        data["labels"] = (io.BytesIO(labels), "labels.csv")
    answer = browser.post(f"/p/{OWN}/data/import", data, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    address = answer.location
    assert address is not None
    return address


def mapped(mapping: dict[str, str]) -> dict[str, Any]:
    """The mapping as the form sends it."""
    return {"column": list(mapping), "meaning": list(mapping.values())}


def stored(office: Office) -> dict[str, str]:
    """Ids and texts of the own project's protocols."""
    with office.database.read() as session:
        statement = select(Protocol.external_id, Protocol.text).where(
            Protocol.project_id == office.projects[OWN]
        )
        return dict(session.execute(statement).all())


def test_upload_map_try_and_store(office: Office) -> None:
    browser = office.browser("lead@own")
    labels = b"protocol_id,coder,level\nS-1,ines,2\nS-2,ines,4\n"
    address = uploaded(browser, {"studies.csv": TABLE.encode()}, labels)
    page = browser.get(address).text
    assert re.search(r'value="title"\s+selected|value="title" selected', page)
    assert "Walking" in page

    report = browser.post(address, mapped(MAPPING)).text
    assert "S-1" not in stored(office)
    assert re.search(r"New protocols</th><td class=\"number\">2<", report)
    assert re.search(r"Labels</th><td class=\"number\">2<", report)

    done = browser.post(f"{address}/store", mapped(MAPPING))
    assert done.status_code == 303
    assert stored(office)["S-2"] == f"Swimming\n\n{TEXT} two"
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(CurrentLabel)) == 2
    assert browser.get(address).status_code == 404  # the upload is gone
    assert uploads(office) == []


def test_the_dry_run_form_carries_the_mapping_on(office: Office) -> None:
    browser = office.browser("lead@own")
    address = uploaded(browser, {"studies.csv": TABLE.encode()})
    report = browser.post(address, mapped(MAPPING)).text
    carried = re.findall(r'name="column" value="([^"]*)"><input[^>]*value="([^"]*)"', report)
    assert dict(carried) == MAPPING


def test_faults_are_named_by_file_and_row_and_nothing_is_stored(office: Office) -> None:
    browser = office.browser("lead@own")
    broken = TABLE + f'S-1,Again,"{TEXT} three",C\n,No id,"{TEXT} four",D\n'
    address = uploaded(browser, {"studies.csv": broken.encode()})
    report = browser.post(f"{address}/store", mapped(MAPPING)).text
    assert "2 faults found" in report
    assert re.search(r"<td>studies.csv</td><td class=\"number\">4</td>", report)
    assert re.search(r"<td>studies.csv</td><td class=\"number\">5</td>", report)
    assert set(stored(office)) == {"P-1", "P-2", "P-3", "P-4"}


@pytest.mark.parametrize(
    ("mapping", "advice"),
    [
        ({"Study": "id", "Heading": "", "Aims": "", "Room": ""}, "mark at least one"),
        ({"Study": "id", "Heading": "id", "Aims": "text", "Room": ""}, "choose one"),
        ({"Study": "owner", "Heading": "", "Aims": "text", "Room": ""}, "listed meanings"),
    ],
)
def test_an_unusable_mapping_is_refused_with_advice(
    office: Office, mapping: dict[str, str], advice: str
) -> None:
    browser = office.browser("lead@own")
    address = uploaded(browser, {"studies.csv": TABLE.encode()})
    answer = browser.post(address, mapped(mapping))
    assert answer.status_code == 400
    assert advice in answer.text


def test_several_documents_need_no_mapping(office: Office) -> None:
    browser = office.browser("lead@own")
    files = {
        f"study-{number}.txt": f"Title {number}\n\n{TEXT} {number}".encode() for number in (1, 2)
    }
    address = uploaded(browser, files)
    assert "<select" not in browser.get(address).text
    assert browser.post(f"{address}/store").status_code == 303
    assert {"study-1", "study-2"} <= stored(office).keys()


def test_a_file_that_is_not_what_its_name_says_is_refused(office: Office) -> None:
    browser = office.browser("lead@own")
    address = uploaded(browser, {"studies.xlsx": b"not a workbook"})
    page = browser.get(address).text
    assert 'role="alert"' in page
    assert "Try it out" not in page


def test_choosing_no_file_is_refused(office: Office) -> None:
    browser = office.browser("lead@own")
    answer = browser.post(
        f"/p/{OWN}/data/import",
        {"files": (io.BytesIO(b""), "")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 400
    assert "Choose at least one file" in answer.text


def test_an_upload_is_its_owners_alone(office: Office) -> None:
    address = uploaded(office.browser("lead@own"), {"studies.csv": TABLE.encode()})
    other = office.browser("administrator@own")
    assert other.get(address).status_code == 404
    assert other.post(f"{address}/store", mapped(MAPPING)).status_code == 404
    other.post(f"{address}/discard")
    assert office.browser("lead@own").get(address).status_code == 200


def test_an_upload_can_be_thrown_away_and_expires(office: Office) -> None:
    browser = office.browser("lead@own")
    first = uploaded(browser, {"studies.csv": TABLE.encode()})
    browser.post(f"{first}/discard")
    assert uploads(office) == []
    uploaded(browser, {"studies.csv": TABLE.encode()})
    yesterday = time.time() - 25 * 3600
    os.utime(uploads(office)[0], (yesterday, yesterday))
    uploaded(browser, {"newer.csv": TABLE.encode()})
    assert [next((folder / "files").iterdir()).name for folder in uploads(office)] == ["newer.csv"]


@pytest.mark.parametrize("name", ["../../evil.csv", "..\\evil.csv", "/etc/evil.csv", ".evil.csv"])
def test_a_file_name_cannot_leave_its_folder(office: Office, name: str) -> None:
    uploaded(office.browser("lead@own"), {name: TABLE.encode()})
    kept = list(office.settings.home.rglob("*evil*"))
    assert [path.name for path in kept] == ["evil.csv"]
    assert kept[0].parent.parent == uploads(office)[0]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_an_export_is_recorded_with_its_hash(office: Office, kind: str) -> None:
    with office.database.write() as session:
        a_label(session, office.project(session), 1, by=office.people["coder@own"], level=4)
    answer = office.browser("auditor@own").post(f"/p/{OWN}/data/export", {"format": kind})
    assert answer.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    with office.database.read() as session:
        detail = session.scalars(
            select(AuditEvent.detail).where(AuditEvent.action == "export.taken")
        ).one()
    assert json.loads(detail)["sha256"] == hashlib.sha256(answer.data).hexdigest()
    assert list(office.settings.home.glob("export-*")) == []


def test_an_unknown_export_format_is_refused(office: Office) -> None:
    answer = office.browser("auditor@own").post(f"/p/{OWN}/data/export", {"format": "exe"})
    assert answer.status_code == 400


def uploads(office: Office) -> list[Path]:
    """The folders of uploads that wait."""
    root = office.settings.uploads_folder
    return sorted(root.iterdir()) if root.exists() else []
