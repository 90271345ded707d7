"""kill -9 on the web process during saves: what was acknowledged is on disk, once, unchanged."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.site import Coder, Site, fill
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import CurrentLabel, LabelEvent

pytestmark = pytest.mark.chaos

KILLS = 40
CLIENTS = 4
SAVES_A_KILL = 5  # on average at least, however slow the machine: a kill of nothing proves nothing
SECONDS_TO_WORK = 60


@dataclass
class Browser:
    """Saves as fast as it can; after a lost answer it sends the same key again."""

    site: Site
    username: str
    stop: threading.Event
    acknowledged: dict[str, int] = field(default_factory=dict)  # key -> level
    sent: set[str] = field(default_factory=set)
    coder: Coder | None = None

    def run(self) -> None:
        dice = random.Random(self.username)
        while not self.stop.is_set():
            key, level = secrets.token_urlsafe(18), dice.randint(1, 5)
            self.sent.add(key)
            while not self.stop.is_set() and not self.save(key, level):
                time.sleep(0.02)

    def save(self, key: str, level: int) -> bool:
        """One try; False when the server went away before it answered."""
        try:
            if self.coder is None:
                self.coder = self.enter()
            found = self.coder.save(level, key=key)
        except (OSError, HTTPException):
            if self.coder is not None:
                self.coder.reconnect(self.site.port)
            return False
        assert found["saved"]["level"] == level
        self.acknowledged[key] = level
        return True

    def enter(self) -> Coder:
        """Sign in and open the label page, all of it or not at all."""
        coder = Coder(self.site.port, self.username)
        try:
            coder.sign_in()
            coder.open()
        except (OSError, HTTPException):
            coder.connection.close()
            raise
        return coder

    def close(self) -> None:
        if self.coder is not None:
            self.coder.connection.close()


def test_forty_kills_lose_change_and_double_nothing(tmp_path: Path) -> None:
    fill(tmp_path, protocols=3000, labels=0, coders=CLIENTS, policy="hidden")
    stop, dice = threading.Event(), random.Random(7)
    with Site(tmp_path) as site:
        browsers = [Browser(site, f"coder-{n}", stop) for n in range(CLIENTS)]
        for browser in browsers:
            browser.coder = browser.enter()  # on a slow machine that takes longer than a kill
        threads = [threading.Thread(target=browser.run) for browser in browsers]
        for thread in threads:
            thread.start()
        for kill in range(KILLS):
            time.sleep(dice.uniform(0.05, 0.5))
            wait_for_work(browsers, (kill + 1) * SAVES_A_KILL)
            site.kill()
            site.start()
        time.sleep(1)
        stop.set()
        for thread, browser in zip(threads, browsers, strict=True):
            thread.join()
            browser.close()
    acknowledged = {key: level for b in browsers for key, level in b.acknowledged.items()}
    sent = set().union(*(browser.sent for browser in browsers))
    assert len(acknowledged) > KILLS * SAVES_A_KILL
    check(tmp_path, acknowledged, sent)


def wait_for_work(browsers: list[Browser], saves: int) -> None:
    """Until more than so many saves were acknowledged in all."""
    ends = time.monotonic() + SECONDS_TO_WORK
    while sum(len(browser.acknowledged) for browser in browsers) <= saves:
        assert time.monotonic() < ends, f"{saves} saves were not acknowledged in time"
        time.sleep(0.005)


def check(home: Path, acknowledged: dict[str, int], sent: set[str]) -> None:
    """Compare what the browsers were told with what is on disk."""
    database = Database(f"sqlite:///{home / 'cer.sqlite3'}")
    with database.read() as session:
        rows = session.execute(select(LabelEvent.idempotency_key, LabelEvent.level))
        stored = [(key, level) for key, level in rows]
        current = session.scalars(select(CurrentLabel.event_id)).all()
        verification = verify(session)
    database.close()
    levels = dict(stored)
    assert max(Counter(key for key, _ in stored).values()) == 1
    assert {key: levels.get(key) for key in acknowledged} == acknowledged
    assert set(levels) <= sent
    assert len(current) == len(set(current)) == len(stored)  # one protocol each, none corrected
    assert verification.intact, verification.fault
    assert verification.labels == len(stored)
