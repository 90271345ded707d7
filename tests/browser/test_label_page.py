"""Labelling in a real browser: by keys, by mouse, and without either's script."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from cer_assist.domain.labels import Action, Exposure
from cer_assist.store.tables import Project
from cer_assist.store.types import now
from tests.browser.actions import (
    PAGE,
    events,
    open_label,
    press,
    protocol_on,
    settle,
    use_other_scale,
)
from tests.browser.conftest import PageFor, Site, World
from tests.builders import a_model

pytestmark = pytest.mark.browser
EMOJI = "We 👩‍👩‍👧 meet. Cafe\u0301 owners 🎉 joined the board."


def test_one_key_chooses_saves_and_moves_on(live_server: Site, coder: Page) -> None:
    open_label(coder)
    first = protocol_on(coder)
    press(coder, "4")
    assert protocol_on(coder) != first
    expect(coder.locator("#saved")).to_have_text(re.compile(r"^Saved \d\d:\d\d"))
    expect(coder.locator("#progress")).to_have_text(re.compile(r"^1/6"))
    focused = coder.evaluate("document.activeElement.id")
    assert focused == "card-title"
    (event,) = events(live_server)
    assert (event.protocol_id, event.level, event.exposure) == (first, 4, Exposure.blind)
    assert event.seconds is not None


def test_saved_appears_only_after_the_servers_answer(live_server: Site, coder: Page) -> None:
    open_label(coder)
    first = protocol_on(coder)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    coder.route(f"**{PAGE}", hold)
    coder.keyboard.press("3")
    coder.wait_for_timeout(200)
    expect(coder.locator("#saved")).to_have_text("")
    assert protocol_on(coder) == first
    coder.keyboard.press("5")  # nothing else is taken meanwhile
    held[0].continue_()
    expect(coder.locator("#saved")).to_have_text(re.compile("^Saved"))
    assert [event.level for event in events(live_server)] == [3]


def publish(site: Site, world: World) -> None:
    """A version that says 2 of everything, with many words for each level."""
    with site.database.write() as session:
        words: dict[str, object] = {
            str(level): [
                {"word": f"a-long-word-{n}", "weight": 1 / n, "n_documents": 3} for n in range(1, 9)
            ]
            for level in range(1, 6)
        }
        said = dict.fromkeys(world.protocols, (2, [0.05, 0.7, 0.1, 0.05, 0.1]))
        a_model(session, session.get_one(Project, world.project_id), said, words=words)


@pytest.mark.usefixtures("model")
def test_the_model_speaks_after_the_own_answer(live_server: Site, coder: Page) -> None:
    open_label(coder)
    assert "70" not in coder.locator("#machine").inner_text()
    expect(coder.locator(".hl")).to_have_count(0)
    press(coder, "3")
    expect(coder.locator("#machine")).to_contain_text("Model suggests 4 70 %")
    expect(coder.locator("#machine")).to_contain_text("version 1, from 5 labels")
    expect(coder.get_by_role("img", name=re.compile("level 4 70 %"))).to_be_visible()
    expect(coder.locator(".hl")).to_have_count(1)
    expect(coder.get_by_role("button", name="Keep 3")).to_be_focused()
    coder.keyboard.press("h")
    assert coder.locator(".hl").evaluate("e => getComputedStyle(e).backgroundColor") in (
        "rgba(0, 0, 0, 0)",
        "transparent",
    )
    press(coder, "Enter")
    press(coder, "2")
    press(coder, "4")
    expect(coder.locator("#mine")).to_have_text("2")
    told = [(event.level, event.exposure) for event in events(live_server)]
    assert told == [
        (3, Exposure.blind),
        (3, Exposure.after_suggestion),
        (2, Exposure.blind),
        (4, Exposure.after_suggestion),
    ]


@pytest.mark.usefixtures("model")
def test_a_double_press_does_not_answer_for_the_reveal(live_server: Site, coder: Page) -> None:
    coder.clock.install()
    open_label(coder)
    coder.clock.pause_at(now() + dt.timedelta(seconds=5))  # however slow the machine is
    answers: list[str] = []
    coder.on("request", lambda sent: answers.append(sent.url) if sent.method == "POST" else None)
    coder.keyboard.press("3")
    expect(coder.get_by_role("button", name="Keep 3")).to_be_visible()
    coder.clock.run_for(100)
    coder.keyboard.press("3")
    coder.clock.resume()
    settle(coder)
    expect(coder.get_by_role("button", name="Keep 3")).to_be_visible()
    assert (len(answers), len(events(live_server))) == (1, 1)
    press(coder, "3")
    assert (len(answers), len(events(live_server))) == (2, 2)


def test_undo_takes_back_one_after_the_other(live_server: Site, coder: Page) -> None:
    open_label(coder)
    shown = [protocol_on(coder)]
    press(coder, "1")
    shown.append(protocol_on(coder))
    press(coder, "2")
    press(coder, "u")
    assert protocol_on(coder) == shown[1]
    expect(coder.locator(".own")).to_have_text(re.compile(r"took your answer \(2\) back"))
    press(coder, "u")
    assert protocol_on(coder) == shown[0]
    expect(coder.get_by_role("button", name=re.compile("undo"))).to_be_disabled()
    expect(coder.locator("#mine")).to_have_text("0")
    press(coder, "5")
    expect(coder.locator("#mine")).to_have_text("1")
    assert [(event.action, event.level) for event in events(live_server)] == [
        (Action.label, 1),
        (Action.label, 2),
        (Action.withdraw, None),
        (Action.withdraw, None),
        (Action.label, 5),
    ]


def test_skip_asks_for_a_reason_by_key_or_in_words(live_server: Site, coder: Page) -> None:
    open_label(coder)
    coder.keyboard.press("s")
    expect(coder.get_by_role("dialog", name="Skip this protocol")).to_be_visible()
    press(coder, "2")
    coder.keyboard.press("s")
    coder.get_by_label("Another reason").fill("written in 3 languages")
    press(coder, "Enter")
    coder.keyboard.press("s")
    coder.keyboard.press("Escape")
    expect(coder.get_by_role("dialog")).to_have_count(0)
    told = [(event.action, event.note) for event in events(live_server)]
    assert told == [
        (Action.skip, "This is not a research protocol"),
        (Action.skip, "written in 3 languages"),
    ]


def test_keys_are_silent_in_text_fields(live_server: Site, coder: Page) -> None:
    open_label(coder)
    coder.keyboard.press("n")
    coder.keyboard.type("3 schools, us? see s. 4")
    coder.wait_for_timeout(200)
    assert events(live_server) == []
    coder.keyboard.press("Escape")
    coder.keyboard.press("c")
    coder.keyboard.press("c")
    press(coder, "3")
    expect(coder.get_by_label("Note", exact=True)).to_have_value("")
    coder.keyboard.press("Alt+3")
    expect(coder.get_by_label("sure", exact=True)).to_be_checked()
    coder.keyboard.press("c")
    expect(coder.locator("#confidence :checked")).to_have_count(0)
    (event,) = events(live_server)
    assert (event.note, event.confidence) == ("3 schools, us? see s. 4", 2)


def test_keys_can_be_changed_and_stay_so(live_server: Site, coder: Page) -> None:
    open_label(coder)
    coder.keyboard.press("?")
    sheet = coder.get_by_role("dialog", name="Keys")
    sheet.get_by_role("button", name="Undo the last answer").click()
    coder.keyboard.press("s")
    expect(sheet.get_by_role("status")).to_contain_text("taken by “Skip, with a reason”")
    coder.keyboard.press("z")
    sheet.get_by_role("button", name="4 Cooperative").click()
    coder.keyboard.press("j")
    coder.keyboard.press("Escape")
    coder.reload()
    settle(coder)
    expect(coder.get_by_role("button", name="Z undo")).to_be_visible()
    press(coder, "j")
    coder.keyboard.press("u")
    coder.wait_for_timeout(100)
    press(coder, "z")
    assert [(e.action, e.level) for e in events(live_server)] == [
        (Action.label, 4),
        (Action.withdraw, None),
    ]
    coder.keyboard.press("?")
    coder.get_by_role("button", name="All keys as they were").click()
    assert coder.evaluate("localStorage.getItem('cer.keys')") is None


def test_all_of_it_without_a_mouse(live_server: Site, coder: Page) -> None:
    open_label(coder)
    first = protocol_on(coder)
    coder.keyboard.press("g")
    coder.keyboard.press("r")
    assert coder.evaluate("document.activeElement.textContent") == "Recruitment"
    coder.keyboard.press("e")
    expect(coder.locator("#banner")).to_contain_text("Marking words")
    coder.keyboard.press("ArrowRight")
    coder.keyboard.press("Shift+ArrowRight")
    coder.keyboard.press("Enter")
    expect(coder.locator("mark.ev")).to_have_count(1)
    expect(coder.locator("#banner")).to_be_hidden()
    reached = set()
    for _ in range(60):
        coder.keyboard.press("Tab")
        reached.add(coder.evaluate("document.activeElement.getAttribute('value')"))
        if coder.evaluate("document.activeElement.matches('.digit[value=\"4\"]')"):
            break
    press(coder, "Space")
    (event,) = events(live_server)
    assert (event.protocol_id, event.level) == (first, 4)
    assert len(event.evidence[0]["quote"].split()) == 2


@pytest.mark.parametrize("height", [650, 800, 1080])
def test_level_buttons_never_move(
    live_server: Site,
    world: World,
    set_project: Callable[..., None],
    page_for: PageFor,
    height: int,
) -> None:
    coder = page_for("ana", viewport={"width": 1280, "height": height})
    boxes = []

    def look() -> None:
        digits = coder.locator(".digit")
        boxes.append([digits.nth(i).bounding_box() for i in range(digits.count())])

    open_label(coder)
    look()
    publish(live_server, world)
    open_label(coder)
    look()
    coder.locator("details.more summary").nth(2).click()
    look()
    coder.keyboard.press("Escape")
    press(coder, "3")
    look()
    press(coder, "2")
    look()
    for policy in ("hidden", "shown"):
        set_project(suggestion_policy=policy)
        open_label(coder)
        look()
    assert len(boxes[0]) == 5
    assert all(found == boxes[0] for found in boxes)
    size = coder.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    assert size[0] <= size[1]


def test_the_scale_comes_from_the_rubric(live_server: Site, world: World, coder: Page) -> None:
    use_other_scale(live_server, world)
    open_label(coder)
    expect(coder.locator(".digit .n")).to_have_text(["0", "1", "2"])
    press(coder, "0")
    coder.keyboard.press("4")
    coder.wait_for_timeout(100)
    assert [event.level for event in events(live_server)] == [0]


def test_a_new_version_is_told_of_and_its_words_come_with_the_next_card(
    live_server: Site, world: World, coder: Page
) -> None:
    coder.clock.install()
    coder.goto(PAGE)
    coder.clock.run_for(500)
    expect(coder.locator("#version-line")).to_have_text("no model yet")
    with live_server.database.write() as session:
        words: dict[str, object] = {"2": [{"word": "flyers", "weight": 1.0, "n_documents": 3}]}
        a_model(session, session.get_one(Project, world.project_id), {}, words=words)
    coder.clock.run_for(21_000)
    expect(coder.locator("#version-line")).to_have_text("version 1, from 5 labels")
    expect(coder.locator(".words [data-words='2']")).to_have_text("")
    coder.keyboard.press("3")
    expect(coder.locator(".words [data-words='2']")).to_have_text("flyers")


def test_without_javascript_the_page_still_labels(live_server: Site, page_for: PageFor) -> None:
    page = page_for("ana", java_script_enabled=False)
    page.goto(PAGE)
    first = protocol_on(page)
    page.get_by_label("Note", exact=True).fill("by hand")
    page.get_by_role("button", name="4 Cooperative").click()
    assert protocol_on(page) != first
    expect(page.get_by_text("Saved: level 4.")).to_be_visible()
    page.get_by_role("button", name=re.compile("skip")).click()
    page.get_by_role("button", name="I have a conflict of interest").click()
    expect(page.get_by_text("Saved: skipped.")).to_be_visible()
    page.get_by_role("button", name=re.compile("undo")).click()
    expect(page.get_by_text("Saved: your answer is taken back.")).to_be_visible()
    told = [(event.action, event.level, event.note) for event in events(live_server)]
    assert told == [
        (Action.label, 4, "by hand"),
        (Action.skip, None, "I have a conflict of interest"),
        (Action.withdraw, None, ""),
    ]
