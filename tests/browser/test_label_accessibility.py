"""axe on every state of the label page, light and dark, wide and narrow; and what it cannot see."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.actions import PAGE, open_label, press
from tests.browser.conftest import PageFor, World

pytestmark = pytest.mark.browser
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def reveal(page: Page) -> None:
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    press(page, "3")


def compared(page: Page) -> None:
    press(page, "3")
    page.get_by_role("button", name="why 3?").click()


def offline(page: Page) -> None:
    page.context.set_offline(True)
    page.keyboard.press("3")
    expect(page.locator("#banner")).to_be_visible()


def stale(page: Page) -> None:
    other = page.context.new_page()
    open_label(other)
    press(other, "2")
    other.close()
    page.keyboard.press("4")
    expect(page.get_by_role("dialog")).to_be_visible()


def details(page: Page) -> None:
    page.locator("details.more summary").first.click()


def contested(page: Page) -> None:
    reveal(page)
    page.keyboard.press("x")
    page.get_by_role("button", name="Not evidence: Study").click()
    expect(page.locator("mark.contested")).to_have_text("Study")


def sheet(key: str) -> Callable[[Page], None]:
    def opened(page: Page) -> None:
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()

    return opened


STATES: dict[str, Callable[[Page], None]] = {
    "reading": lambda page: None,
    "reveal": reveal,
    "why this level": compared,
    "offline": offline,
    "stale": stale,
    "include and exclude": details,
    "skip": sheet("s"),
    "rules": sheet("r"),
    "keys": sheet("?"),
    "contested": contested,
}


def faults(page: Page) -> list[str]:
    """What axe finds, one line each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:150]} {node['any'][:1]}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page_for: PageFor, scheme: str, state: str) -> None:
    page = page_for("ana", color_scheme=scheme)
    open_label(page)
    STATES[state](page)
    assert faults(page) == []


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("width", [400, 640])
def test_narrow_and_enlarged_windows_can_do_it_all(page_for: PageFor, width: int) -> None:
    page = page_for("ana", viewport={"width": width, "height": 400})
    open_label(page)
    assert faults(page) == []
    page.get_by_role("button", name="Level 3", exact=True).click()
    keep = page.get_by_role("button", name="Keep 3")
    expect(keep).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep.click()
    expect(page.locator("#card-title")).to_be_focused()
    expect(page.locator("#card-title")).to_be_in_viewport()


def test_a_screen_reader_finds_its_way(coder: Page) -> None:
    open_label(coder)
    expect(coder.get_by_role("main")).to_have_count(1)
    expect(coder.get_by_role("navigation", name="Sections of the protocol")).to_be_visible()
    expect(coder.get_by_role("region", name="Engagement level")).to_be_visible()
    article = coder.get_by_role("article")
    expect(article.get_by_role("heading", level=2)).to_have_count(1)
    expect(article.get_by_role("heading", level=3)).to_have_text(["Aims", "Recruitment"])
    level = coder.get_by_role("button", name="4 Cooperative")
    expect(level).to_have_attribute("aria-keyshortcuts", "4")
    expect(level).to_have_accessible_description(re.compile("continuing influence on decisions"))
    expect(coder.get_by_role("group", name="Confidence")).to_be_visible()


def test_focus_follows_what_happens_and_is_never_trapped(coder: Page, world: World) -> None:
    open_label(coder)
    press(coder, "3")
    expect(coder.locator("#card-title")).to_be_focused()
    coder.keyboard.press("s")
    expect(coder.get_by_role("heading", name="Skip this protocol")).to_be_focused()
    coder.keyboard.press("Escape")
    seen = []
    for _ in range(80):
        coder.keyboard.press("Tab")
        seen.append(
            coder.evaluate("document.activeElement === document.body || document.activeElement.id")
        )
        if seen[-1] is True:
            break
    assert seen[-1] is True, "Tab never came to the end of the page"
    assert "note" in seen


def test_nothing_moves_for_those_who_want_no_motion(page_for: PageFor) -> None:
    page = page_for("ana", reduced_motion="reduce")
    page.goto(PAGE)
    moving = page.evaluate(
        """[...document.querySelectorAll('*')].filter((element) => {
            const style = getComputedStyle(element);
            return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
        }).length"""
    )
    assert moving == 0
