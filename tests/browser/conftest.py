"""A real server, a real SQLite file and a real Chromium; a page's own errors fail its test."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import waitress.server
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select

from cer_assist.config import Settings
from cer_assist.domain.remarks import Remark
from cer_assist.services import accounts, history, jobs, remarks, suggestions
from cer_assist.services.remarks import RemarkRequest
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Job, ModelVersion, Project
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.tables.servings import Disclosed
from tests.apps import an_app
from tests.builders import a_label, a_member, a_model, a_project, some_protocols, two_readings
from tests.practice import some_items
from tests.scores import some_scores
from tests.served import end

PageFor = Callable[..., Page]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FIGURE = {"value": 0.74, "low": 0.62, "high": 0.83}
WORDS: dict[str, object] = {
    str(level): [
        {"word": f"word-{rank}", "weight": 1 / rank, "n_documents": rank + 1}
        for rank in range(1, 12)
    ]
    for level in range(1, 6)
}
# Chromium reports every reply of 4xx and every lost connection: tests bring those about on purpose.
EXPECTED_NOISE = "Failed to load resource"


@dataclass
class Site:
    """A running server and what it stands on."""

    url: str
    database: Database
    faults: list[str] = field(default_factory=list)

    def sign_in(self, context: BrowserContext, username: str) -> None:
        """Give a browser the session of an account, without the cost of a password."""
        with self.database.write() as session:
            account = accounts.find_account(session, username)
            token = accounts.open_session(session, account.id, dt.timedelta(hours=1))
        context.add_cookies([{"name": "cer_session", "value": token, "url": self.url}])

    def sign_out(self, username: str) -> None:
        """End all sessions of an account, as time would."""
        with self.database.write() as session:
            accounts._end_all(session, accounts.find_account(session, username).id)


@dataclass
class World:
    """A project with protocols, a coder ana and a lead lea."""

    project_id: int
    ana: int
    lea: int
    protocols: list[int]


@pytest.fixture
def world(database: Database) -> World:
    """Six short protocols in project `demo`, under the default policy."""
    with database.write() as session:
        project = a_project(session, "demo", random_share=1.0)
        ana = a_member(session, project, "ana")
        lea = a_member(session, project, "lea", Role.lead)
        protocols = some_protocols(session, project, 6)
        return World(project.id, ana.id, lea.id, [protocol.id for protocol in protocols])


@pytest.fixture
def set_project(database: Database, world: World) -> Callable[..., None]:
    """Change settings of the project."""

    def change(**settings: object) -> None:
        with database.write() as session:
            project = session.get_one(Project, world.project_id)
            for name, value in settings.items():
                setattr(project, name, value)

    return change


@pytest.fixture
def live_server(database: Database, world: World, tmp_path: Path) -> Iterator[Site]:
    """The application behind waitress on a free port."""
    application = an_app(Settings(home=tmp_path), database)
    server: Any = waitress.server.create_server(application, host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, name="waitress")
    thread.start()
    site = Site(f"http://127.0.0.1:{server.effective_port}", database)
    yield site
    end(server, thread)
    assert site.faults == []


@pytest.fixture
def model(live_server: Site, world: World) -> None:
    """A model that says 4 of every protocol."""
    with live_server.database.write() as session:
        project = session.get_one(Project, world.project_id)
        said = dict.fromkeys(world.protocols, (4, [0.05, 0.05, 0.1, 0.7, 0.1]))
        words: dict[str, object] = {"2": [{"word": "flyers", "weight": 1.0, "n_documents": 3}]}
        a_model(session, project, said, words=words)


@pytest.fixture
def full(database: Database, world: World) -> None:
    """A model, labels and jobs, so that no page is empty; the lead also runs the installation."""
    with database.write() as session:
        project = session.get_one(Project, world.project_id)
        said = dict.fromkeys(world.protocols, (2, [0.1, 0.6, 0.2, 0.06, 0.04]))
        a_model(session, project, said, words=WORDS)
        version = session.scalars(select(ModelVersion)).one()
        version.word_scores = some_scores(steps=4) | {"attended": WORDS}
        version.metrics = {
            "qwk": FIGURE,
            "accuracy": FIGURE,
            "n": 45,
            "measured_on": "45 labelled protocols",
            "confusion": [[3, 1, 0, 0, 0]] * 5,
        }
        a_label(session, project, world.protocols[0], by=world.ana, level=4)
        some_items(session, project, 1)
        ben = a_member(session, project, "ben").id
        two_readings(session, project, world.protocols[2], (world.ana, ben), 2, 4)
        first = world.protocols[0]
        shown = suggestions.current_suggestion_id(session, project.id, first) or 0
        history.disclose(session, first, world.ana, Disclosed.suggestion, shown)
        remark = RemarkRequest(first, shown, Remark.not_evidence, 0, 5)
        remarks.record(session, project.id, world.ana, remark)
        session.get_one(Account, world.lea).is_administrator = True
        jobs.enqueue(session, "retrain", world.project_id)
        failed = session.scalars(select(Job).where(Job.kind == "encode")).one()
        failed.state, failed.error = JobState.dead, "no room on the disk"
    make(database, world.project_id, Asked("Before anybody read", until="2001-01-01"), world.lea)
    make(database, world.project_id, Asked("Under a name of several words"), world.lea)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests; each has contexts of its own."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page_for(live_server: Site, browser: Browser) -> Iterator[PageFor]:
    """`page_for("ana", color_scheme="dark")`: a page of a new context, signed in as that person."""
    contexts: list[BrowserContext] = []

    def open_page(username: str | None, **options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        if username is not None:
            live_server.sign_in(context, username)
        page = context.new_page()
        watch(page, live_server.faults)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def coder(page_for: PageFor) -> Page:
    """A page signed in as the coder ana."""
    return page_for("ana")


@pytest.fixture
def lead(page_for: PageFor) -> Page:
    """A page signed in as the lead lea."""
    return page_for("lea")


def watch(page: Page, faults: list[str]) -> None:
    """Collect what the page itself complains of: exceptions and refused content."""
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if message.type == "error" and EXPECTED_NOISE not in message.text
            else None
        ),
    )
