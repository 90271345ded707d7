"""A real installation to measure: a filled database, a web process, browsers that sign in."""

from __future__ import annotations

import http.client
import json
import random
import re
import secrets
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, compose
from cer_assist.domain.serving import BY_MODEL
from cer_assist.services import accounts, models, projects, queue_order, rubrics, training_data
from cer_assist.services.importing import import_protocols
from cer_assist.services.queue_order import KEPT
from cer_assist.store import schema
from cer_assist.store.engine import Database
from cer_assist.store.tables.accounts import Role

PASSWORD = "benchmarks have long passwords"  # noqa: S105 - of a database thrown away afterwards
PROJECT = "bench"


def texts(count: int, seed: int = 0) -> list[ProtocolText]:
    """Protocols of about 440 words, shuffled from the sentences of the demo protocols."""
    dice = random.Random(seed)  # noqa: S311
    sentences = [
        sentence
        for line in (ROOT / "cer_assist/demo/protocols.jsonl").read_text("utf-8").splitlines()
        for body in json.loads(line)["sections"].values()
        for sentence in re.split(r"(?<=[.!?])\s+", body)
    ]
    names = ("Aims", "Background", "Study design", "Recruitment", "Partners and their role")
    return [
        compose(
            f"B-{number:05}",
            f"Study {number} {dice.choice(sentences)[:60]}",
            [(name, " ".join(dice.sample(sentences, 5))) for name in names],
            {"year": str(2000 + number % 26)},
        )
        for number in range(count)
    ]


