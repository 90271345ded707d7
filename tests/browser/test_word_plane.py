"""Words as points in a real browser: search while typing, levels, trends, and both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from tests.browser.conftest import PageFor, World
from tests.browser.test_model_page import charts
from tests.browser.test_pages import faults
from tests.builders import a_model
from tests.scores import WORDS, some_scores

pytestmark = pytest.mark.browser

ADDRESS = "/p/demo/words/plane"
PLANE = "figure[data-chart=plane].drawn svg[role=img]"
TREND = "figure[data-chart=trend].drawn svg[role=img]"
__all__ = ["charts"]  # the fixture


@pytest.fixture
def scored(database: Database, world: World) -> None:
    """Three versions whose words do more and more."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        for number in range(1, 4):
            version = session.get_one(ModelVersion, a_model(session, project, {}))
            version.label_count = 12 * number
            version.word_scores = some_scores(times=number / 3, steps=4)


def named(page: Page) -> set[str]:
    """The words whose names stand in the picture."""
    return set(page.locator(f"{PLANE} text").all_text_contents()) & set(WORDS)


@pytest.mark.usefixtures("charts", "scored")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_groups_are_told_by_colour_and_by_shape(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto(f"{ADDRESS}?word=board")
    expect(page.locator(PLANE)).to_have_count(1)
    expect(page.locator(TREND)).to_have_count(4)
    dots = page.evaluate(
        f"[...document.querySelector('{PLANE}').querySelectorAll('path[fill-opacity]')].map(dot =>"
        " [getComputedStyle(dot).fill, dot.getAttribute('d').match(/[A-Za-z]/g).join('')])"
    )
    kinds = {tuple(dot) for dot in dots}
    assert len(dots) == len(WORDS)
    assert len({colour for colour, _ in kinds}) == len({shape for _, shape in kinds}) == 3
    assert len(kinds) == 3
    assert faults(page) == []


@pytest.mark.usefixtures("charts", "scored")
def test_the_search_narrows_table_and_picture_while_one_types(lead: Page) -> None:
    lead.goto(ADDRESS)
    expect(lead.locator(PLANE)).to_have_count(1)
    rows = lead.locator("table.plane tbody tr:visible")
    expect(rows).to_have_count(len(WORDS))
    assert len(named(lead)) > 2
    lead.get_by_label("Find a word").fill("Comm")
    expect(rows).to_have_count(1)
    expect(lead.get_by_role("status")).to_have_text("1")
    assert named(lead) == {"committee"}
    clear = lead.evaluate(
        f"[...document.querySelector('{PLANE}').querySelectorAll('path[fill-opacity]')]"
        ".filter(dot => dot.getAttribute('fill-opacity') > 0.4).length"
    )
    assert clear == 1
    lead.get_by_label("Find a word").fill("")
    expect(rows).to_have_count(len(WORDS))


@pytest.mark.usefixtures("charts", "scored")
def test_a_level_and_then_a_word_are_chosen_by_keyboard(lead: Page) -> None:
    lead.goto(ADDRESS)
    lead.get_by_role("navigation", name="Level").get_by_role("link", name="2").press("Enter")
    expect(lead.locator(PLANE)).to_have_attribute(
        "aria-label", "Words by polarity for level 2 and attention. The table below has every word."
    )
    expect(lead.locator("table.plane tbody tr").first).to_contain_text("flyers")
    lead.locator("table.plane").get_by_role("link", name="committee", exact=True).press("Enter")
    expect(lead.get_by_role("heading", name="How committee came to this")).to_be_in_viewport()
    expect(lead.locator(TREND)).to_have_count(4)
    name = lead.locator(TREND).nth(1).get_attribute("aria-label") or ""
    assert name.startswith("polarity for each level, here level 2, by labels: from -0.3 to -0.9.")


@pytest.mark.usefixtures("charts", "scored")
def test_a_point_opens_its_trend(lead: Page) -> None:
    lead.goto(ADDRESS)
    box = lead.locator(f"{PLANE} path[fill-opacity]").first.bounding_box()
    assert box is not None
    lead.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    lead.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(lead.get_by_role("heading", name="came to this")).to_be_visible()


@pytest.mark.usefixtures("scored")
def test_without_javascript_there_are_tables_and_a_search(page_for: PageFor) -> None:
    page = page_for("ana", java_script_enabled=False)
    page.goto(f"{ADDRESS}?word=board")
    expect(page.get_by_role("region", name="Scores over versions")).to_be_visible()
    expect(page.get_by_role("region", name="Scores during training")).to_be_visible()
    page.get_by_label("Find a word").fill("fly")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("table.plane tbody tr:visible")).to_have_count(1)


@pytest.mark.usefixtures("charts", "scored")
def test_it_fits_a_narrow_window(page_for: PageFor) -> None:
    page = page_for("ana", viewport={"width": 360, "height": 740})
    page.goto(f"{ADDRESS}?word=board")
    expect(page.locator(TREND)).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert faults(page) == []
