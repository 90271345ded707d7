"""From a saved label to a queue ordered by what it taught, with the whole pool open.

A real installation: 275 real labels, 3,991 more protocols, web process and worker. A coder saves
five labels; what is timed is from the fifth one's answer until the version that has learnt it is in
use, which is what the next serving goes by. Meanwhile another coder goes on saving, to show that
nobody waits for the model. Levels of protocols that nobody has read are what the model says.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.site import PASSWORD, PROJECT, Coder, Site
from benchmarks.tables import percentile, print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.label_files import read_levels
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, compose
from cer_assist.services import accounts, models, projects, rubrics
from cer_assist.services.importing import import_protocols
from cer_assist.store import schema
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, Project, Suggestion
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.jobs import JobState
from cer_assist.store.types import now

LABELS, NEW = 275, 5
WAIT_SECONDS = 3 * 3600  # a slow machine reads the pool for an hour and more, once
PAUSE = 0.5  # seconds between the other coder's answers


def main(argv: list[str]) -> None:
    """Fill a project with the reference data, start its processes, label, and time."""
    parser = argparse.ArgumentParser(prog="bench loop")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with cenr/")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "instance", help="keeps what is encoded"
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(argv)
    if not (options.data / "cenr").exists():
        raise NotFound(f"{options.data} has no cenr/: name the reference data with --data.")
    features = options.home / "features"
    features.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as folder:
        home = Path(folder)
        (home / "features").symlink_to(features.resolve())
        database = _fill(home, options.data / "cenr")
        with Site(home) as site, _worker(home):
            _wait_for(lambda: _is_at_rest(database), every=0.5)
            rows = [_round(database, site, number) for number in range(options.rounds)]
        database.close()
    print_table(
        f"{LABELS} labels and {NEW} more each round, every other protocol open",
        ("labels", "to the new queue s", "why", "other coder's saves", "p50 ms", "most ms"),
        rows,
    )


def _fill(home: Path, folder: Path) -> Database:
    url = f"sqlite:///{home / 'cer.sqlite3'}"
    schema.upgrade(url)
    database = Database(url)
    labelled, pool = (_texts(folder / name) for name in ("protocols.jsonl", "pool.jsonl.gz"))
    levels = read_levels(folder / "labels.csv", "final")
    prior = [PriorLabel(p.external_id, "past", levels[p.external_id]) for p in labelled[:LABELS]]
    with database.write() as session:
        rubric = rubrics.store_rubric(session, DEFAULT_RUBRIC.read_text("utf-8"), "rubric")
        project = projects.add_project(session, PROJECT, "Benchmark", rubric)
        project.double_coded_share, project.suggestion_policy = 0.0, "hidden"
        report = import_protocols(session, project, [*labelled, *pool], prior, by=None)
        if report.errors:
            raise RuntimeError(report.errors[0])
        for number in range(2):
            account = accounts.add_account(session, f"coder-{number}", password=PASSWORD)
            accounts.set_role(session, project, account, Role.coder, None)
    return database


def _texts(path: Path) -> list[ProtocolText]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [compose(r["id"], r["title"], list(r["sections"].items()), {}) for r in rows]


@contextmanager
def _worker(home: Path) -> Iterator[None]:
    command = [sys.executable, str(ROOT / "manage.py"), "worker", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(happened: Callable[[], bool], every: float) -> None:
    ends = time.monotonic() + WAIT_SECONDS
    while not happened():
        if time.monotonic() > ends:
            raise RuntimeError("the worker did not come to an end")
        time.sleep(every)  # each look takes some of the processor that is being measured


def _is_at_rest(database: Database) -> bool:
    """Every protocol is encoded and suggested for, and the labels are learnt."""
    with database.read() as session:
        project = session.scalars(select(Project)).one()
        version = models.current_version(session, project.id)
        waiting = (Job.state == JobState.queued) & (Job.run_after <= now())
        at_work = select(func.count()).where((Job.state == JobState.running) | waiting)
        busy = session.scalars(at_work).one()
    return version is not None and version.label_count >= LABELS and not busy


def _round(database: Database, site: Site, number: int) -> list[object]:
    with database.read() as session:
        project_id = session.scalars(select(Project.id)).one()
        before = models.current_version(session, project_id)
    labels = before.label_count if before else 0
    coder = Coder(site.port, "coder-0")
    coder.sign_in()
    coder.open()
    for _ in range(NEW):
        coder.save(_level(database, coder.protocol_id))
    started = time.perf_counter()
    took: list[float] = []
    done = threading.Event()
    other = threading.Thread(target=_goes_on, args=(database, site, done, took))
    other.start()
    try:
        _wait_for(lambda: _learnt(database, project_id) >= labels + NEW, every=0.05)
        seconds = time.perf_counter() - started
    finally:
        done.set()
        other.join()
    with database.read() as session:
        version = models.current_version(session, project_id)
    why = version.decision.split(",")[0] if version else ""
    _wait_for(lambda: _is_at_rest(database), every=0.5)
    saves = f"{percentile(took, 0.5):.1f}", f"{max(took):.1f}"
    return [labels + NEW, f"{seconds:.2f}", why, len(took), *saves]


def _learnt(database: Database, project_id: int) -> int:
    with database.read() as session:
        version = models.current_version(session, project_id)
    return version.label_count if version else 0


def _goes_on(database: Database, site: Site, done: threading.Event, took: list[float]) -> None:
    """Another coder's saves in milliseconds, while the model learns."""
    coder = Coder(site.port, "coder-1")
    coder.sign_in()
    coder.open()
    while not done.is_set():
        level = _level(database, coder.protocol_id)
        started = time.perf_counter()
        coder.save(level)
        took.append((time.perf_counter() - started) * 1000)
        done.wait(PAUSE)


def _level(database: Database, protocol_id: int | None) -> int:
    """What the newest version says of a protocol."""
    with database.read() as session:
        return session.scalars(
            select(Suggestion.level)
            .where(Suggestion.protocol_id == protocol_id)
            .order_by(Suggestion.id.desc())
            .limit(1)
        ).one()
