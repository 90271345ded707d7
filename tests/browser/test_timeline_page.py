"""Timelines and the audit report in a real browser: from a protocol to its timeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from cer_assist.services import signing
from cer_assist.store.tables import Project
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_pages import faults
from tests.browser.test_prevalence_page import looked_at
from tests.builders import a_label

pytestmark = pytest.mark.browser


def test_from_a_protocol_to_its_timeline_and_a_report(
    live_server: Site, world: World, page_for: PageFor, tmp_path: Path
) -> None:
    with live_server.database.write() as session:
        project = session.get_one(Project, world.project_id)
        for level in (2, 4):
            a_label(session, project, world.protocols[0], by=world.ana, level=level)
    page = page_for("lea")
    page.goto(f"/p/demo/protocols/{world.protocols[0]}")
    page.get_by_role("link", name="Timeline", exact=True).click()
    row = page.get_by_role("row").filter(has_text="level 2 → 4")
    expect(row).to_contain_text("checked, event")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        looked_at(page, f"timeline-{theme}")
        assert faults(page) == []
    page.set_viewport_size({"width": 400, "height": 740})
    looked_at(page, "timeline-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_role("link", name="Audit report").click()
    assert faults(page) == []
    looked_at(page, "report-page")
    with page.expect_download() as download:
        page.get_by_role("button", name="Make and download (HTML)").click()
    path = tmp_path / "report.html"
    download.value.save_as(path)
    assert signing.open_document(path.read_bytes().decode(), None).fault is None
    page.goto(path.as_uri())
    looked_at(page, "report-file")
    expect(page.get_by_role("heading", name="The audit chain")).to_be_visible()
    assert faults(page) == []
