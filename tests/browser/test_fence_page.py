"""The fenced sample's page in a real browser, from the calculation to the figures."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from cer_assist.services import fence
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, ModelVersion, Project
from tests.browser.conftest import FIGURE, PageFor, World
from tests.browser.test_pages import faults
from tests.builders import a_fence, a_label, a_member, two_readings

pytestmark = pytest.mark.browser

ADDRESS = "/p/demo/fence"


@pytest.mark.usefixtures("full")
def test_a_lead_works_out_a_size_and_draws(lead: Page) -> None:
    lead.goto(ADDRESS)
    expect(lead.get_by_role("heading", name="Draw a sample")).to_be_visible()
    lead.get_by_label("Accuracy to within, in points").fill("40")
    lead.get_by_label("QWK to within, in hundredths").fill("50")
    lead.get_by_role("button", name="Work out the size").click()
    expect(lead.locator("table tr", has_text="enough")).to_have_count(1)
    size = lead.get_by_label("Protocols to draw")
    assert 1 <= int(size.input_value()) < 5  # five are unread
    size.fill("4")
    lead.get_by_role("button", name="Draw at random").click()
    expect(lead.get_by_text("A draw is under way")).to_be_visible()


@pytest.fixture
def measured(database: Database, world: World, full: None) -> None:
    """Four drawn: one settled, one on which readings differ, one read once, one unread."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        settled, *_, differ, once, unread = world.protocols[1:]
        a_fence(session, project, [settled, differ, once, unread])
        coders = [a_member(session, project, name).id for name in ("cas", "dov")]
        two_readings(session, project, settled, coders, 3, 3)
        two_readings(session, project, differ, coders, 2, 4)
        a_label(session, project, once, by=coders[0], level=1)
        version = session.scalars(select(ModelVersion.id)).one()
        figures = dict.fromkeys(("accuracy", "qwk", "mae"), FIGURE)
        bounds = {"bounds": {"low": 0.37, "high": 0.87}, "differ": 1, "population": 30}
        fence.add_estimate(session, version, 1, 4, figures | bounds)
        session.execute(delete(Job))


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_page_with_figures(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme, viewport={"width": 360, "height": 740})
    for address in (ADDRESS, "/p/demo/model"):
        page.goto(address)
        expect(page.get_by_role("heading", name="on protocols drawn at random")).to_be_visible()
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.usefixtures("measured")
def test_both_figures_stand_side_by_side_and_say_what_they_are_of(lead: Page) -> None:
    lead.goto(ADDRESS)
    table = lead.get_by_role("region", name="Figures of the fenced sample")
    expect(table).to_contain_text("unbiased, n = 1")
    expect(table).to_contain_text("partly chosen, n = 45")
    expect(lead.get_by_text("1 of 4 protocols read twice and settled")).to_be_visible()
    expect(lead.get_by_text("Were the model wrong there")).to_contain_text("37 %")
    expect(lead.get_by_role("heading", name="Enlarge the sample")).to_be_visible()
