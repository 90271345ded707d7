"""The labelling loop under load: 10,000 protocols, 20,000 labels, browsers that sign in.

Clients run in processes of their own, so that what is timed is the server and not the interpreter
lock of the load generator. One save is one request: it stores the label and brings what follows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.site import Coder, Site, fill
from benchmarks.tables import percentile, print_table

POLICIES = {"hidden": "save + next", "after": "save + reveal, keep + next"}


def main(argv: list[str]) -> None:
    """Measure each policy: one client, eight clients, eight coders at one label a second."""
    parser = argparse.ArgumentParser(prog="bench label-loop")
    parser.add_argument("--protocols", type=int, default=10_000)
    parser.add_argument("--labels", type=int, default=20_000)
    parser.add_argument("--answers", type=int, default=300, help="by the single client")
    options = parser.parse_args(argv)
    for policy, meaning in POLICIES.items():
        with tempfile.TemporaryDirectory(prefix="cer-bench-") as folder:
            home = Path(folder)
            fill(home, protocols=options.protocols, labels=options.labels, coders=9, policy=policy)
            with Site(home) as site:
                site.kill()
                cold = site.start()
                rows = _measure(site, options.answers, steps=2 if policy == "after" else 1)
                title = f"policy {policy}: {meaning}; web process {site.megabytes:.0f} MB "
                title += f"afterwards, cold start {cold:.2f} s"
                print_table(title, ("clients", "n", "p50 ms", "p99 ms", "answers/s"), rows)


def _measure(running: Site, answers: int, steps: int) -> list[list[object]]:
    rows = []
    for name, clients, count, pause in (
        ("1, as fast as it can", 1, answers, 0.0),
        ("8, as fast as they can", 8, answers // 4, 0.0),
        ("8, one label a second", 8, 20, 1.0),
    ):
        started = time.perf_counter()
        first = 8 if clients == 1 else 0
        work = [(running.port, first + n, count, pause, steps) for n in range(clients)]
        context = multiprocessing.get_context("fork")
        with context.Pool(clients) as pool:
            took = [value for one in pool.map(_label, work, 1) for value in one]
        rate = len(took) / (time.perf_counter() - started)
        p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
        rows.append([name, len(took), f"{p50:.1f}", f"{p99:.1f}", f"{rate:.0f}"])
    return rows


def _label(work: tuple[int, int, int, float, int]) -> list[float]:
    """One coder's answers, in milliseconds from key to the next protocol (all steps together)."""
    port, number, count, pause, steps = work
    coder = Coder(port, f"coder-{number}")
    coder.sign_in()
    coder.open()
    time.sleep(pause * number / 8)
    took = []
    for answer in range(count):
        started = time.perf_counter()
        for _ in range(steps):
            found: dict[str, Any] = coder.save(1 + answer % 5)
        took.append((time.perf_counter() - started) * 1000)
        if not found["card"]:
            raise RuntimeError("no next protocol came back")
        time.sleep(max(0.0, pause - (time.perf_counter() - started)) if pause else 0.0)
    return took


if __name__ == "__main__":
    main([])
