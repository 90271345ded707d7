"""The Agreement page with figures, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cer_assist import agreeing
from cer_assist.domain.agreement import Readings
from cer_assist.services import agreement
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults
from tests.builders import a_member, some_protocols, two_readings

pytestmark = pytest.mark.browser
PAGE = "/p/demo/agreement"


@pytest.fixture
def figures(database: Database, world: World) -> None:
    """What the worker makes of thirty protocols that pairs of three coders read."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        project.coders_per_protocol = 2
        trio = [world.ana, *(a_member(session, project, name).id for name in ("ben", "cleo"))]
        for at, protocol in enumerate(some_protocols(session, project, 36)[6:]):
            pair, level = (trio[at % 3], trio[(at + 1) % 3]), 1 + at % 5
            two_readings(session, project, protocol.id, pair, level, min(5, level + at % 2))
    for wanted in (Readings(), Readings(coders=("ana", "ben"))):
        found, last = agreeing.figures(database, world.project_id, wanted, (1, 2, 3, 4, 5))
        with database.write() as session:
            agreement.ask(session, world.project_id, wanted)
            agreement.store(session, world.project_id, wanted, last, found)


@pytest.mark.usefixtures("figures")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_a_pair_opens(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto(PAGE)
    expect(page.get_by_text("Measured on 30 protocols")).to_be_visible()
    assert faults(page) == []
    pairs = page.get_by_role("region", name="Pairs of coders")
    pairs.get_by_role("row", name="ana").get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Two coders' levels")).to_be_visible()
    assert faults(page) == []


@pytest.mark.usefixtures("figures")
def test_the_page_and_its_menu_fit_a_small_phone(page_for: PageFor) -> None:
    page = page_for("lea", viewport={"width": 360, "height": 740})
    page.goto(PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="More").click()
    link = page.get_by_role("link", name="Assignments")
    expect(link).to_be_visible()
    box = link.bounding_box()
    assert box is not None
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    link.click()
    expect(page.get_by_role("heading", name="Assignments")).to_be_visible()
