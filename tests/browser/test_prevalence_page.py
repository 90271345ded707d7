"""The prevalence report in a real browser: light, dark, on a phone and as a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cer_assist import prevailing
from cer_assist.services import prevalence
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_pages import faults
from tests.worker.test_prevailing import a_world

pytestmark = pytest.mark.browser
PAGE = "/p/demo/prevalence"
LONG = "Department of Community Engaged Participatory Research and " + "Biostatistics" * 12


@pytest.fixture
def reported(live_server: Site, world: World) -> None:
    """A report on a hundred protocols, with a group of a long name."""
    with live_server.database.write() as session:
        other = a_world(session, "other").id
    found, _ = prevailing.figures(live_server.database, other, "year")
    found["groups"].append(found["groups"][0] | {"name": LONG})
    with live_server.database.write() as session:
        prevalence.ask(session, world.project_id, "")
        stood = prevalence.basis(session, world.project_id)
        prevalence.store(session, world.project_id, "", stood, found)


def looked_at(page: Page, name: str) -> None:
    """Keep a picture where somebody wants to look at it."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto(PAGE)
    expect(page.locator(".headline")).to_contain_text("Of 100 protocols about 40 % (")
    looked_at(page, theme)
    assert faults(page) == []


@pytest.mark.usefixtures("reported")
def test_the_page_is_no_wider_than_a_small_phone(page_for: PageFor) -> None:
    page = page_for("lea", viewport={"width": 400, "height": 740})
    page.goto(PAGE)
    looked_at(page, "phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.usefixtures("reported")
def test_what_is_printed_has_no_menu(page_for: PageFor) -> None:
    page = page_for("lea")
    page.goto(PAGE)
    page.emulate_media(media="print")
    looked_at(page, "print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_role("heading", name="Level by level")).to_be_visible()


@pytest.mark.usefixtures("reported")
def test_the_file_opens_by_itself(page_for: PageFor, tmp_path: Path) -> None:
    page = page_for("lea")
    page.goto(PAGE)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (HTML)").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    page.goto(path.as_uri())
    looked_at(page, "file")
    expect(page.get_by_role("heading", name="In short")).to_be_visible()
    assert faults(page) == []


def test_the_page_that_waits_and_the_empty_one(
    live_server: Site, world: World, page_for: PageFor
) -> None:
    page = page_for("lea")
    page.route("**/reload.js*", lambda route: route.abort())
    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("The worker makes the report")
    assert faults(page) == []
    found, stood = prevailing.figures(live_server.database, world.project_id)
    with live_server.database.write() as session:
        prevalence.store(session, world.project_id, "", stood, found)
    page.goto(PAGE)
    looked_at(page, "empty")
    expect(page.get_by_role("heading", name="What cannot be told yet")).to_be_visible()
    assert faults(page) == []
