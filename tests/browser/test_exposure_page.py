"""Helping or steering? in a real browser: a reading without a suggestion, and the figures."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cer_assist.domain.labels import Exposure
from cer_assist.services import exposures, training_data
from cer_assist.statistics.exposure import exposure_figures
from cer_assist.swaying import WHOSE
from tests.browser.actions import events, open_label, press, protocol_on
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_pages import faults
from tests.statistics.test_exposure import SCALE
from tests.statistics.test_exposure import world as a_world

pytestmark = pytest.mark.browser
PAGE = "/p/demo/exposure"


@pytest.fixture
def reported(live_server: Site, world: World) -> None:
    """A report on many readings."""
    found = exposure_figures(a_world(11, protocols=90), SCALE, resamples=200)
    about = {"waiting": 4, "left_out": 12, "truths": dict.fromkeys(WHOSE, 54)}
    with live_server.database.write() as session:
        last = training_data.last_event_id(session, world.project_id)
        exposures.store(session, world.project_id, last, found | about)


@pytest.mark.usefixtures("model")
def test_by_lot_the_next_protocol_comes_at_once(
    live_server: Site, coder: Page, set_project: Callable[..., None]
) -> None:
    set_project(no_suggestion_share=1.0)
    open_label(coder)
    expect(coder.locator("#machine")).to_contain_text("after your answer, for most protocols")
    first = protocol_on(coder)
    press(coder, "3")
    assert protocol_on(coder) != first
    expect(coder.locator(".hl")).to_have_count(0)
    expect(coder.locator("#machine")).not_to_contain_text("suggests")
    coder.goto(f"/p/demo/protocols/{first}")
    coder.get_by_role("link", name="Show the suggestion").click()
    expect(coder.get_by_role("heading", name="Model's suggestion")).to_be_visible()
    expect(coder.locator("aside")).to_contain_text("70 %")
    coder.goto(f"/p/demo/label?protocol={first}")
    press(coder, "4")
    told = [(event.level, event.exposure) for event in events(live_server)]
    assert told == [(3, Exposure.blind), (4, Exposure.after_suggestion)]


@pytest.mark.usefixtures("reported")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_a_page_with_figures(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto("/p/demo/progress")
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="In short")).to_be_visible()
    expect(page.locator("main")).to_contain_text(re.compile(r"changed \d+ of \d+ answers"))
    assert faults(page) == []


@pytest.mark.usefixtures("reported")
def test_the_page_is_no_wider_than_a_small_phone(page_for: PageFor) -> None:
    page = page_for("lea", viewport={"width": 360, "height": 740})
    page.goto(PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_axe_finds_nothing_on_the_page_that_waits(page_for: PageFor) -> None:
    page = page_for("lea")
    page.route("**/reload.js*", lambda route: route.abort())
    page.goto(PAGE)
    expect(page.locator("main")).to_contain_text("The worker makes the figures")
    assert faults(page) == []
