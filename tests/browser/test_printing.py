"""What goes on paper: whole tables without menus and buttons; and captions on small windows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from cer_assist.store.tables import Project
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_prevalence_page import looked_at, reported  # noqa: F401 - a fixture
from tests.builders import a_label

pytestmark = pytest.mark.browser
A4 = 703  # pixels between the margins that print.css gives it
WIDE = (
    "/p/demo/timeline?about=project",
    "/p/demo/desk",
    "/p/demo/desk/readings",
    "/p/demo/desk/versions",
    "/p/demo/audit",
    "/p/demo/snapshots/1",
    "/p/demo/protocols",
    "/p/demo/agreement",
    "/p/demo/model",
    "/p/demo/words",
    "/p/demo/prevalence",
)
ON_PAPER = """() => {
  const right = Math.max(...[...document.querySelectorAll("main *")]
    .filter((one) => !one.closest(".visually-hidden"))
    .map((one) => one.getBoundingClientRect().right));
  const acts = [...document.querySelectorAll(".top, nav, .filters, button, .button")];
  return [Math.floor(right), acts.filter((one) => one.checkVisibility()).length];
}"""


@pytest.fixture
def labelled(live_server: Site, world: World) -> None:
    """Answers with notes and evidence, by people of long names."""
    with live_server.database.write() as session:
        project = session.get_one(Project, world.project_id)
        for protocol in world.protocols[:2]:
            for level in (2, 4):
                a_label(session, project, protocol, by=world.ana, level=level)


@pytest.mark.usefixtures("labelled", "reported")
@pytest.mark.parametrize("address", WIDE)
def test_nothing_is_cut_off_on_a4(page_for: PageFor, address: str) -> None:
    page = page_for("lea", viewport={"width": A4, "height": 1000})
    page.goto(address)
    page.emulate_media(media="print")
    looked_at(page, address.rpartition("/")[2].partition("?")[0])
    right, acts = page.evaluate(ON_PAPER)
    assert right <= A4
    assert acts == 0


@pytest.mark.usefixtures("labelled", "reported")
def test_captions_wrap_to_a_small_window_and_stay_in_sight(page_for: PageFor) -> None:
    page = page_for("lea", viewport={"width": 400, "height": 740})
    for address in ("/p/demo/timeline?about=project", "/p/demo/prevalence"):
        page.goto(address)
        for caption in page.locator(".scroll caption").all():
            scroller = caption.locator("xpath=ancestor::*[contains(@class, 'scroll')][1]")
            for left in (0, 10_000):
                scroller.evaluate("(one, left) => { one.scrollLeft = left; }", left)
                box = caption.bounding_box()
                assert box is not None
                assert box["x"] >= 0 and box["x"] + box["width"] <= 400, (address, left)


@pytest.mark.usefixtures("labelled")
def test_dark_colours_print_black_on_white(page_for: PageFor) -> None:
    page = page_for("lea", color_scheme="dark")
    page.goto("/p/demo/desk/readings")
    assert _ink(page) != "rgb(17, 17, 17)"
    page.emulate_media(media="print", color_scheme="dark")
    assert _ink(page) == "rgb(17, 17, 17)"


def _ink(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).color"))
