"""What a person does on the label page, and what is then on disk."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from cer_assist.services.rubrics import store_rubric
from cer_assist.store.tables import LabelEvent, Project
from tests.browser.conftest import Site, World

PAGE = "/p/demo/label"


def events(site: Site) -> list[LabelEvent]:
    with site.database.read() as session:
        return list(session.scalars(select(LabelEvent).order_by(LabelEvent.id)))


def open_label(page: Page, address: str = PAGE) -> None:
    page.goto(address)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the card on screen takes every key."""
    expect(page.locator("#label[data-settled]")).to_be_visible()


def press(page: Page, key: str) -> None:
    """Press a key that answers, and wait for the card that follows."""
    page.evaluate("document.getElementById('reading').dataset.old = 'yes'")
    page.keyboard.press(key)
    expect(page.locator("#reading[data-old]")).to_have_count(0)
    settle(page)


def protocol_on(page: Page) -> int:
    return int(page.locator("#reading").get_attribute("data-protocol") or 0)


def use_other_scale(site: Site, world: World) -> None:
    """Pin the project to a scale of 0 to 2."""
    levels = "".join(
        f"\n  - {{value: {n}, name: L{n}, definition: d{n}, include: [a], exclude: [b]}}"
        for n in range(3)
    )
    text = f"id: small\nversion: 1\ntitle: Small\ninstruction: Code it.\nlevels:{levels}\n"
    with site.database.write() as session:
        rubric = store_rubric(session, text, "small")
        session.get_one(Project, world.project_id).rubric_version_id = rubric.id


def select_words(page: Page, words: str, body: str = ".body") -> None:
    """Select words with the browser's own selection."""
    page.evaluate(
        """([words, body]) => {
            const place = [...document.querySelectorAll(`#reading ${body}`)]
                .find((element) => element.textContent.includes(words));
            const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
            const at = place.textContent.indexOf(words);
            let passed = 0, from = null;
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                if (from === null && at < passed + node.length) from = [node, at - passed];
                if (at + words.length <= passed + node.length) {
                    const to = at + words.length - passed;
                    getSelection().setBaseAndExtent(from[0], from[1], node, to);
                    return;
                }
                passed += node.length;
            }
        }""",
        [words, body],
    )
