"""Settling a disagreement by keyboard in a real browser, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from cer_assist.services import labelling, training_data
from cer_assist.store.engine import Database
from cer_assist.store.tables import Adjudication, CurrentLabel, LabelEvent, Project, Protocol
from tests.browser.actions import open_label, press, settle
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults
from tests.builders import a_member, a_request

pytestmark = pytest.mark.browser


@pytest.fixture
def disputed(database: Database, world: World) -> list[int]:
    """Two of the protocols, on which ana and ben differ by two levels and by one."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        ben = a_member(session, project, "ben").id
        for at, levels in ((0, (2, 4)), (1, (3, 4))):
            for coder, level in zip((world.ana, ben), levels, strict=True):
                marks = ((6, 12), (16, 30)) if coder == ben else ((0, 20),)
                asked = a_request(world.protocols[at], level, evidence=marks, note="why so")
                labelling.record_label(session, coder, project, asked)
    return world.protocols[:2]


def stands(database: Database, protocol: int) -> list[tuple[str, int | None]]:
    """Lanes and levels in force."""
    with database.read() as session:
        rows = session.execute(
            select(CurrentLabel.lane, CurrentLabel.level)
            .where(CurrentLabel.protocol_id == protocol)
            .order_by(CurrentLabel.event_id)
        )
        return [(lane, level) for lane, level in rows]


def ready(page: Page) -> None:
    """Wait until the page takes every key."""
    expect(page.locator("#ruling[data-settled]")).to_be_attached()


def box(page: Page, selector: str) -> Any:
    return page.locator(selector).bounding_box()


def test_a_lead_settles_by_keyboard_and_the_next_comes(
    lead: Page, database: Database, world: World, disputed: list[int]
) -> None:
    first, second = disputed
    with database.read() as session:
        before = session.execute(select(LabelEvent.id, LabelEvent.sha256)).all()
    lead.goto("/p/demo/rubric")
    lead.get_by_role("link", name="Adjudicate").click()
    lead.get_by_role("link", name="Begin with the first").click()
    expect(lead).to_have_url(f"{lead.url.split('/p/')[0]}/p/demo/adjudicate/{first}")
    ready(lead)
    lead.keyboard.press("3")
    lead.keyboard.press("g")
    lead.keyboard.press("n")
    lead.keyboard.type("one phase 5 d")  # letters and digits that do nothing while one writes
    lead.keyboard.press("Escape")
    expect(lead.get_by_role("radio", name="3 Academic-led")).to_be_checked()
    expect(lead.get_by_role("radio", name="Rubric gap")).to_be_checked()
    lead.keyboard.press("d")
    expect(lead.get_by_role("status")).to_contain_text("the final level is 3")
    expect(lead.locator("#reading")).to_contain_text("End of P-2")
    assert stands(database, first) == [("coder", 2), ("coder", 4), ("final", 3)]
    with database.read() as session:
        act = session.scalars(select(Adjudication)).one()
        assert (act.reason, act.note) == ("rubric_gap", "one phase 5 d")
        assert training_data.training_levels(session, world.project_id) == {first: 3}
        after = session.execute(select(LabelEvent.id, LabelEvent.sha256)).all()
        assert after[: len(before)] == before
    ready(lead)
    lead.keyboard.press("d")  # nothing chosen yet: the browser says so, nothing is sent
    expect(lead.locator("#reading")).to_contain_text("End of P-2")
    assert len(stands(database, second)) == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_but_the_text_scrolls_and_axe_finds_nothing(
    page_for: PageFor, database: Database, disputed: list[int], theme: str
) -> None:
    page = page_for("lea", color_scheme=theme)
    page.goto(f"/p/demo/adjudicate/{disputed[0]}")
    ready(page)
    page.keyboard.press("4")
    page.keyboard.press("s")
    assert faults(page) == []
    for part in (":root", "#voices", ".ladder", ".tools", ".meaning"):
        for room in page.locator(part).all():
            assert room.evaluate("(e) => e.scrollHeight <= e.clientHeight + 1"), part
    page.locator("#voices .quotes a").first.click()
    expect(page.locator(".voice.shown").first).to_be_in_viewport()
    lines = page.eval_on_selector_all(
        "#reading .body .voice, #card-title .voice",
        "(marks) => marks.map((mark) => getComputedStyle(mark).textDecorationLine)",
    )
    assert set(lines) == {"underline", "overline"}  # told apart without colour


def test_a_phone_has_room_for_it_without_javascript(
    page_for: PageFor, database: Database, disputed: list[int]
) -> None:
    page = page_for("lea", viewport={"width": 400, "height": 800}, java_script_enabled=False)
    page.goto(f"/p/demo/adjudicate/{disputed[0]}")
    assert box(page, "main")["width"] == 400
    page.locator("label.digit", has_text="5").click()
    page.get_by_role("radio", name="Slip").check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Saved: the final level is 5.")).to_be_visible()
    assert stands(database, disputed[0])[-1] == ("final", 5)


def test_what_is_sent_back_comes_first_and_is_kept_by_one_key(
    page_for: PageFor, lead: Page, database: Database, disputed: list[int]
) -> None:
    first = disputed[0]
    lead.goto(f"/p/demo/adjudicate/{first}")
    ready(lead)
    lead.keyboard.press("n")
    lead.keyboard.type("Look at the flyers.")
    lead.keyboard.press("Escape")
    lead.keyboard.press("b")
    expect(lead.get_by_role("status")).to_contain_text("Sent back")
    coder = page_for("ana")
    coder.goto("/")
    expect(coder.get_by_text("The adjudicator asks you to read it again")).to_be_visible()
    open_label(coder)
    expect(coder.locator(".sent-back")).to_contain_text("Look at the flyers.")
    assert faults(coder) == []
    press(coder, "Enter")
    settle(coder)
    expect(coder.locator(".sent-back")).to_have_count(0)
    with database.read() as session:
        events = session.scalars(
            select(LabelEvent).where(LabelEvent.protocol_id == first).order_by(LabelEvent.id)
        ).all()
        assert [event.level for event in events] == [2, 4, 2]
        assert events[-1].exposure == "after_peer"
        assert session.get_one(Protocol, first).coders_missing == 0
