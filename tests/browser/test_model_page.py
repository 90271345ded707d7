"""The Model page's charts in a real browser; a refused style or script fails its test."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from cer_assist import libraries
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion, Project
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults
from tests.builders import a_model

pytestmark = pytest.mark.browser

ADDRESS = "/p/demo/model"
NOT_HERE = "the charts' libraries are not installed: `python3 manage.py test` installs them"


@pytest.fixture
def charts() -> None:
    """Only where the libraries are; in CI they must be."""
    if not libraries.is_installed():
        if os.environ.get("CI") == "true":
            pytest.fail(NOT_HERE)
        pytest.skip(f"NOT TESTED: {NOT_HERE}")


@pytest.fixture
def history(database: Database, world: World) -> None:
    """Four versions, the second worse and never used; the last one moved half of the protocols."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        for number in range(1, 5):
            said = {
                protocol: (2 + (number == 4 and protocol % 2), [0.1, 0.4, 0.3, 0.1, 0.1])
                for protocol in world.protocols
            }
            key = a_model(session, project, said, publish=number != 2)
            version = session.get_one(ModelVersion, key)
            version.label_count = 12 * number
            figure = {"value": 0.2 * number, "low": 0.2 * number - 0.15, "high": 0.2 * number + 0.1}
            bins = [
                {"low": n / 10, "high": (n + 1) / 10, "n": n, "confidence": 0.05 + n / 10}
                for n in range(2, 10)
            ]
            version.metrics = {
                "qwk": figure,
                "macro_f1": figure,
                "ece": figure,
                "calibration": {"ece": {"before": figure, "after": figure}},
                "n": 12 * number,
                "measured_on": f"{12 * number} labelled protocols",
                "confusion": [[3, 1, 0, 0, 0]] * 5,
                "reliability": {
                    "before": [one | {"accuracy": 0.5} for one in bins],
                    "after": [one | {"accuracy": one["confidence"]} for one in bins],
                },
            }


def open_drawn(page: Page) -> None:
    """The page with its three charts."""
    page.goto(ADDRESS)
    expect(page.locator("figure.drawn svg[role=img]")).to_have_count(3)


@pytest.mark.usefixtures("charts", "history")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_are_drawn_in_the_colours_of_the_page(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    open_drawn(page)
    accent = "rgb(10, 92, 138)" if theme == "light" else "rgb(124, 196, 238)"
    strokes = page.evaluate(
        "[...document.querySelectorAll('figure svg [stroke]')]"
        ".map(element => getComputedStyle(element).stroke)"
    )
    assert accent in strokes
    assert faults(page) == []


@pytest.mark.usefixtures("charts", "history")
def test_every_point_is_there_and_unused_ones_are_hollow(lead: Page) -> None:
    open_drawn(lead)
    fills = lead.evaluate(
        "[...document.querySelectorAll('figure[data-chart=learning] svg')].map(svg =>"
        " [...svg.querySelectorAll('circle')].map(dot => getComputedStyle(dot).fill))"
    )
    assert [len(set(chart)) for chart in fills] == [2, 2]
    assert [len(chart) for chart in fills] == [4, 4]
    name = lead.locator("figure[data-chart=learning] svg").first.get_attribute("aria-label")
    assert name is not None
    assert name.startswith("QWK by labels learned from: 0.20 with 12, 0.80 with 48.")


@pytest.mark.usefixtures("charts", "history")
def test_the_table_behind_a_chart_opens_by_keyboard(lead: Page) -> None:
    open_drawn(lead)
    table = lead.get_by_role("region", name="Learning curve as a table")
    expect(table).to_be_hidden()
    lead.locator("figure[data-chart=learning] summary").focus()
    lead.keyboard.press("Enter")
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table).to_contain_text("0.80 (0.65 to 0.90)")


@pytest.mark.usefixtures("charts", "history")
def test_charts_follow_the_width_of_the_window(lead: Page) -> None:
    open_drawn(lead)
    lead.set_viewport_size({"width": 360, "height": 740})
    expect(lead.locator("figure svg[role=img]")).to_have_count(3)
    widest = "Math.max(...[...document.querySelectorAll('figure svg')].map(s => s.clientWidth))"
    lead.wait_for_function(f"{widest} < 340")
    assert lead.evaluate("document.documentElement.scrollWidth") <= 360
    assert faults(lead) == []


@pytest.mark.usefixtures("charts", "history")
def test_pointing_at_a_version_tells_its_figures(lead: Page) -> None:
    open_drawn(lead)
    lead.locator("figure[data-chart=learning] svg").first.locator("circle").first.hover()
    expect(lead.locator("figure[data-chart=learning] svg").first).to_contain_text("n = 12")


@pytest.mark.usefixtures("history")
def test_without_javascript_the_tables_are_open(page_for: PageFor) -> None:
    page = page_for("lea", java_script_enabled=False)
    page.goto(ADDRESS)
    for name in ("Learning curve as a table", "Reliability as a table"):
        expect(page.get_by_role("region", name=name)).to_be_visible()


@pytest.mark.usefixtures("history")
def test_without_the_libraries_the_tables_are_open(
    lead: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {"libraries/d3.js": libraries.WEB / "nowhere.js"}
    monkeypatch.setattr(libraries, "FILES", missing)
    lead.goto(ADDRESS)
    expect(lead.get_by_text("The library that draws charts is not installed")).to_be_visible()
    expect(lead.get_by_role("region", name="Learning curve as a table")).to_be_visible()
    assert faults(lead) == []


@pytest.mark.usefixtures("charts", "history")
def test_a_number_of_moves_opens_its_protocols(lead: Page) -> None:
    open_drawn(lead)
    lead.get_by_role("link", name="3 protocols from 2 to 3").click()
    expect(lead.get_by_role("heading", level=1)).to_contain_text("Moved from 2 Instrumental to 3")
    expect(lead.locator("tbody tr")).to_have_count(3)
    assert faults(lead) == []
