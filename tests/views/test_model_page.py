"""The Model page: what it shows to whom, and what a lead can decide there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cer_assist import libraries
from cer_assist.domain.artefacts import MADE_FOR
from cer_assist.services import models, quality
from cer_assist.store.tables import AuditEvent, LabelEvent, ModelVersion
from cer_assist.store.tables.accounts import Role
from tests.builders import a_label, a_model
from tests.views.answers import PROBABILITIES
from tests.views.office import OWN, Office
from tests.views.test_pages import disclosed, listed, text_of

PAGE = f"/p/{OWN}/model"
FIGURE = {"value": 0.74, "low": 0.62, "high": 0.83}


def measured(labels: int) -> dict[str, Any]:
    """Metrics as training stores them."""
    part = {"low": 0.6, "high": 0.7, "n": 10, "confidence": 0.66, "accuracy": 0.5}
    return {
        "qwk": FIGURE,
        "macro_f1": {"value": 0.51, "low": None, "high": None},
        "ece": FIGURE,
        "n": labels,
        "measured_on": f"{labels} labelled protocols",
        "confusion": [[7, 1, 0, 0, 0], *[[0] * 5] * 4],
        "calibration": {"ece": {"before": FIGURE | {"value": 0.8}, "after": FIGURE}},
        "reliability": {"before": [part], "after": [part | {"n": 4}]},
    }


def store(office: Office, folder: str, made_for: dict[str, Any] = MADE_FOR) -> str:
    """A model's two files under the home; the SHA-256 that vouches for them."""
    place = office.settings.models_folder / folder
    place.mkdir(parents=True)
    (place / "weights.safetensors").write_bytes(b"weights")
    manifest = json.dumps(
        {**made_for, "weights_sha256": hashlib.sha256(b"weights").hexdigest()}
    ).encode()
    (place / "model.json").write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


@pytest.fixture
def three(office: Office) -> Office:
    """Three versions with their files; two protocols moved from 2 to 4 with the last one."""
    with office.database.write() as session:
        project = office.project(session)
        for number, level in enumerate((2, 2, 4), 1):
            moving = dict.fromkeys(office.protocols[:2], (level, PROBABILITIES))
            staying = dict.fromkeys(office.protocols[2:], (1, PROBABILITIES))
            version = session.get_one(ModelVersion, a_model(session, project, moving | staying))
            version.label_count, version.metrics = 10 * number, measured(10 * number)
            version.artefact = f"model-{number}"
            version.sha256 = store(office, version.artefact)
    return office


def in_use(office: Office) -> int:
    """The number of the version in use."""
    with office.database.read() as session:
        version = models.current_version(session, office.projects[OWN])
        assert version is not None
        return version.number


def test_every_figure_says_on_what_it_was_measured(three: Office) -> None:
    page = three.browser("coder@own").get(PAGE).text
    text = text_of(page)
    assert "In use: version 3, from 30 labels" in text
    assert "Measured on 30 labelled protocols; n = 30; 95 % intervals" in text
    assert "QWK agreement weighted by distance: 1 is full, 0 is chance 0.74 (0.62 to 0.83)" in text
    assert "number of the same 30 protocols" in text
    assert "on the same 30 protocols; 95 % intervals Measure Before After " in text
    assert "Calibration error 0.80 (0.62 to 0.83) 0.74 (0.62 to 0.83)" in text
    assert "60 to 70 % 10 50 % (24 % to 76 %) 4 50 % (15 % to 85 %)" in text
    assert "10 1 10 0.74 (0.62 to 0.83) 0.51 (no interval)" in text
    assert "3 measured versions" in text
    assert text.count("It reads: Words in context.") == 3


def test_versions_that_were_never_measured_are_shown_as_such(office: Office) -> None:
    with office.database.write() as session:
        a_model(session, office.project(session), {})
    text = text_of(office.browser("auditor@own").get(PAGE).text)
    assert "Not measured" in text
    assert "Not recorded for this version." in text
    assert "How it learns" not in text
    assert "What it says differently" not in text


