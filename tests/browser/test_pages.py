"""Every page under axe in light and dark, and none wider than a small phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import PageFor

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
ADDRESSES = (
    "/",
    "/account",
    "/api",
    "/admin/accounts",
    "/admin/jobs",
    "/p/demo/protocols",
    "/p/demo/protocols?q=nowhere",
    "/p/demo/protocols/1?all=1",
    "/p/demo/protocols/1/words?by=2",
    "/p/demo/protocols/1/sheet?all=1",
    "/p/demo/words",
    "/p/demo/words?at_least=100",
    "/p/demo/words/4/study",
    "/p/demo/words/plane",
    "/p/demo/words/plane?word=committee&q=board",
    "/p/demo/words/4/nowhere",
    "/p/demo/words/remarks",
    "/p/demo/words?by=attention",
    "/p/demo/model",
    "/p/demo/queue?all=1",
    "/p/demo/adjudicate",
    "/p/demo/adjudicate?track=far",
    "/p/demo/adjudicate/3",
    "/p/demo/discussion/3",
    "/p/demo/assignments",
    "/p/demo/doubtful",
    "/p/demo/copies",
    "/p/demo/protocols/2/difference?with=1",
    "/p/demo/training",
    "/p/demo/training/items",
    "/p/demo/training/items/1",
    "/p/demo/fence",
    "/p/demo/prevalence",
    "/p/demo/methods",
    "/p/demo/progress",
    "/p/demo/progress/decision",
    "/p/demo/rubric",
    "/p/demo/rubric/changes",
    "/p/demo/rubric/draft",
    "/p/demo/rubric/draft/changes",
    "/p/demo/rubric/draft/publish",
    "/p/demo/rubric/rereading",
    "/p/demo/data",
    "/p/demo/snapshots",
    "/p/demo/snapshots/new?settled=1&readings=independent",
    "/p/demo/snapshots/2?with=1&check=1",
    "/p/demo/snapshots/2/changes?with=1&what=level",
    "/p/demo/data/export/masking?mask=name&mask=record",
    "/p/demo/audit",
    "/p/demo/desk",
    "/p/demo/desk/readings",
    "/p/demo/desk/readings?signal=unread",
    "/p/demo/desk/versions",
    "/p/demo/settings",
    "/nowhere",
)


def faults(page: Page) -> list[str]:
    """What axe finds, by rule and place."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{fault['id']}: {node['html'][:120]}" for fault in found for node in fault["nodes"]]


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    found = {}
    for address in ADDRESSES:
        page.goto(address)
        if wrong := faults(page):
            found[address] = wrong
    stranger = page_for(None, color_scheme=theme)
    stranger.goto("/sign-in")
    assert faults(stranger) == []
    assert found == {}


@pytest.mark.usefixtures("full")
def test_no_page_is_wider_than_a_small_phone(page_for: PageFor) -> None:
    page = page_for("lea", viewport={"width": 360, "height": 740})
    wide = {}
    for address in ADDRESSES:
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[address] = width
    assert wide == {}


def test_signing_in_by_keyboard_alone(page_for: PageFor) -> None:
    page = page_for(None)
    page.goto("/p/demo/rubric")
    page.keyboard.press("Shift+Tab")  # from the name field back to the brand
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "username"


@pytest.mark.usefixtures("full")
def test_times_are_the_readers_own(page_for: PageFor) -> None:
    page = page_for("lea", timezone_id="Asia/Tokyo")
    page.goto("/p/demo/model")
    time = page.locator("main time").first
    utc = page.evaluate("(at) => new Date(at).getUTCHours()", time.get_attribute("datetime"))
    shown = int((time.text_content() or "").split(", ")[1].split(":")[0])
    assert shown == (utc + 9) % 24
    assert (time.get_attribute("title") or "").endswith("UTC")
