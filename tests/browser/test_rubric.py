"""A rubric's life in a real browser: edited, compared, published, read by, read again."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cer_assist.services import rubric_versions
from cer_assist.store.tables import Project
from tests.browser.actions import PAGE, events, open_label, press, protocol_on
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_pages import faults
from tests.builders import a_label, a_new_rubric

pytestmark = pytest.mark.browser

WORDS = "A partner lends a room, and nothing else."


def publish(site: Site, world: World, definition: str = WORDS) -> int:
    with site.database.write() as session:
        project = session.get_one(Project, world.project_id)
        new = a_new_rubric(session, project, 2, definition)
        return rubric_versions.publish(session, project.id, new, "Rooms.", None, world.lea).id


def edit(lead: Page) -> None:
    """From the rubric's page to a draft without faults, with a look at what changed."""
    lead.goto("/p/demo/rubric")
    lead.get_by_role("link", name="Edit into a new version").click()
    definition = lead.get_by_role("group", name="2 Instrumental").get_by_label("Definition")
    definition.fill("")
    lead.get_by_role("button", name="Save", exact=True).first.click()
    expect(definition).to_have_attribute("aria-invalid", "true")
    expect(lead.get_by_text("1 place to be filled in before")).to_be_visible()
    assert faults(lead) == []
    definition.fill(WORDS)
    lead.get_by_role("button", name="Save and see what changed").first.click()
    expect(lead.get_by_role("heading", name="version 1 and the draft")).to_be_visible()
    expect(lead.locator("ins").filter(has_text="lends a room")).to_be_visible()
    assert faults(lead) == []


def publish_on_page(lead: Page) -> None:
    """From what changed to the work list."""
    lead.get_by_role("link", name="Publish …").click()
    assert faults(lead) == []
    expect(lead.get_by_role("checkbox", name="2 Instrumental")).to_be_checked()
    lead.get_by_label("What changed and why").fill("Rooms are told apart.")
    lead.get_by_role("button", name="Publish version 2").click()
    expect(lead.get_by_text("Version 2 is published")).to_be_visible()


def test_a_lead_edits_sees_the_difference_publishes_and_sends_back(
    page_for: PageFor, live_server: Site, world: World
) -> None:
    first = world.protocols[0]
    with live_server.database.write() as session:
        a_label(session, session.get_one(Project, world.project_id), first, by=world.ana, level=2)
    lead, coder = page_for("lea"), page_for("ana")
    edit(lead)
    publish_on_page(lead)
    expect(lead.get_by_role("checkbox", name="Choose P-1")).to_be_checked()
    assert faults(lead) == []
    lead.get_by_role("button", name="Send back").click()
    expect(lead.get_by_text("1 reading sent back")).to_be_visible()
    open_label(coder)
    expect(coder.locator("#reading")).to_contain_text("the rubric has changed")
    expect(coder.locator("#rubric-line")).to_contain_text("rubric v2 since")
    expect(coder.locator("[data-level='2'] .definition")).to_have_text(WORDS)
    assert coder.evaluate("document.documentElement.scrollWidth") == 1280
    assert faults(coder) == []
    press(coder, "Enter")  # keep
    assert protocol_on(coder) != first
    last = events(live_server)[-1]
    assert (last.protocol_id, last.level, last.rubric_version_id) == (first, 2, 2)
    lead.reload()
    expect(lead.get_by_text("All that was sent back is read again.")).to_be_visible()


def version_line(page: Page) -> str:
    return page.locator("#rubric-line").inner_text()


def test_a_coder_at_work_keeps_the_page_and_gets_the_new_rubric_with_the_next_protocol(
    coder: Page, live_server: Site, world: World
) -> None:
    coder.clock.install()
    coder.goto(PAGE)
    coder.clock.run_for(500)
    read = protocol_on(coder)
    coder.locator("#note").fill("still thinking")
    second = publish(live_server, world)
    coder.clock.run_for(21_000)
    expect(coder.locator("#rubric-line")).to_have_text("rubric v2 with the next protocol")
    assert coder.locator("#note").input_value() == "still thinking"
    assert WORDS not in coder.locator("[data-level='2'] .definition").inner_text()
    coder.clock.resume()
    coder.locator("#card-title").focus()
    with coder.expect_navigation():
        coder.keyboard.press("3")
    expect(coder.locator("#rubric-line")).to_contain_text("rubric v2 since")
    expect(coder.locator("[data-level='2'] .definition")).to_have_text(WORDS)
    first = events(live_server)[-1]
    assert (first.protocol_id, first.note, first.rubric_version_id) == (read, "still thinking", 1)
    assert protocol_on(coder) != read
    press(coder, "4")
    assert events(live_server)[-1].rubric_version_id == second
    coder.reload()
    assert version_line(coder) == "rubric v2"


@pytest.mark.usefixtures("model")
def test_keep_or_change_is_asked_by_the_rubric_that_was_read(
    coder: Page, live_server: Site, world: World
) -> None:
    open_label(coder)
    publish(live_server, world)
    press(coder, "3")
    expect(coder.locator("#reading")).to_have_attribute("data-stage", "reveal")
    assert version_line(coder) == "rubric v1"
    with coder.expect_navigation():
        coder.keyboard.press("Enter")
    expect(coder.locator("#rubric-line")).to_contain_text("rubric v2 since")
    assert [event.rubric_version_id for event in events(live_server)] == [1, 1]


def test_it_is_edited_without_a_script(page_for: PageFor) -> None:
    page = page_for("lea", java_script_enabled=False)
    page.goto("/p/demo/rubric/draft")
    page.get_by_label("Title").fill("Another title")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_label("Title")).to_have_value("Another title")
    expect(page.get_by_text("Saved by lea")).to_be_visible()
