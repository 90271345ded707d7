"""Versions in a real browser: two are imported, their difference read, a group accepted."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cer_assist.services import queue_order
from cer_assist.store.engine import Database
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults

pytestmark = pytest.mark.browser
WORDS = "We invite neighbours of the clinic to talk about sleep, and two of them sit on our board. "


def upload(page: Page, folder: Path, rows: list[dict[str, str]]) -> None:
    path = folder / "studies.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    page.goto("/p/demo/data")
    page.get_by_label("Files with protocols").set_input_files(path)
    page.get_by_role("button", name="Upload and look").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_versions_are_imported_and_compared(page_for: PageFor, tmp_path: Path, theme: str) -> None:
    page = page_for("lea", color_scheme=theme, viewport={"width": 400, "height": 800})
    first = {"id": "HM1", "title": "Sleep", "text": WORDS * 20, "amends": ""}
    second = {**first, "id": "HM2", "text": WORDS * 10 + "Nobody is paid. " + WORDS * 10}
    upload(page, tmp_path, [first, second | {"amends": "HM1"}])
    expect(page.get_by_label("Meaning of column amends")).to_have_value("amends")
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Import now").click()
    upload(page, tmp_path, [first | {"text": WORDS * 19}])
    page.get_by_label("Store a text that differs").check()
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("HM1 is stored as HM1 (2)")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Import now").click()
    page.goto("/p/demo/protocols?q=HM1")
    page.get_by_role("link", name="Sleep").first.click()
    expect(page.get_by_text("Version 1 of 3")).to_be_visible()
    page.get_by_role("link", name="What changed between HM1 and HM2").click()
    expect(page.locator("ins").nth(1)).to_contain_text("Nobody is paid.")
    page.get_by_text("unchanged words").first.click()
    assert faults(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_proposed_group_is_accepted_and_a_link_undone(
    page_for: PageFor, database: Database, world: World, theme: str
) -> None:
    page = page_for("lea", color_scheme=theme, viewport={"width": 400, "height": 800})
    with database.write() as session:
        one, *others = world.protocols[:3]
        queue_order.store_clusters(session, dict.fromkeys([one, *others], one))
    page.goto("/p/demo/copies")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_role("button", name="Versions of one study").click()
    expect(page.get_by_text("2 links made.")).to_be_visible()
    page.goto(f"/p/demo/protocols/{others[1]}")
    expect(page.get_by_text("Version 3 of 3")).to_be_visible()
    page.get_by_text("Versions and copies").last.click()
    page.get_by_role("button", name="Undo the link").click()
    expect(page.get_by_text("The link is undone.")).to_be_visible()
    assert faults(page) == []
