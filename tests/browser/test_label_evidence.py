"""Marking words as evidence, whatever the script they are written in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from cer_assist.store.tables import Project, WordRemark
from tests.browser.actions import (
    PAGE,
    events,
    open_label,
    press,
    select_words,
)
from tests.browser.conftest import Site, World
from tests.builders import a_protocol

pytestmark = pytest.mark.browser
EMOJI = "We 👩‍👩‍👧 meet. Cafe\u0301 owners 🎉 joined the board."


def test_marked_words_reach_the_server_as_they_stand_in_the_text(
    live_server: Site, world: World, coder: Page
) -> None:
    with live_server.database.write() as session:
        project = session.get_one(Project, world.project_id)
        protocol = a_protocol(session, project, EMOJI, title="Tïtle 🧪").id
    open_label(coder, f"{PAGE}?protocol={protocol}")
    select_words(coder, "Cafe\u0301 owners 🎉 ")
    coder.keyboard.press("e")
    select_words(coder, "\u200d👩")  # inside one family: grows to the whole of it
    coder.get_by_role("button", name=re.compile("mark evidence")).click()
    select_words(coder, "board")
    coder.keyboard.press("e")
    expect(coder.locator("mark.ev")).to_have_text(["👩‍👩‍👧", "Cafe\u0301 owners 🎉", "board"])
    coder.get_by_role("button", name="Evidence: 3").click()
    coder.get_by_role("button", name="Remove the mark on: board").click()
    coder.keyboard.press("Escape")
    style = coder.locator("mark.ev").first.evaluate("e => getComputedStyle(e).textDecorationLine")
    assert style == "underline"
    press(coder, "4")
    quotes = [mark["quote"] for mark in events(live_server)[0].evidence]
    assert quotes == ["👩‍👩‍👧", "Cafe\u0301 owners 🎉"]
    open_label(coder, f"{PAGE}?protocol={protocol}")
    expect(coder.locator("mark.ev")).to_have_text(["👩‍👩‍👧", "Cafe\u0301 owners 🎉"])
    body = coder.locator("#reading div.body").evaluate("e => e.textContent")
    assert body == EMOJI


@pytest.mark.usefixtures("model")
def test_marks_and_highlights_may_overlap(live_server: Site, coder: Page) -> None:
    open_label(coder)
    press(coder, "3")
    expect(coder.locator(".hl")).to_have_text("Study")
    select_words(coder, "dy num", body="h2 .body")
    coder.keyboard.press("e")
    expect(coder.locator("mark.ev")).to_have_text(["dy", " num"])
    press(coder, "k")
    kept = events(live_server)[-1]
    assert [mark["quote"] for mark in kept.evidence] == ["dy num"]


@pytest.mark.usefixtures("model")
def test_words_can_be_looked_at_in_other_ways(live_server: Site, coder: Page) -> None:
    """Of the word Study: it adds 1 to level 4 and takes half from every other."""
    open_label(coder)
    expect(coder.locator("mark[data-adds]")).to_have_count(0)
    expect(coder.locator("[data-why='4']")).to_be_hidden()
    press(coder, "3")
    word = coder.locator("mark[data-adds]")
    expect(word).to_have_class("hl s4")
    expect(coder.locator("[data-here='4']")).to_have_text("here: study")
    expect(coder.locator("[data-here='3']")).to_have_text("")
    coder.get_by_label("have attention").check()
    expect(word).to_have_class("hl s4")
    expect(coder.locator("#say")).to_have_text("Marked: where the model looked")
    coder.get_by_label("add by themselves").check()
    expect(word).to_have_class("hl s4")
    expect(coder.locator("#marks-told")).to_have_text("Dotted: against 4.")
    coder.get_by_role("button", name="why not 4?").click()
    expect(word).to_have_class("hl s4")
    expect(coder.locator("#marks-told")).to_have_text(
        "Marked: what speaks for 4 rather than 3. Dotted: for 3."
    )
    coder.get_by_role("button", name="why 3?").click()
    expect(word).to_have_class("against s4")
    expect(coder.get_by_role("button", name="why 3?")).to_have_attribute("aria-pressed", "true")
    coder.get_by_role("button", name="why 3?").click()
    expect(word).to_have_class("hl s4")
    expect(coder.get_by_label("speak for 4")).to_be_checked()
    expect(coder.locator("#marks-told")).to_be_hidden()


@pytest.mark.usefixtures("model")
def test_the_top_sentence_is_found_and_the_next_card_starts_anew(
    live_server: Site, coder: Page
) -> None:
    open_label(coder)
    press(coder, "3")
    coder.get_by_role("link", name="1", exact=True).click()
    expect(coder.locator(".passage.shown").first).to_be_in_viewport()
    coder.get_by_role("button", name="why not 4?").click()
    press(coder, "k")
    expect(coder.locator("mark[data-adds]")).to_have_count(0)
    expect(coder.locator("[data-here='4']")).to_have_text("")
    expect(coder.locator("[data-why='4']")).to_be_hidden()


@pytest.mark.usefixtures("model")
def test_the_models_words_are_contested_or_added_by_key_or_from_the_list(
    live_server: Site, coder: Page
) -> None:
    open_label(coder)
    coder.keyboard.press("x")
    expect(coder.locator("#say")).to_have_text("The model's words come after your answer.")
    press(coder, "3")
    coder.keyboard.press("x")
    button = coder.get_by_role("button", name="Not evidence: Study")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()
    expect(coder.locator("mark.contested")).to_have_text("Study")
    coder.keyboard.press("x")
    expect(coder.locator("#contest")).to_be_hidden()
    select_words(coder, "number", body="h2 .body")
    coder.keyboard.press("x")
    expect(coder.locator("mark.missed")).to_have_text("number")
    select_words(coder, "Study", body="h2 .body")  # again: stands already
    coder.keyboard.press("x")
    expect(coder.locator("mark.contested")).to_have_text("Study")
    with live_server.database.read() as session:
        remarks = session.scalars(select(WordRemark).order_by(WordRemark.id)).all()
    assert [(row.quote, row.remark) for row in remarks] == [
        ("Study", "not_evidence"),
        ("number", "missed"),
    ]
    protocol = coder.locator("#reading").get_attribute("data-protocol")
    open_label(coder, f"{PAGE}?protocol={protocol}")
    expect(coder.locator("mark.contested")).to_have_text("Study")
    coder.keyboard.press("x")
    coder.get_by_role("button", name="Missed by the model: number").click()
    expect(coder.locator("mark.missed")).to_have_count(0)
