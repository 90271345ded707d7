"""Assignments in a real browser: a lead deals, a coder works them off, the lead moves the rest."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cer_assist.services import assignments
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.assignments import AssignmentKind
from tests.browser.actions import open_label, press
from tests.browser.conftest import PageFor, World
from tests.browser.test_pages import faults
from tests.builders import a_label

pytestmark = pytest.mark.browser


@pytest.fixture
def sent_back(database: Database, world: World) -> int:
    """A protocol that an adjudicator sent back to ana, who had said 4."""
    key = world.protocols[2]
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        a_label(session, project, key, by=world.ana, level=4)
        kind = AssignmentKind.returned
        assignments.ask(session, project, key, world.ana, kind, note="page 2?", by=world.lea)
    return key


def deal_three(lead: Page) -> None:
    """Three protocols for ana, looked at first."""
    lead.goto("/p/demo/rubric")
    lead.get_by_role("button", name="More").click()
    lead.get_by_role("link", name="Assignments").click()
    lead.get_by_role("checkbox", name="ana").check()
    lead.get_by_label("How many each, at most").fill("3")
    lead.get_by_label("Comment to the coders").fill("first round")
    lead.get_by_role("button", name="Look at what it comes to").click()
    gets = lead.get_by_role("region", name="Table of what each coder gets")
    expect(gets.get_by_role("row", name="ana")).to_contain_text("3")
    assert faults(lead) == []
    lead.get_by_role("button", name="Deal 3 protocols").click()
    expect(lead.get_by_role("status")).to_have_text("3 protocols dealt: ana 3.")


def test_a_lead_deals_a_coder_works_them_off_and_the_rest_is_moved(page_for: PageFor) -> None:
    lead, coder = page_for("lea"), page_for("ana")
    deal_three(lead)
    coder.goto("/")
    expect(coder.get_by_text("3 open, 0 done")).to_be_visible()
    coder.get_by_text("Assigned to you, in the order").click()
    expect(coder.get_by_role("listitem").filter(has_text="first round")).to_have_count(3)
    assert faults(coder) == []
    open_label(coder)
    expect(coder.get_by_text("why this one: assigned to you: first round")).to_be_visible()
    press(coder, "2")
    press(coder, "3")
    coder.goto("/")
    expect(coder.get_by_text("1 open, 2 done")).to_be_visible()
    lead.reload()
    lead.get_by_role("link", name="Take back or move what is open with ana").click()
    lead.get_by_label("goes to", exact=True).select_option(label="lea")
    lead.get_by_role("button", name="Take back or move").click()
    expect(lead.get_by_role("status")).to_have_text("1 protocol moved.")
    coder.goto("/")
    expect(coder.get_by_text("0 open, 2 done")).to_be_visible()
    open_label(lead)
    expect(lead.get_by_text("why this one: assigned to you: first round")).to_be_visible()


def test_who_is_asked_again_keeps_their_answer_with_one_key(
    page_for: PageFor, sent_back: int
) -> None:
    coder = page_for("ana")
    open_label(coder)
    expect(coder.locator("#reading")).to_have_attribute("data-protocol", str(sent_back))
    expect(coder.get_by_text("the adjudicator asks you to read it again")).to_be_visible()
    press(coder, "k")
    expect(coder.locator("#reading")).not_to_have_attribute("data-protocol", str(sent_back))
