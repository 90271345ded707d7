"""One export, in a process that loads what an export needs and nothing that builds projects."""

from __future__ import annotations

import json
import time
from pathlib import Path

from cer_assist.exports.privacy import Choice
from cer_assist.exports.spotting import KINDS
from cer_assist.services import projects, pseudonyms
from cer_assist.services.exporting import export_project
from cer_assist.store.engine import Database


def one(home: str, slug: str, name: str, out: str, masked: str) -> None:
    """Write it and tell what it took; every kind is masked where `masked` says so."""
    database = Database(f"sqlite:///{home}/cer.sqlite3")
    choice = Choice(masks=frozenset(KINDS) if masked == "masked" else frozenset())
    started = time.perf_counter()
    with database.write() as session:
        pseudonyms.give(session, projects.find_project(session, slug).id)
    with database.read() as session:
        project = projects.find_project(session, slug)
        export_project(session, project, name, Path(out), choice)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "cpu": time.process_time(), "mb": _peak_mb()}))


def _peak_mb() -> float:
    """Linux's own figure: getrusage's would be the parent's, if that is larger."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024
