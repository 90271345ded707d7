"""The queue page in a real browser: choose, put first, hold, release."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults
from tests.builders import a_model

pytestmark = pytest.mark.browser


def test_a_lead_puts_first_holds_and_releases(
    page_for: PageFor, database: Database, world: World
) -> None:
    with database.write() as session:
        said = dict.fromkeys(world.protocols, (4, [0.05, 0.05, 0.1, 0.7, 0.1]))
        a_model(session, session.get_one(Project, world.project_id), said)
    page = page_for("lea")
    page.goto("/p/demo/rubric")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Queue").click()
    page.get_by_role("checkbox", name="Choose P-5").check()
    page.get_by_label("Reason").fill("for the board")
    page.get_by_role("button", name="Put first").click()
    wished = page.get_by_role("region", name="Table of what is put first or held")
    expect(wished.get_by_role("row", name="P-5")).to_contain_text("for the board")
    page.get_by_label("Ids, one a line").fill("P-1\nP-2")
    page.get_by_label("Reason").fill("wrong text")
    page.get_by_role("button", name="Hold back").click()
    expect(wished.get_by_text("held", exact=True)).to_have_count(2)
    assert faults(page) == []
    coder = page_for("ana")
    coder.goto("/p/demo/label")
    expect(coder.get_by_text("put first by the project's lead")).to_be_visible()
    expect(coder.locator("#reading")).to_contain_text("P-5")
    page.reload()
    expect(page.get_by_role("region", name="Table of what is open")).to_contain_text("P-5")
    page.get_by_role("button", name="Release P-1").click()
    expect(wished.get_by_text("held", exact=True)).to_have_count(1)
