"""A coder in a real browser fails a round, reads what was right, tries again, passes and labels."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent, Project, TrainingAnswer, TrainingItem
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults
from tests.practice import some_items

pytestmark = pytest.mark.browser


@pytest.fixture
def practice(database: Database, world: World) -> None:
    """Two items of each level, of which a round has three; coders qualify first."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        some_items(session, project)
        project.training_items, project.qualifies_first = 3, True


def ready(page: Page) -> None:
    """Wait until the page takes every key."""
    expect(page.locator("body[data-settled]")).to_be_attached()


def press_level(page: Page, database: Database, *, off: int = 0) -> int:
    """Answer by key, so many levels off; the level that is right."""
    ready(page)
    item_id = int(page.locator("input[name=item_id]").get_attribute("value") or 0)
    with database.read() as session:
        right = session.get_one(TrainingItem, item_id).level
    page.keyboard.press(str(right + off if right + off <= 5 else right - off))
    expect(page.locator(".verdict")).to_be_visible()
    ready(page)
    return right


@pytest.mark.usefixtures("practice")
def test_failing_reading_repeating_passing_and_labelling(coder: Page, database: Database) -> None:
    coder.goto("/p/demo/label")
    expect(coder.get_by_role("heading", name="Training", exact=True)).to_be_visible()
    expect(coder.locator("main .note")).to_contain_text("pass a round of training")
    coder.get_by_role("button", name="Begin").click()
    for at in range(3):
        right = press_level(coder, database, off=2 if at == 0 else 0)
        if at == 0:
            expect(coder.locator(".verdict")).to_contain_text("2 levels off")
            expect(coder.locator(".why-text")).to_contain_text(f"zebra {right}.")
            mark = coder.locator("#reading .ev").first
            line = mark.evaluate("(e) => getComputedStyle(e).textDecorationLine")
            assert line == "underline"  # told without colour
            told = coder.locator(".verdict").text_content()
            coder.keyboard.press(str(right))  # an answer stays
            coder.reload()
            assert coder.locator(".verdict").text_content() == told
            ready(coder)
        else:
            expect(coder.locator(".verdict")).to_contain_text("Right")
        coder.keyboard.press("Enter")
        coder.wait_for_url("**/training")
    reads_again_and_passes(coder, database)


def reads_again_and_passes(coder: Page, database: Database) -> None:
    expect(coder.get_by_role("heading", name="Round 1: not passed")).to_be_visible()
    coder.locator("main li a").first.click()
    expect(coder.locator(".verdict")).to_contain_text("2 levels off")
    coder.go_back()
    coder.get_by_role("button", name="Try again").click()
    for _ in range(3):
        press_level(coder, database)
        coder.keyboard.press("Enter")
        coder.wait_for_url("**/training")
    expect(coder.get_by_role("heading", name="Round 2: passed")).to_be_visible()
    coder.get_by_role("link", name="Go on labelling").click()
    expect(coder.locator("#label[data-settled]")).to_be_visible()
    with database.read() as session:
        assert len(session.scalars(select(TrainingAnswer.id)).all()) == 6
        assert session.scalars(select(LabelEvent.id)).all() == []


@pytest.mark.usefixtures("practice")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_before_and_after_an_answer(
    page_for: PageFor, database: Database, theme: str
) -> None:
    page = page_for("ana", color_scheme=theme)
    page.goto("/p/demo/training")
    assert faults(page) == []
    page.get_by_role("button", name="Begin").click()
    ready(page)
    assert faults(page) == []
    for off in (1, 0, 0):
        press_level(page, database, off=off)
        assert faults(page) == []
        page.keyboard.press("Enter")
        page.wait_for_url("**/training")
    assert faults(page) == []


@pytest.mark.usefixtures("practice")
def test_a_phone_has_room_for_it_without_javascript(page_for: PageFor) -> None:
    page = page_for("ana", viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page.goto("/p/demo/training")
    page.get_by_role("button", name="Begin").click()
    box = page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] == 360
    page.locator(".quick button", has_text="3").click()
    expect(page.locator(".verdict")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#progress")).to_contain_text("2/3")
