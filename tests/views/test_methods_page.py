"""The Methods page, its files and its JSON: for those who oversee, and the same text everywhere."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from pathlib import Path

import docx
import pypdf
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cer_assist.cli import cer
from cer_assist.store.tables import AuditEvent, Job
from cer_assist.store.types import now
from tests.builders import a_label
from tests.views.office import OWN, Office

PAGE = f"/p/{OWN}/methods"
JSON = f"/api/v1/projects/{OWN}/methods"
FILES = ("methods.html", "methods.md", "methods.docx", "methods.pdf")
QUOTED = "held four protocols"
ALIEN = "<b>Nursing</b> & *co*"


@pytest.fixture
def read(office: Office) -> Office:
    with office.database.write() as session:
        project = office.project(session)
        project.name = ALIEN
        for coder in ("coder@own", "lead@own"):
            a_label(session, project, office.protocols[0], by=office.people[coder], level=2)
    return office


def test_the_page_links_its_numbers_and_asks_for_what_is_out_of_date(read: Office) -> None:
    text = read.browser("lead@own").get(PAGE).text
    assert QUOTED in text.replace("four protocols</a>", "four protocols").replace(
        f'<a class="sourced" href="/p/{OWN}/protocols" title="All protocols of the project.">', ""
    )
    assert "the worker is making newer ones" in text
    assert f'href="/p/{OWN}/settings" title="The setting “' in text
    assert ALIEN not in text
    with read.database.read() as session:
        kinds = set(session.scalars(select(Job.kind)))
    assert {"agreement", "exposure"} <= kinds


def test_an_auditor_has_no_link_to_what_they_may_not_open(read: Office) -> None:
    text = read.browser("auditor@own").get(PAGE).text
    assert f'href="/p/{OWN}/settings"' not in text
    assert f'href="/p/{OWN}/protocols"' in text


def test_the_files_say_the_same_and_need_nothing_else(read: Office) -> None:
    browser = read.browser("auditor@own")
    made = {name: browser.get(f"{PAGE}/{name}") for name in FILES}
    assert all("attachment" in one.headers["Content-Disposition"] for one in made.values())
    text = made["methods.html"].text
    for outside in ("<link", "<script", "src=", f'href="/p/{OWN}'):
        assert outside not in text
    assert "&lt;b&gt;Nursing&lt;/b&gt;" in text
    assert QUOTED in text
    marked = made["methods.md"].text
    assert f"{QUOTED}[^1]" in marked
    assert (
        f"[^1]: four protocols. All protocols of the project. Page `/p/{OWN}/protocols`" in marked
    )
    assert "\\*co\\*" in marked
    word = docx.Document(io.BytesIO(made["methods.docx"].data))
    assert any(f"{QUOTED}1" in one.text for one in word.paragraphs)
    pdf = pypdf.PdfReader(io.BytesIO(made["methods.pdf"].data))
    assert f"{QUOTED}1" in pdf.pages[0].extract_text().replace("\n", " ")


def test_files_name_a_page_only_for_what_one_shows(read: Office) -> None:
    browser = read.browser("auditor@own")
    numbers = browser.get(JSON).get_json()["numbers"]
    without = {str(one["note"]) for one in numbers if not one["page"]}
    assert without and len(without) < len(numbers)
    pdf = pypdf.PdfReader(io.BytesIO(browser.get(f"{PAGE}/methods.pdf").data))
    written = "\n".join(page.extract_text() for page in pdf.pages)
    word = docx.Document(io.BytesIO(browser.get(f"{PAGE}/methods.docx").data))
    rows = [[cell.text for cell in row.cells] for row in word.tables[0].rows[1:]]
    assert {row[0] for row in rows if row[3] == "–"} == without
    assert written.split().count("–") == len(without)
    assert f"/p/{OWN}/" not in written.split()


def test_the_word_file_says_when_it_was_made_and_by_what(read: Office) -> None:
    browser = read.browser("auditor@own")
    before = now().replace(microsecond=0)
    own = docx.Document(io.BytesIO(browser.get(f"{PAGE}/methods.docx").data)).core_properties
    made = {own.created, own.modified}
    assert all(before <= one.replace(tzinfo=dt.UTC) <= now() for one in made if one)
    assert len(made) == 1 and None not in made
    assert (own.author, own.last_modified_by, own.comments) == ("CER Assist", "CER Assist", "")
    assert own.title.startswith("Methods: ")


def test_json_and_command_give_every_number_with_its_key(read: Office, tmp_path: Path) -> None:
    body = read.browser("lead@own").get(JSON).get_json()
    first = body["numbers"][0]
    assert (first["value"], first["page"], first["path"]) == (
        4,
        "protocols",
        "facts.protocols.imported",
    )
    assert body["facts"]["labels"]["readings"] == 2
    assert body["is_current"] is False


def test_the_command_writes_a_file_and_makes_what_is_out_of_date(
    read: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CER_DATABASE_URL", read.database.engine.url.render_as_string(False))
    out = tmp_path / "methods.html"
    command = ["methods", OWN, "--home", str(tmp_path), "--json", "--out", str(out)]
    done = CliRunner().invoke(cer, command, catch_exceptions=False)
    said = json.loads(done.output.splitlines()[-1])
    assert said["facts"]["agreement"]["protocols"] == 1
    assert QUOTED in out.read_text(encoding="utf-8")
    with read.database.read() as session:
        taken = session.query(AuditEvent).filter_by(action="export.taken").one()
    assert hashlib.sha256(out.read_bytes()).hexdigest() in taken.detail
    assert '"file":"methods.html"' in taken.detail
    with pytest.raises(Exception, match="Name a file that ends in"):
        CliRunner().invoke(cer, ["methods", OWN, "--out", "x.odt"], catch_exceptions=False)
