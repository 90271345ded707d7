"""How fast the auditor's desk answers on 50,000 answers to 10,000 protocols."""

from __future__ import annotations

import argparse
import http
import tempfile
import time
from pathlib import Path

from benchmarks.large_project import LABELS, PROTOCOLS, build
from benchmarks.site import PROJECT, Coder, Site
from benchmarks.tables import percentile, print_table

MAX_MS = 200.0
PAGES = (
    "", "?coder=coder-1", "?exposure=blind", "?unlearnt=yes", "?since=2026-02-01", "/readings",
    "/readings?suggested=3&level=2", "/readings?final=2", "/readings?signal=confident",
    "/readings?signal=fast", "/readings?signal=unread", "/readings?signal=weak",
    "/readings?signal=wrong_switch", "/readings?sort=protocol", "/readings?page=400", "/versions",
)  # fmt: skip
TIMES = 40


def main(arguments: list[str]) -> None:
    """Build the project where there is none, then ask for every page."""
    parser = argparse.ArgumentParser(prog="bench desk", description=__doc__)
    parser.add_argument("--home", type=Path, help="keeps the project; else it is made anew")
    parser.add_argument("--protocols", type=int, default=PROTOCOLS)
    parser.add_argument("--labels", type=int, default=LABELS)
    parser.add_argument("--times", type=int, default=TIMES)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        home = (asked.home or Path(folder)).resolve()
        if not (home / "cer.sqlite3").exists():
            home.mkdir(parents=True, exist_ok=True)
            build(home, protocols=asked.protocols, labels=asked.labels)
        print_pages(home, asked.times)


def print_pages(home: Path, times: int = TIMES) -> None:
    """Each page's 50th and 95th percentile for an auditor and for a lead who codes."""
    with Site(home) as site:
        for name in ("auditor", "lead"):
            viewer = Coder(site.port, name)
            viewer.sign_in()
            rows = [_measured(viewer, page, times) for page in PAGES]
            header = ("page", "p50 ms", "p95 ms", f"at most {MAX_MS:.0f}")
            print_table(f"auditor's desk, as {name}, {times} requests a page", header, rows)


def _measured(viewer: Coder, page: str, times: int) -> list[object]:
    _seconds(viewer, page)  # the first compiles its statements
    took = [_seconds(viewer, page) * 1000 for _ in range(times)]
    p95 = percentile(took, 0.95)
    said = "yes" if p95 <= MAX_MS else "NO"
    return [page or "/", f"{percentile(took, 0.5):.0f}", f"{p95:.0f}", said]


def _seconds(viewer: Coder, page: str) -> float:
    began = time.perf_counter()
    status, _ = viewer.request("GET", f"/p/{PROJECT}/desk{page}")
    if status != http.HTTPStatus.OK:
        raise RuntimeError(f"the desk answered {status}")
    return time.perf_counter() - began
