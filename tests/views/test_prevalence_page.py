"""The page, the file and the JSON: totals for those who oversee."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cer_assist import prevailing
from cer_assist.cli import cer
from cer_assist.services import prevalence
from cer_assist.store.tables import AuditEvent, Job, PrevalenceReport
from cer_assist.views import prevalence_words as words
from tests.views.office import OWN, Office
from tests.worker.test_prevailing import a_world

PAGE = f"/p/{OWN}/prevalence"
JSON = f"/api/v1/projects/{OWN}/prevalence"
OVERSEERS = ("lead@own", "auditor@own", "administrator@own")
ALIEN = "<b>Nursing</b> & " + "a" * 300


def keep(office: Office, found: dict[str, Any], by: str = "") -> None:
    """Store a report as the worker would for the office's own project."""
    with office.database.write() as session:
        project_id = office.projects[OWN]
        prevalence.ask(session, project_id, by)
        prevalence.store(session, project_id, by, prevalence.basis(session, project_id), found)


@pytest.fixture
def found(office: Office) -> dict[str, Any]:
    with office.database.write() as session:
        other = a_world(session).id
    return prevailing.figures(office.database, other, "year")[0]


@pytest.mark.parametrize("person", OVERSEERS)
def test_before_the_worker_has_made_it_the_page_asks_for_it(office: Office, person: str) -> None:
    assert "The worker makes the report" in office.browser(person).get(PAGE).text
    for address in (JSON, f"{PAGE}/report.html", f"{PAGE}/report.pdf"):
        assert office.browser(person).get(address).status_code == 409
    with office.database.read() as session:
        kinds = session.scalars(select(Job.kind).where(Job.kind == "prevalence"))
        assert kinds.all() == ["prevalence"]


@pytest.mark.parametrize("person", OVERSEERS)
def test_page_file_and_json_say_the_same(
    office: Office, found: dict[str, Any], person: str
) -> None:
    keep(office, found)
    page = office.browser(person).get(PAGE).text
    answer = office.browser(person).get(f"{PAGE}/report.html")
    assert "attachment" in answer.headers["Content-Disposition"]
    for text in (page, answer.text):
        assert "Of 100 protocols about 40 % (" in text
        assert "too few readings in the random sample: 0 of 20" in text
        assert "Tenenbein 1972" in text
    assert "Look again" not in page
    said = office.browser(person).get(JSON).get_json()
    assert (said["by"], said["is_current"], said["figures"]) == ("", True, found)


def test_the_file_needs_nothing_else(office: Office, found: dict[str, Any]) -> None:
    keep(office, found)
    text = office.browser("lead@own").get(f"{PAGE}/report.html").text
    assert "<link" not in text
    assert "<script" not in text
    assert "src=" not in text
    assert ".printed {" in text


def words_of(data: bytes) -> tuple[Any, str]:
    """A PDF and all that is written in it, lines joined."""
    reader: Any = pypdf.PdfReader(io.BytesIO(data))
    return reader, " ".join(" ".join(page.extract_text().split()) for page in reader.pages)


def test_the_pdf_says_what_the_page_says(office: Office, found: dict[str, Any]) -> None:
    found["groups"][0]["name"] = ALIEN
    found["groups"][1]["name"] = "Żółć, Νευρολογία, Педиатрия, 公衆"
    keep(office, found)
    answer = office.browser("auditor@own").get(f"{PAGE}/report.pdf")
    assert f'filename="{OWN}-prevalence.pdf"' in answer.headers["Content-Disposition"]
    reader, text = words_of(answer.data)
    for said in (
        words.headline(found),
        words.counted(found),
        words.METHOD,
        words.percent(found["levels"][3]),
        words.percent(found["groups"][0]["at_least"][2]),
        words.percent(found["groups"][0]["levels"][1]),
        *words.limits(found),
        "too few readings in the random sample: 0 of 20",
        "<b>Nursing</b> & aaa",
        "Żółć, Νευρολογία, Педиатрия, [U+516C][U+8846]",
        "stand as their Unicode numbers",
    ):
        assert said in text
    assert reader.metadata.title == words.TITLE
    assert reader.root_object["/Lang"] == "en"
    assert [one["/Title"] for one in reader.outline if isinstance(one, dict)][:2] == [
        "In short", "Level by level",
    ]  # fmt: skip
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    used = {one.get_object()["/BaseFont"] for one in fonts if "/FontDescriptor" in one.get_object()}
    assert {name.partition("+")[2] for name in used} >= {"SourceSansPro-Regular"}


