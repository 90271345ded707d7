"""The main job as a newcomer does it: `demo`, the printed link, ten labels, an export."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from cer_assist.cli.demo import SLUG, VISITOR
from cer_assist.config import ROOT
from cer_assist.exports.writing import FORMATS
from cer_assist.services import accounts, models, projects
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent, ModelVersion, Protocol
from tests.browser.actions import open_label, press, protocol_on, settle
from tests.browser.conftest import watch
from tests.builders import intended_levels

LABELS = 10
LABEL_PAGE = f"/p/{SLUG}/label"


class Demo:
    """`manage.py demo` as a person starts it."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home = home
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-browser"]
        self.process = subprocess.Popen(
            [*command, "--home", str(home), "--port", str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.link = self.read_link()

    def read_link(self) -> str:
        """The one-time address it prints once everything is made."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"(http://\S+/link/\S+)", line):
                return found[1]
        raise AssertionError(f"demo ended with code {self.process.wait()} and printed no link")

    def stop(self) -> None:
        """Ctrl-C, and nothing is left."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(40) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    started = Demo(tmp_path_factory.mktemp("home"))
    yield started
    started.stop()


@pytest.fixture
def database(demo: Demo) -> Iterator[Database]:
    opened = Database(f"sqlite:///{demo.home / 'cer.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def page(demo: Demo, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        base_url=demo.url, viewport={"width": 1280, "height": 800}, accept_downloads=True
    )
    faults: list[str] = []
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    watch(opened, faults)
    yield opened
    context.close()
    assert faults == []


def my_events(database: Database) -> list[LabelEvent]:
    with database.read() as session:
        visitor = accounts.find_account(session, VISITOR).id
        statement = select(LabelEvent).where(LabelEvent.account_id == visitor)
        return list(session.scalars(statement.order_by(LabelEvent.id)))


def test_the_main_job(demo: Demo, database: Database, page: Page, tmp_path: Path) -> None:
    wait_for_web(page, demo)
    page.goto(demo.link)
    page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    expect(page.get_by_role("link", name="CER Assist")).to_be_visible()

    open_label(page, LABEL_PAGE)
    levels = intended_levels()
    for number in range(LABELS):
        level = levels[name_on(database, page)]
        answer(page, level, offline=number == LABELS // 2)
    answered = my_events(database)
    assert {event.exposure for event in answered} == {"blind", "after_suggestion"}
    blind = [event for event in answered if event.exposure == "blind"]
    assert len({event.protocol_id for event in blind}) == LABELS

    before = protocol_on(page)
    press(page, "u")
    assert my_events(database)[-1].action == "withdraw"
    assert protocol_on(page) != before

    check_new_version(database, page)
    check_export(database, page, tmp_path)


def name_on(database: Database, page: Page) -> str:
    """The id of the protocol on screen."""
    with database.read() as session:
        return session.get_one(Protocol, protocol_on(page)).external_id


def wait_for_web(page: Page, demo: Demo) -> None:
    """The link is printed while the web process is still starting."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(demo.url.rsplit(":", 1)[1]))) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the web process did not start")


def answer(page: Page, level: int, *, offline: bool = False) -> None:
    """Answer blind by one key, then keep the answer once the model's view is shown."""
    if offline:
        page.context.set_offline(True)
        page.keyboard.press(str(level))
        expect(page.locator("#banner")).to_contain_text("Not saved yet")
        page.context.set_offline(False)
        expect(page.locator("#banner")).to_be_hidden()
        settle(page)
    else:
        press(page, str(level))
    expect(page.locator("#saved")).to_contain_text("Saved")
    if page.locator("[data-stage='reveal']").count():
        press(page, "Enter")


def check_new_version(database: Database, page: Page) -> None:
    """The worker has learned from the labels; the pages say from how many, and show its words."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and newest(database).number == 1:
        time.sleep(0.5)
    page.goto(f"/p/{SLUG}/words")
    text = page.locator("main").inner_text()
    (number,) = {int(found) for found in re.findall(r"version (\d+)", text)}
    assert number > 1
    with database.read() as session:
        shown = session.scalars(select(ModelVersion).where(ModelVersion.number == number)).one()
    for words in shown.words.values():
        assert words[0]["word"] in text
    open_label(page, LABEL_PAGE)
    line = re.compile(r"version ([2-9]|\d\d), from \d+ labels")
    expect(page.locator("#version-line")).to_contain_text(line)


def newest(database: Database) -> ModelVersion:
    """The version in use."""
    with database.read() as session:
        project = projects.find_project(session, SLUG)
        version = models.current_version(session, project.id)
    assert version is not None
    return version


def check_export(database: Database, page: Page, folder: Path) -> None:
    """Every label is in the file, and the chain is whole."""
    page.goto(f"/p/{SLUG}/data")
    with page.expect_download() as started:
        page.get_by_role("button", name=re.compile("CSV")).click()
    path = folder / f"export{FORMATS['csv'].ending}"
    started.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        rows = archive.read("label_events.csv").decode("utf-8-sig").splitlines()
    with database.read() as session:
        count = len(session.scalars(select(LabelEvent.id)).all())
        assert verify(session).intact
    assert len(rows) >= count + 1
