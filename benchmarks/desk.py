"""How fast the auditor's desk answers on 50,000 answers to 10,000 protocols."""

from __future__ import annotations

import argparse
import http
import tempfile
import time
from pathlib import Path

from benchmarks.large_project import LABELS, PROTOCOLS, build
from benchmarks.site import PROJECT, Coder, Site

PAGES = (
    "", "?coder=coder-1", "?unlearnt=yes", "/readings", "/readings?suggested=3&level=2",
    "/readings?final=2", "/readings?signal=confident", "/readings?signal=fast",
    "/readings?signal=unread", "/readings?signal=weak", "/readings?signal=wrong_switch",
    "/versions",
)  # fmt: skip


def main(arguments: list[str]) -> None:
    """Print the 50th and 95th percentile of each page in milliseconds."""
    parser = argparse.ArgumentParser(prog="bench desk", description=__doc__)
    parser.add_argument("--protocols", type=int, default=PROTOCOLS)
    parser.add_argument("--labels", type=int, default=LABELS)
    parser.add_argument("--times", type=int, default=20)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        home = Path(folder)
        build(home, protocols=asked.protocols, labels=asked.labels)
        with Site(home) as site:
            auditor = Coder(site.port, "auditor")
            auditor.sign_in()
            for page in PAGES:
                times = sorted(_seconds(auditor, page) for _ in range(asked.times))
                p50, p95 = times[len(times) // 2], times[int(0.95 * (len(times) - 1))]
                print(f"{page or '/':40} p50 {p50 * 1000:6.0f} ms  p95 {p95 * 1000:6.0f} ms")


def _seconds(auditor: Coder, page: str) -> float:
    began = time.perf_counter()
    status, _ = auditor.request("GET", f"/p/{PROJECT}/desk{page}")
    if status != http.HTTPStatus.OK:
        raise RuntimeError(f"the desk answered {status}")
    return time.perf_counter() - began