def test_small_charts_share_one_scale_and_say_their_numbers(
    office: Office, found: dict[str, Any]
) -> None:
    keep(office, found)
    text = office.browser("lead@own").get(PAGE).text
    charts = text[text.index('id="each"') : text.index('id="limits"')]
    assert charts.count("<svg") == 5  # of 2020 alone: of 2021 too few were read
    assert charts.count('class="mark"') == 5
    highest = max(one["high"] for one in found["groups"][0]["levels"])
    assert highest <= words.top(found) <= 1
    assert f"from 0 to {100 * words.top(found):.0f} %" in charts
    for one in found["groups"][0]["levels"]:
        assert words.percent(one).replace("<", "&lt;") in charts
        width = f'width="{round(200 / words.top(found) * one["value"], 1)}"'
        assert width in charts
    assert "too few readings in the random sample: 0 of 20" in charts
    assert charts.count("visually-hidden") == sum(
        one["few"] or one["few_errors"] for one in found["groups"][0]["levels"]
    )


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_command_writes_a_file_and_it_is_on_record(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("CER_DATABASE_URL", office.database.engine.url.render_as_string(False))
    out = tmp_path / "shares"
    command = ["prevalence", OWN, "--home", str(tmp_path), "--format", form]
    assert "go together" in CliRunner().invoke(cer, command).output
    CliRunner().invoke(cer, [*command, "--out", str(out)], catch_exceptions=False)
    body = out.read_bytes()
    assert "There are fewer than 20 protocols" in (
        body.decode() if form == "html" else words_of(body)[1]
    )
    with office.database.read() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "export.taken"))
    assert json.loads(event.detail)["sha256"] == hashlib.sha256(body).hexdigest()


def test_only_what_has_no_note_is_called_a_95_per_cent_interval(found: dict[str, Any]) -> None:
    assert "95 % intervals, but where a note stands beside them" in words.counted(found)
    held = [line for line in words.limits(found) if "is no 95 % one" in line]
    assert [line[:8] for line in held] == ["“Too few", "“Few err"]
    for part in (found, *found["groups"]):
        for one in [*(part["levels"] or []), *(part["at_least"] or [])]:
            one["few"] = one["few_errors"] = False
    assert words.counted(found).endswith("In brackets: 95 % intervals.")
    assert not any("95 %" in line for line in words.limits(found))


def test_figures_of_an_older_method_are_not_shown(office: Office, found: dict[str, Any]) -> None:
    keep(office, found)
    with office.database.write() as session:
        row = session.get_one(PrevalenceReport, (office.projects[OWN], ""))
        row.found = (row.found or {}) | {"form": 1}
    assert "In short" not in office.browser("lead@own").get(PAGE).text


def test_values_of_columns_are_text(office: Office, found: dict[str, Any]) -> None:
    found["groups"][0]["name"] = ALIEN
    keep(office, found)
    for address in (PAGE, f"{PAGE}/report.html"):
        text = office.browser("lead@own").get(address).text
        assert "&lt;b&gt;Nursing&lt;/b&gt; &amp; aaa" in text
        assert ALIEN not in text


def test_a_project_without_a_sample_is_led_to_it(office: Office) -> None:
    found, _ = prevailing.figures(office.database, office.projects[OWN])
    keep(office, found)
    few = office.browser("lead@own").get(PAGE).text
    assert "There are fewer than 20 protocols" in few
    assert 'class="button"' not in few
    keep(office, found | {"protocols": 100})
    many = office.browser("lead@own").get(PAGE).text
    assert "0 of the 0 drawn are read; 20 are wanted." in many
    assert f'class="button" href="/p/{OWN}/fence"' in many


def test_a_column_that_is_none_is_refused(office: Office) -> None:
    assert office.browser("lead@own").get(f"{PAGE}?by=nowhere").status_code == 400


def test_coders_are_told_nothing(office: Office, found: dict[str, Any]) -> None:
    keep(office, found)
    for address in (PAGE, f"{PAGE}/report.html", f"{PAGE}/report.pdf", JSON):
        assert office.browser("coder@own").get(address).status_code == 403