@pytest.fixture
def learnt_on(three: Office) -> Office:
    """A fourth version that learnt on from the third and was not measured."""
    with three.database.write() as session:
        project = three.project(session)
        third = session.scalars(select(ModelVersion).where(ModelVersion.number == 3)).one()
        said = dict.fromkeys(three.protocols, (1, PROBABILITIES))
        fourth = session.get_one(ModelVersion, a_model(session, project, said))
        fourth.label_count = 40
        fourth.metrics = quality.learnt_on(third, 40, {"n": 10, "right": 6})
    return three


def test_a_version_that_learnt_on_shows_whose_figures_they_are(learnt_on: Office) -> None:
    text = text_of(learnt_on.browser("coder@own").get(PAGE).text)
    assert "In use: version 4, from 40 labels" in text
    assert "How good version 3 is" in text
    assert (
        "Version 4 learnt on from it and has no figures of its own yet: measured at version 3 on "
        "30 labelled protocols; 10 labels since." in text
    )
    assert "6 had been suggested the settled level before the model learnt it (60 %; " in text
    assert "95 % interval 31 % to 83 %" in text
    assert "Version 3, measured on 30 labelled protocols; n = 30; 95 % intervals" in text
    assert (
        "n = 30 labelled protocols that version 3, from which version 4 learnt on, had not read"
        in text
    )


def test_the_learning_curve_has_measured_versions_only(learnt_on: Office) -> None:
    text = text_of(learnt_on.browser("coder@own").get(PAGE).text)
    assert "3 measured versions" in text
    assert "4 versions, newest first" in text
    table = text[text.index("4 versions, newest first") :]
    row = table[table.index(" 4 in use") : table.index(" 3 earlier")]
    assert "0.74" not in row
    assert "– – not itself Not measured itself: it learnt on from version 3. Measured at " in row


def test_home_says_at_which_version_the_figure_was_measured(learnt_on: Office) -> None:
    text = text_of(learnt_on.browser("coder@own").get("/").text)
    assert "0.74 (0.62 to 0.83) n = 30, measured at version 3; 10 labels since" in text


def test_what_moved_is_counted_for_all_and_listed_for_who_oversees(three: Office) -> None:
    for role in Role:
        page = three.browser(f"{role}@own").get(PAGE).text
        assert "2 protocols of 4 moved to another level (50 %)" in text_of(page)
        assert (f"{PAGE}/moved?from=2&amp;to=4" in page) is (role is not Role.coder)


def test_a_list_of_moved_protocols_counts_as_having_seen_the_suggestions(three: Office) -> None:
    browser = three.browser("lead@own")
    assert listed(browser.get(f"{PAGE}/moved?from=4&to=2").text) == []
    assert disclosed(three, "lead@own") == []
    page = browser.get(f"{PAGE}/moved?from=2&to=4").text
    assert listed(page) == ["Study number 1", "Study number 2"]
    assert disclosed(three, "lead@own") == ["suggestion"] * 4
    with three.database.write() as session:
        lead, project = three.people["lead@own"], three.project(session)
        seen, unseen = (
            a_label(session, project, protocol, by=lead, level=1)
            for protocol in (three.protocols[0], three.protocols[2])
        )
        exposures = [session.get_one(LabelEvent, made.event_id).exposure for made in (seen, unseen)]
    assert exposures == ["after_suggestion", "blind"]


@pytest.mark.parametrize("query", ["", "?from=1", "?from=1&to=9", "?from=x&to=2"])
def test_a_mistyped_address_of_a_move_leads_nowhere(three: Office, query: str) -> None:
    assert three.browser("lead@own").get(f"{PAGE}/moved{query}").status_code == 404


