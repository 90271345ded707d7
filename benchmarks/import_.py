"""Importing the 3,991 documents of the pool: parsing child, sections, hashes, search index."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks.tables import print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.imports import parse_files
from cer_assist.services import projects, rubrics
from cer_assist.services.importing import import_protocols
from cer_assist.store import schema
from cer_assist.store.engine import Database

PEER = 4_460  # documents/s of Label Studio 1.23.2, the best peer, on such a machine


def main(argv: list[str]) -> None:
    """Import into a fresh database several times and print the rates."""
    parser = argparse.ArgumentParser(prog="bench import")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--file", type=Path, default=default / "cenr" / "pool.jsonl.gz")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args(argv)
    if not options.file.exists():
        raise NotFound(f"{options.file} is missing: name another with --file.")
    rows = [_once(options.file) for _ in range(options.times)]
    header = ("documents", "parsing s", "storing s", "documents/s", "of the best peer's rate")
    print_table("import, from file to committed and searchable", header, rows)


def _once(path: Path) -> list[object]:
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as folder:
        url = f"sqlite:///{folder}/cer.sqlite3"
        schema.upgrade(url)
        database = Database(url)
        with database.write() as session:
            rubric = rubrics.store_rubric(session, DEFAULT_RUBRIC.read_text("utf-8"), "rubric")
            projects.add_project(session, "bench", "Benchmark", rubric)
        started = time.perf_counter()
        parsed = parse_files([path], {}, None)
        read = time.perf_counter()
        with database.write() as session:
            project = projects.find_project(session, "bench")
            report = import_protocols(session, project, parsed.protocols, [], by=None)
        done = time.perf_counter()
        database.close()
    rate = report.protocols / (done - started)
    return [
        report.protocols,
        f"{read - started:.2f}",
        f"{done - read:.2f}",
        f"{rate:,.0f}",
        f"{rate / PEER:.2f}",
    ]


if __name__ == "__main__":
    main([])
