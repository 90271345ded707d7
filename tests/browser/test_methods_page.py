"""The Methods page in a real browser: axe on the page and on its file, and a phone's width."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PageFor
from tests.browser.test_pages import faults
from tests.browser.test_prevalence_page import looked_at

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("full")
def test_the_page_and_its_file(page_for: PageFor, tmp_path: Path) -> None:
    page = page_for("lea", viewport={"width": 400, "height": 800}, color_scheme="dark")
    page.goto("/p/demo/methods")
    looked_at(page, "methods-phone")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.set_viewport_size({"width": 1280, "height": 900})
    looked_at(page, "methods-dark")
    note = page.locator("sup.note-number a").first
    note.click()
    expect(page.locator("tr#n1")).to_be_in_viewport()
    with page.expect_download() as download:
        page.get_by_role("link", name="HTML", exact=True).click()
    path = tmp_path / "methods.html"
    download.value.save_as(path)
    page.goto(path.as_uri())
    looked_at(page, "methods-file")
    expect(page.get_by_role("heading", name="Double coding and agreement")).to_be_visible()
    assert faults(page) == []