def test_a_lead_pins_rolls_back_and_unpins(three: Office) -> None:
    browser = three.browser("lead@own")
    assert browser.post(f"{PAGE}/pin", {"version": "2"}).status_code == 303
    assert in_use(three) == 2
    page = text_of(three.browser("coder@own").get(PAGE).text)
    assert "pinned In use: version 2, from 20 labels. lead-own pinned it" in page
    assert "it stays in use until it is unpinned; version 3 waits." in page
    assert "Unpin" not in page
    assert "Go back" not in page
    assert "What it says differently from version 3" in page
    assert browser.post(f"{PAGE}/unpin").status_code == 303
    assert in_use(three) == 3
    with three.database.read() as session:
        actions = session.scalars(
            select(AuditEvent.action).where(
                AuditEvent.account_id == three.people["lead@own"],
                AuditEvent.subject.like("model:%"),
            )
        ).all()
    assert list(actions) == ["model.rolled_back", "model.unpinned"]
    audit = three.browser("auditor@own").get(f"/p/{OWN}/audit").text
    assert "model rolled back" in audit


@pytest.mark.parametrize("file", ["model.json", "weights.safetensors"])
@pytest.mark.parametrize("how", ["flipped", "missing"])
def test_a_version_whose_files_are_damaged_is_refused(three: Office, file: str, how: str) -> None:
    path: Path = three.settings.models_folder / "model-1" / file
    if how == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[0] ^= 1
        path.write_bytes(data)
    answer = three.browser("lead@own").post(f"{PAGE}/pin", {"version": "1"})
    assert answer.status_code == 400
    assert "missing or damaged" in answer.text
    assert in_use(three) == 3


@pytest.mark.parametrize("other", [{"format": 3}, {"features": "0" * 64}, {}])
def test_a_version_that_another_release_made_is_refused(
    three: Office, other: dict[str, Any]
) -> None:
    made_for = MADE_FOR | other if other else {}
    with three.database.write() as session:
        first = session.scalars(select(ModelVersion).where(ModelVersion.number == 1)).one()
        first.artefact = "model-of-before"
        first.sha256 = store(three, first.artefact, made_for)
    answer = three.browser("lead@own").post(f"{PAGE}/pin", {"version": "1"})
    assert answer.status_code == 400
    assert "made by another release of this program" in answer.text
    assert in_use(three) == 3


def test_a_version_whose_files_are_gone_is_not_offered(three: Office) -> None:
    place = three.settings.models_folder / "model-1"
    place.rename(place.with_name("elsewhere"))
    page = three.browser("administrator@own").get(PAGE).text
    assert "files are gone" in page
    assert page.count("Go back to version") == 1


@pytest.mark.parametrize("version", ["99", "x", ""])
def test_a_version_that_is_not_there_cannot_be_pinned(three: Office, version: str) -> None:
    answer = three.browser("lead@own").post(f"{PAGE}/pin", {"version": version})
    assert answer.status_code == 404
    assert in_use(three) == 3


def test_without_the_libraries_the_page_says_so_and_loads_none(
    three: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(libraries, "FILES", {"libraries/d3.js": tmp_path / "d3.js"})
    page = three.browser("coder@own").get(PAGE).text
    assert "The library that draws charts is not installed" in page
    assert "libraries/" not in page
    assert "charts.js" not in page


def test_a_library_is_served_for_good_and_nothing_beside_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "d3.js").write_text("export {};")
    monkeypatch.setattr(libraries, "FILES", {"libraries/d3.js": tmp_path / "d3.js"})
    version = office.app.extensions["assets"]
    answer = office.browser().get(f"/static/{version}/libraries/d3.js")
    assert (answer.status_code, answer.text) == (200, "export {};")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.mimetype == "text/javascript"
    for other in ("libraries/plot.js", "libraries/package.json", "node_modules/d3/package.json"):
        assert office.browser().get(f"/static/{version}/{other}").status_code == 404