def fill(home: Path, *, protocols: int, labels: int, coders: int, policy: str) -> None:
    """A project with protocols, labels of others, suggestions, and coders who can sign in."""
    url = f"sqlite:///{home / 'cer.sqlite3'}"
    schema.upgrade(url)
    database = Database(url)
    readers = 4  # coders per protocol: the labelled half is complete
    documents = texts(protocols)
    dice = random.Random(1)  # noqa: S311
    prior = [
        PriorLabel(
            documents[number // readers].external_id, f"past-{number % 20}", dice.randint(1, 5)
        )
        for number in range(labels)
    ]
    with database.write() as session:
        rubric = rubrics.store_rubric(session, DEFAULT_RUBRIC.read_text("utf-8"), "rubric")
        project = projects.add_project(session, PROJECT, "Benchmark", rubric)
        project.coders_per_protocol, project.double_coded_share = readers, 0.0
        project.suggestion_policy = policy
        project.no_suggestion_share = 0.0  # each answer under `after` is two saves
        report = import_protocols(session, project, documents, prior, by=None)
        if report.errors:
            raise RuntimeError(report.errors[0])
        for number in range(coders):
            account = accounts.add_account(session, f"coder-{number}", password=PASSWORD)
            accounts.set_role(session, project, account, Role.coder, None)
        _suggest(session, project.id, dice)
    database.close()


def _suggest(session: Any, project_id: int, dice: random.Random) -> None:
    new = models.NewVersion(
        "blend", 5000, 0, {}, {str(n): [{"word": f"word{n}"}] for n in range(1, 6)}, "none",
        "0" * 64, 1.0, "",
    )  # fmt: skip
    version = models.add_version(session, project_id, new)
    rows, marked = [], []
    for row in training_data.protocol_texts(
        session, project_id, training_data.open_protocol_ids(session, project_id)
    ):
        words = [[at, at + 6, 0.05, 0.01, *[0.1] * 5] for at in range(60, 1500, 25)]
        shares = [dice.random() for _ in range(5)]
        total = sum(shares)
        chances = [share / total for share in shares]
        marked.append(models.Marked(words, [], [], [], 0.5))
        rows.append(models.SuggestionRow(row.id, 3, chances, dice.random()))
    ids = models.add_suggestions(session, version, rows)
    models.add_marks(session, dict(zip(ids, marked, strict=True)))
    for strategy in BY_MODEL:
        first = [queue_order.Place(r.protocol_id, r.uncertainty) for r in dice.sample(rows, KEPT)]
        queue_order.replace_order(session, version, strategy, first)
    paired = dice.sample(rows, len(rows) // 50)  # these have a near-copy
    clusters: dict[int, int | None] = {row.protocol_id: None for row in rows}
    for one, other in zip(paired[::2], paired[1::2], strict=False):
        clusters[one.protocol_id] = clusters[other.protocol_id] = one.protocol_id
    queue_order.store_clusters(session, clusters)
    models.publish(session, version, "for the benchmark")


class Site:
    """`manage.py serve` as users run it, on a port that stays the same over restarts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Site:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def start(self) -> float:
        """Start it and wait for its first answer; returns the seconds that took."""
        started = time.perf_counter()
        command = [sys.executable, str(ROOT / "manage.py"), "serve", "--home", str(self.home)]
        self.process = subprocess.Popen([*command, "--port", str(self.port)])
        _wait(self.process, self.port)
        return time.perf_counter() - started

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def megabytes(self) -> float:
        """Resident memory of the web process."""
        if self.process is None:
            return 0.0
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        return int(found[1]) / 1024 if found else float("nan")


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.perf_counter() + 30
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web process ended with code {process.returncode}")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            try:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            except OSError:
                time.sleep(0.02)
    raise RuntimeError("the web process did not answer within 30 s")


@dataclass
class Coder:
    """A signed-in browser: one connection, cookies, form token, fetch headers."""

    port: int
    username: str
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    protocol_id: int | None = None
    supersedes: int | None = None

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def reconnect(self, port: int) -> None:
        """A new connection with the same cookies, after the server went away."""
        self.connection.close()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def request(
        self, method: str, path: str, body: bytes | None = None, kind: str = ""
    ) -> tuple[int, bytes]:
        """One request over the kept connection, as Chromium would send it."""
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0",
            "Accept": "application/json" if "json" in kind else "text/html,*/*;q=0.8",
            "Accept-Encoding": "gzip, deflate, br",
            "Accept-Language": "en-GB,en;q=0.9",
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "cors" if "json" in kind else "navigate",
            "Origin": f"http://127.0.0.1:{self.port}",
            "Referer": f"http://127.0.0.1:{self.port}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if kind:
            headers |= {"Content-Type": kind, "X-CSRFToken": self.token}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        data = response.read()
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, data

    def sign_in(self, password: str = PASSWORD) -> None:
        """By name and password, then open the label page."""
        _, page = self.request("GET", "/sign-in")
        self.token = _csrf(page)
        form = {"username": self.username, "password": password, "csrf_token": self.token}
        kind = "application/x-www-form-urlencoded"
        status, page = self.request("POST", "/sign-in", urlencode(form).encode(), kind)
        if status not in (302, 303):
            raise RuntimeError(f"sign-in failed with {status}: {page[:200]!r}")

    def open(self, project: str = PROJECT) -> None:
        """Load the label page and note what it shows."""
        status, page = self.request("GET", f"/p/{project}/label")
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"the label page answered {status}")
        self.token = _csrf(page)
        found = re.search(rb'name="protocol_id" value="(\d+)"', page)
        self.protocol_id = int(found[1]) if found else None

    def save(self, level: int, project: str = PROJECT, key: str = "") -> dict[str, Any]:
        """Press a level key: the answer is stored and what follows comes back."""
        body: dict[str, Any] = {
            "protocol_id": self.protocol_id,
            "action": "label",
            "level": level,
            "supersedes_id": self.supersedes,
            "idempotency_key": key or secrets.token_urlsafe(18),
            "seconds": 3.5,
            "evidence": [],
            "note": "",
        }
        status, data = self.request(
            "POST", f"/p/{project}/label", json.dumps(body).encode(), "application/json"
        )
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"saving answered {status}: {data[:300]!r}")
        found: dict[str, Any] = json.loads(data)
        again = found["protocol_id"] == self.protocol_id
        self.supersedes = found["saved"]["event_id"] if again else None
        self.protocol_id = found["protocol_id"]
        return found


def _csrf(page: bytes) -> str:
    found = re.search(rb'name="csrf[-_]token" (?:content|value)="([^"]+)"', page)
    if found is None:
        raise RuntimeError("the page carries no form token")
    return found[1].decode()
