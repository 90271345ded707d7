"""A protocol comes back to its coder in a real browser, blank, and the lead reads how it went."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cer_assist import agreeing
from cer_assist.domain.agreement import Readings
from cer_assist.domain.labels import Action, Lane
from cer_assist.services import agreement
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.browser.actions import events, open_label, press, protocol_on, select_words, settle
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_pages import faults
from tests.builders import a_label, a_member, some_protocols
from tests.worker.test_retest import FIRST, SCALE, SECOND, again

pytestmark = pytest.mark.browser
SECTION = "The same coder twice"


def measure(database: Database, world: World) -> None:
    """What the worker makes of the readings as they stand."""
    found, last = agreeing.figures(database, world.project_id, Readings(), SCALE)
    with database.write() as session:
        agreement.ask(session, world.project_id, Readings())
        agreement.store(session, world.project_id, Readings(), last, found)


def answer_in_full(page: Page, key: str) -> None:
    """A level with a mark and a note."""
    select_words(page, "walking group")
    page.keyboard.press("e")
    expect(page.locator("#reading .ev")).to_have_count(1)
    page.keyboard.press("n")
    page.keyboard.type("as at first")
    page.keyboard.press("Escape")
    press(page, key)


def expect_blank(page: Page, count: str) -> None:
    """Nothing on the card is of an earlier reading."""
    expect(page.locator("#reading .ev")).to_have_count(0)
    expect(page.get_by_label("Note", exact=True)).to_have_value("")
    expect(page.locator(".own")).to_have_count(0)
    expect(page.locator("#confidence :checked")).to_have_count(0)
    assert not page.locator("#reading").get_attribute("data-mine")
    expect(page.locator("#mine")).to_have_text(count)
    expect(page.locator("#label")).to_contain_text("drawn at random")


def test_it_comes_back_blank_and_undo_takes_back_only_the_repeat(
    live_server: Site,
    coder: Page,
    page_for: PageFor,
    world: World,
    set_project: Callable[..., None],
) -> None:
    set_project(retest_share=1.0, retest_after_days=0)
    open_label(coder)
    first = protocol_on(coder)
    answer_in_full(coder, "4")
    assert protocol_on(coder) == first
    expect_blank(coder, "1")
    coder.reload()
    settle(coder)
    assert protocol_on(coder) == first
    expect_blank(coder, "1")
    press(coder, "2")
    assert protocol_on(coder) != first
    expect(coder.locator("#mine")).to_have_text("2")
    press(coder, "u")
    assert protocol_on(coder) == first
    expect(coder.locator(".own")).to_have_text(re.compile(r"took your answer \(2\) back"))
    expect(coder.get_by_role("button", name=re.compile("undo"))).to_be_disabled()
    expect(coder.locator("#mine")).to_have_text("1")
    press(coder, "3")
    assert [(one.lane, one.action, one.level) for one in events(live_server)] == [
        (Lane.coder, Action.label, 4),
        (Lane.retest, Action.label, 2),
        (Lane.retest, Action.withdraw, None),
        (Lane.retest, Action.label, 3),
    ]
    measure(live_server.database, world)
    lead = page_for("lea")
    lead.goto("/p/demo/agreement")
    twice = lead.get_by_role("region", name=SECTION, exact=True)
    expect(twice.get_by_role("row", name="ana").first).to_contain_text("Too few to say")


@pytest.fixture
def figures(database: Database, world: World) -> None:
    """Ben has answered twelve protocols twice, ana two."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        ben = a_member(session, project, "ben").id
        ids = [one.id for one in some_protocols(session, project, 18)]
        for coder, count in ((ben, 12), (world.ana, 2)):
            for at in range(count):
                a_label(session, project, ids[at], by=coder, level=FIRST[at])
                again(session, project, coder, ids[at], SECOND[at])
    measure(database, world)


@pytest.mark.usefixtures("figures")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_lead_reads_it_and_axe_finds_nothing(page_for: PageFor, theme: str) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto("/p/demo/agreement")
    twice = page.get_by_role("region", name=SECTION, exact=True)
    expect(twice.get_by_role("row", name="ben").first).to_contain_text("12")
    expect(twice.get_by_role("row", name="ana").first).to_contain_text("Too few to say")
    assert faults(page) == []
    page.goto("/p/demo/settings")
    expect(page.get_by_label("Share that comes back to the same coder")).to_be_visible()
    assert faults(page) == []


@pytest.mark.usefixtures("figures")
@pytest.mark.parametrize("address", ["agreement", "settings"])
def test_a_small_phone_has_room_for_it(page_for: PageFor, address: str) -> None:
    page = page_for("lea", viewport={"width": 360, "height": 740})
    page.goto(f"/p/demo/{address}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
