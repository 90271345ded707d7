"""The Progress page in a browser: its charts, and the dialog with and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cer_assist.services import outlooks, stopping
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from tests.browser.conftest import PageFor, World
from tests.browser.test_model_page import charts
from tests.browser.test_pages import faults
from tests.builders import a_label, a_model
from tests.views.test_progress import an_outlook
from tests.worker.test_foreseeing import figures

pytestmark = pytest.mark.browser

ADDRESS = "/p/demo/progress"
__all__ = ["charts"]  # the fixture


@pytest.fixture
def foreseen(database: Database, world: World) -> None:
    """Three measured versions, two labels and a forecast."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        said = dict.fromkeys(world.protocols, (2, [0.1, 0.4, 0.3, 0.1, 0.1]))
        for number in range(1, 4):
            version = session.get_one(ModelVersion, a_model(session, project, said))
            version.label_count = 6 * number
            version.metrics = figures(6 * number, 0.2 * number)
        for protocol, level in zip(world.protocols, (2, 4), strict=False):
            a_label(session, project, protocol, by=world.ana, level=level)
        outlooks.store(session, project.id, an_outlook())


def decision(database: Database, world: World) -> stopping.Decision | None:
    """What stands."""
    with database.read() as session:
        return stopping.last_decision(session, world.project_id)


@pytest.mark.usefixtures("charts", "foreseen")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_and_dialog_are_clean_in_both_themes(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto(ADDRESS)
    expect(page.locator("figure.drawn svg[role=img]")).to_have_count(2)
    name = page.locator("figure[data-chart=forecast] svg").get_attribute("aria-label")
    assert name is not None
    assert name.startswith("QWK by labels: measured 0.60 with 18, expected 0.80 with 30.")
    dots = page.locator("figure[data-chart=forecast] svg circle")
    expect(dots).to_have_count(3)
    expect(page.locator("figure[data-chart=labels] svg rect")).to_have_count(1)
    assert faults(page) == []
    page.get_by_role("link", name="Stop labelling?").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(page) == []


@pytest.mark.usefixtures("foreseen")
def test_the_dialog_stops_by_keyboard_and_can_be_put_off(
    lead: Page, database: Database, world: World
) -> None:
    lead.goto(ADDRESS)
    lead.get_by_role("link", name="Stop labelling?").focus()
    lead.keyboard.press("Enter")
    dialog = lead.get_by_role("dialog")
    expect(dialog).to_contain_text("What stopping costs")
    dialog.get_by_role("button", name="Decide later").click()
    expect(dialog).to_be_hidden()
    assert decision(database, world) is None
    lead.get_by_role("link", name="Stop labelling?").click()
    dialog.get_by_role("textbox").fill("It is good enough for the report.")
    dialog.get_by_role("button", name="Stop labelling").click()
    expect(lead.get_by_text("Labelling was stopped")).to_be_visible()
    stands = decision(database, world)
    assert stands is not None
    assert stands.stops
    assert faults(lead) == []


@pytest.mark.usefixtures("foreseen")
def test_without_javascript_the_dialog_is_a_page(
    page_for: PageFor, database: Database, world: World
) -> None:
    page = page_for("lea", java_script_enabled=False)
    page.goto(ADDRESS)
    for name in ("Learning curve and forecast as a table", "Labels over time as a table"):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    page.get_by_role("link", name="Stop labelling?").click()
    page.get_by_role("textbox").fill("Enough.")
    page.get_by_role("button", name="Stop labelling").click()
    expect(page.get_by_text("Recorded: labelling stops.")).to_be_visible()
    assert decision(database, world) is not None


@pytest.mark.usefixtures("foreseen")
def test_coders_read_on_the_label_page_that_labelling_was_stopped(
    page_for: PageFor, database: Database, world: World
) -> None:
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        stopping.decide(session, project, world.lea, stops=True, reason="Enough is known. " * 60)
    page = page_for("ana")
    page.goto("/p/demo/label")
    expect(page.get_by_text("Labelling was stopped")).to_be_in_viewport()
    expect(page.get_by_role("button", name="skip")).to_be_in_viewport()
    assert faults(page) == []
    page.keyboard.press("3")
    expect(page.locator("#mine")).to_have_text("3")


@pytest.mark.usefixtures("foreseen")
def test_a_stop_reaches_coders_at_work_without_a_reload(
    page_for: PageFor, database: Database, world: World
) -> None:
    page = page_for("lea")  # has the most to find in the bar at the top
    page.set_viewport_size({"width": 1280, "height": 800})
    with database.write() as session:
        session.get_one(Project, world.project_id).name = "Every protocol of the last ten years"
    page.clock.install()
    page.goto("/p/demo/label")
    notice, badge = page.get_by_text("Labelling was stopped by"), page.locator(".badge.accent")
    for told in (notice, badge):
        expect(told).to_be_hidden()
    for stops in (True, False):
        with database.write() as session:
            project = session.get_one(Project, world.project_id)
            stopping.decide(session, project, world.lea, stops=stops, reason="Enough is known.")
        page.clock.fast_forward("01:00")
        for told in (notice, badge):
            expect(told).to_be_visible(visible=stops)
        expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") == 1280
