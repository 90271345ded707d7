"""No answer is lost and none is doubled, whatever the network, the session or other tabs do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.actions import (
    PAGE,
    events,
    open_label,
    press,
    protocol_on,
    settle,
)
from tests.browser.conftest import PageFor, Site, World, watch

pytestmark = pytest.mark.browser
WAITING = "Not saved yet – waiting for the network"


def waiting_entries(page: Page) -> dict[str, dict[str, Any]]:
    stored = page.evaluate("Object.entries(localStorage)")
    return {key: json.loads(text) for key, text in stored if key.startswith("cer.waiting.")}


def answer_offline(page: Page, key: str = "3") -> int:
    """Answer with no network, a note and a mark; the protocol answered."""
    open_label(page)
    first = protocol_on(page)
    page.keyboard.press("n")
    page.keyboard.type("a secret note")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.press("Enter")
    expect(page.locator("mark.ev")).to_have_count(1)
    page.context.set_offline(True)
    page.keyboard.press(key)
    expect(page.locator("#banner")).to_contain_text(WAITING)
    return first


def another_page(page: Page, site: Site) -> Page:
    """Close a page for good and open another in the same browser, as a reload offline ends."""
    context = page.context
    page.close()
    opened = context.new_page()
    watch(opened, site.faults)
    return opened


def lose_the_reply(route: Route) -> None:
    """The server gets the answer, the browser never hears of it."""
    if route.request.method == "POST":
        route.fetch()
        route.abort("connectionreset")
    else:
        route.continue_()


def test_offline_the_answer_waits_as_ids_and_level_only(live_server: Site, coder: Page) -> None:
    first = answer_offline(coder)
    ((name, entry),) = waiting_entries(coder).items()
    assert set(entry) == {
        "protocol_id",
        "level",
        "action",
        "supersedes_id",
        "idempotency_key",
        "slug",
    }
    assert (entry["protocol_id"], entry["level"], entry["slug"]) == (first, 3, "demo")
    assert "secret" not in name + json.dumps(entry)
    coder.keyboard.press("5")  # one answer at a time
    expect(coder.locator("#say")).to_have_text("The last answer is still being saved.")
    coder.context.set_offline(False)
    expect(coder.locator("#saved")).to_have_text(re.compile("^Saved"))
    expect(coder.locator("#banner")).to_be_hidden()
    assert waiting_entries(coder) == {}
    (event,) = events(live_server)
    assert (event.protocol_id, event.level, event.note) == (first, 3, "a secret note")
    assert len(event.evidence) == 1


def test_a_waiting_answer_survives_a_reload(live_server: Site, coder: Page) -> None:
    first = answer_offline(coder)
    page = another_page(coder, live_server)
    page.context.set_offline(False)
    open_label(page)
    expect(page.locator("#banner")).to_contain_text("is saved now")
    assert waiting_entries(page) == {}
    assert protocol_on(page) != first
    (event,) = events(live_server)
    assert (event.protocol_id, event.level, event.note) == (first, 3, "")
    press(page, "2")
    assert [event.level for event in events(live_server)] == [3, 2]


def test_a_reply_that_was_lost_does_not_double_the_label(live_server: Site, coder: Page) -> None:
    open_label(coder)
    first = protocol_on(coder)
    coder.route(f"**{PAGE}", lose_the_reply, times=1)
    press(coder, "4")
    assert protocol_on(coder) != first
    expect(coder.locator("#progress")).to_have_text(re.compile("^1/6"))
    assert [(event.protocol_id, event.level) for event in events(live_server)] == [(first, 4)]


def test_after_a_reload_the_page_asks_before_it_repeats(live_server: Site, coder: Page) -> None:
    open_label(coder)
    coder.keyboard.press("n")
    coder.keyboard.type("kept by the server")
    coder.keyboard.press("Escape")
    coder.route(f"**{PAGE}", lose_the_reply)
    coder.keyboard.press("4")
    expect(coder.locator("#banner")).to_contain_text(WAITING)
    coder.unroute_all(behavior="wait")
    posts: list[str] = []
    coder.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    coder.reload()
    expect(coder.locator("#banner")).to_contain_text("is saved now")
    assert posts == []
    assert waiting_entries(coder) == {}
    (event,) = events(live_server)
    assert event.note == "kept by the server"


def test_signed_out_the_answer_waits_for_signing_in_again(live_server: Site, coder: Page) -> None:
    open_label(coder)
    first = protocol_on(coder)
    live_server.sign_out("ana")
    coder.keyboard.press("2")
    expect(coder.locator("#banner")).to_contain_text("you have been signed out")
    expect(coder.get_by_role("link", name="Sign in in a new tab")).to_be_visible()
    assert len(waiting_entries(coder)) == 1
    assert events(live_server) == []
    coder.context.clear_cookies()  # signing in makes old form tokens worthless
    live_server.sign_in(coder.context, "ana")
    coder.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(coder.locator("#saved")).to_have_text(re.compile("^Saved"))
    assert [(event.protocol_id, event.level) for event in events(live_server)] == [(first, 2)]


def test_nobody_sends_another_persons_answer(live_server: Site, coder: Page) -> None:
    answer_offline(coder)
    page = another_page(coder, live_server)
    page.context.clear_cookies()
    live_server.sign_in(page.context, "lea")
    page.context.set_offline(False)
    open_label(page)
    page.wait_for_timeout(500)
    assert events(live_server) == []
    assert len(waiting_entries(page)) == 1


def test_a_refused_answer_is_shown_and_can_be_given_anew(live_server: Site, coder: Page) -> None:
    open_label(coder)
    first = protocol_on(coder)
    coder.evaluate("document.getElementById('note').value = 'x'.repeat(4001)")
    coder.keyboard.press("4")
    expect(coder.locator("#banner")).to_contain_text("Not saved: The answer was not stored")
    assert events(live_server) == []
    assert protocol_on(coder) == first
    coder.locator("#note").fill("")
    coder.keyboard.press("Escape")
    press(coder, "2")
    assert [event.level for event in events(live_server)] == [2]


@pytest.mark.parametrize(("choice", "levels"), [("Use mine", [2, 5]), ("Keep the stored one", [2])])
def test_a_stale_tab_chooses_between_both_versions(
    live_server: Site, world: World, coder: Page, choice: str, levels: list[int]
) -> None:
    address = f"{PAGE}?protocol={world.protocols[0]}"
    stale = coder.context.new_page()
    open_label(stale, address)
    open_label(coder, address)
    press(coder, "2")
    stale.keyboard.press("5")
    dialog = stale.get_by_role("dialog", name="Which answer stands?")
    expect(dialog).to_contain_text("Stored")
    expect(dialog.locator(".big-level")).to_have_text(["2", "5"])
    stale.keyboard.press("Escape")
    stale.keyboard.press("4")
    expect(dialog).to_be_visible()
    dialog.get_by_text(choice).click()
    expect(dialog).to_be_hidden()
    expect(stale.locator(f"#reading[data-protocol='{world.protocols[0]}']")).to_have_count(0)
    assert [event.level for event in events(live_server)] == levels
    assert waiting_entries(stale) == {}


def test_an_answer_does_not_wait_for_a_card_that_cannot_be_shown(
    live_server: Site, coder: Page, set_project: Callable[..., None]
) -> None:
    open_label(coder)
    with live_server.database.write() as session:
        # Nothing can be served any more: the label must be kept all the same.
        session.connection().exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON serving"
            " BEGIN SELECT RAISE(FAIL, 'the queue is broken'); END"
        )
    coder.keyboard.press("3")
    expect(coder.locator("#banner")).to_contain_text("The next protocol could not be opened")
    assert [event.level for event in events(live_server)] == [3]
    with live_server.database.write() as session:
        session.connection().exec_driver_sql("DROP TRIGGER broken")
    coder.get_by_role("button", name="Try again").click()
    settle(coder)
    expect(coder.locator("#progress")).to_have_text(re.compile("^1/6"))


def test_many_answers_on_a_bad_line_are_each_stored_once(
    live_server: Site, page_for: PageFor
) -> None:
    page = page_for("ana")
    open_label(page)
    tries = iter(range(1000))

    def flaky(route: Route) -> None:
        if next(tries) % 3 == 0:
            lose_the_reply(route)
        else:
            route.continue_()

    page.route(f"**{PAGE}", flaky)
    for level in "12345":
        press(page, level)
    assert [event.level for event in events(live_server)] == [1, 2, 3, 4, 5]
    assert len({event.protocol_id for event in events(live_server)}) == 5


def test_two_tabs_do_not_send_one_answer_twice(live_server: Site, coder: Page) -> None:
    answer_offline(coder)
    second = coder.context.new_page()
    coder.context.set_offline(False)
    open_label(second)
    expect(coder.locator("#saved")).to_have_text(re.compile("^Saved"))
    (event,) = events(live_server)
    assert event.note == "a secret note"
    assert waiting_entries(second) == {}


def test_without_storage_labelling_goes_on(live_server: Site, page_for: PageFor) -> None:
    page = page_for("ana")
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('off', 'SecurityError'); } })"
    )
    open_label(page)
    press(page, "3")
    assert [event.level for event in events(live_server)] == [3]
