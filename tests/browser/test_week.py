"""A whole week, acted out: set up, read, reveal, disagree, settle, a new rubric, report."""

from __future__ import annotations

import datetime as dt
import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cer_assist import agreeing, swaying, worker
from cer_assist.config import Settings
from cer_assist.domain.labels import Exposure
from cer_assist.services import jobs, proposals, training_data
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent, Project
from tests.browser.actions import events, open_label, press, protocol_on
from tests.browser.actions import settle as settled
from tests.browser.conftest import PageFor, Site, World
from tests.browser.test_pages import faults
from tests.browser.test_rubric import edit, publish_on_page
from tests.builders import a_member

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GAP = "A room and a say in the flyers: 2 or 3?"


def set_up(lead: Page) -> None:
    """Two readers for each protocol, and two protocols for both coders by Friday."""
    lead.goto("/p/demo/settings")
    lead.get_by_label("Readers a protocol").fill("2")
    lead.get_by_label("Share read by one coder more").fill("0")
    lead.get_by_role("button", name="Save").click()
    lead.goto("/p/demo/assignments")
    lead.get_by_role("button", name="Apply to protocols that nobody has read").click()
    for name in ("ana", "ben"):
        lead.get_by_role("checkbox", name=name).check()
    lead.get_by_role("radio", name="These.").check()
    lead.get_by_label("Ids, one a line").fill("P-1\nP-2")
    lead.get_by_role("button", name="Look at what it comes to").click()
    lead.get_by_role("button", name="Deal 2 protocols").click()
    expect(lead.get_by_role("status")).to_contain_text("ana 2, ben 2")


def read(coder: Page, answers: dict[int, tuple[str, str]]) -> None:
    """Both assigned protocols: an answer of one's own, then keep or change at the reveal."""
    coder.goto("/")
    expect(coder.get_by_text("2 open, 0 done")).to_be_visible()
    open_label(coder)
    for _ in answers:
        own, then = answers[protocol_on(coder)]
        assert "70 %" not in coder.locator("#machine").inner_text(), "nothing before the answer"
        press(coder, own)
        expect(coder.locator("#machine")).to_contain_text("70 %")
        press(coder, then)
    coder.goto("/")
    expect(coder.get_by_text("0 open, 2 done")).to_be_visible()


def settle(lead: Page) -> None:
    """One protocol waits; the reason is a gap in the rubric."""
    lead.goto("/")
    expect(lead.get_by_text("1 protocol to settle")).to_be_visible()
    lead.get_by_role("link", name="1 protocol to settle").click()
    lead.get_by_role("link", name="Begin with the first").click()
    lead.get_by_role("radio", name="3 Academic-led").check(force=True)
    lead.get_by_role("radio", name="Rubric gap").check(force=True)
    lead.get_by_label("Note").fill(GAP)
    lead.get_by_role("button", name="Decide").click()
    expect(lead.get_by_role("status")).to_contain_text("the final level is 3")


def work_off(database: Database, home: Path, project_id: int) -> None:
    """What a worker would do for the two reports."""
    lease = dt.timedelta(seconds=30)
    for kind, handler in (
        (jobs.AGREEMENT, agreeing.agree),
        (jobs.EXPOSURE, swaying.make_report),
    ):
        with database.write() as session:
            claim = jobs.claim(session, "test", lease, only=(kind, project_id))
        assert claim is not None
        held = worker.Held(database, claim, lease, threading.Event())
        worker.perform(Settings(home=home), held, handler)


def report(lead: Page, database: Database, home: Path, project_id: int) -> None:
    """Agreement of what was said independently, and what the suggestion did."""
    for page in ("agreement", "exposure"):
        lead.goto(f"/p/demo/{page}")
    work_off(database, home, project_id)
    lead.goto("/p/demo/agreement")
    expect(lead.locator("main")).to_contain_text("Measured on 2 protocols read by two coders")
    expect(lead.locator("main")).to_contain_text("Only 2 protocols")
    assert faults(lead) == []
    lead.goto("/p/demo/exposure")
    expect(lead.locator("main")).to_contain_text(re.compile("changed 1 of 4 answers"))
    assert faults(lead) == []


def told(found: list[LabelEvent], protocol: int) -> list[tuple[str, int | None, str, int]]:
    return [
        (event.lane, event.level, event.exposure, event.rubric_version_id)
        for event in found
        if event.protocol_id == protocol
    ]


@pytest.mark.usefixtures("model")
def test_a_week_of_an_office(
    page_for: PageFor, live_server: Site, world: World, tmp_path: Path
) -> None:
    first, second = world.protocols[:2]
    database = live_server.database
    with database.write() as session:
        a_member(session, session.get_one(Project, world.project_id), "ben")
    lead, ana, ben = (page_for(name) for name in ("lea", "ana", "ben"))
    set_up(lead)
    read(ana, {first: ("3", "4"), second: ("3", "k")})
    read(ben, {first: ("2", "k"), second: ("3", "k")})
    settle(lead)
    edit(lead)
    publish_on_page(lead)
    lead.get_by_role("button", name="Send back").click()
    ben.goto("/")
    expect(ben.get_by_role("heading", name="To be read again")).to_be_visible()
    ben.get_by_role("link", name="Study number 1").click()
    settled(ben)
    assert protocol_on(ben) == first
    expect(ben.locator("#reading")).to_contain_text("the rubric has changed")
    press(ben, "3")
    report(lead, database, tmp_path, world.project_id)
    found = events(live_server)
    blind, seen = Exposure.blind, Exposure.after_suggestion
    assert told(found, first) == [
        ("coder", 3, blind, 1),
        ("coder", 4, seen, 1),
        ("coder", 2, blind, 1),
        ("coder", 2, seen, 1),
        ("final", 3, Exposure.after_peer, 1),
        ("coder", 3, seen, 2),
    ]
    assert [level for _, level, _, _ in told(found, second)] == [3, 3, 3, 3]
    with database.read() as session:
        assert training_data.training_levels(session, world.project_id) == {first: 3, second: 3}
        (gap,) = proposals.mine(session, world.project_id, world.lea)
        assert gap.text == GAP
        assert verify(session).intact
