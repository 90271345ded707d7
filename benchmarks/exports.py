"""Every export of a project of full size, each in a fresh process: seconds and highest memory.

CSV is written a second time with everything masked that can be. The same project's auditor's desk
is asked for its pages as well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import func, select

from benchmarks import desk, large_project
from benchmarks.site import PROJECT
from benchmarks.tables import print_table
from cer_assist.config import ROOT
from cer_assist.exports.writing import FORMATS
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent, Protocol

MAX_SECONDS, MAX_MB = 10.0, 300.0
HEADER = (
    "format", "seconds", f"at most {MAX_SECONDS:.0f}", "of processor, start included",
    "memory MB", f"at most {MAX_MB:.0f}", "file MB",
)  # fmt: skip
_START = "from benchmarks.export_once import one; import sys; one(*sys.argv[1:])"
_MASKED = "csv masked"


def main(argv: list[str]) -> None:
    """Build the project where there is none, write it in every format, then open its desk."""
    parser = argparse.ArgumentParser(prog="bench export")
    parser.add_argument("--home", type=Path, help="keeps the project; else it is made anew")
    every = [*FORMATS, _MASKED]
    parser.add_argument(
        "--format", action="append", choices=every, dest="formats", help="only these, no desk"
    )
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as folder:
        home = (options.home or Path(folder)).resolve()
        if not (home / "cer.sqlite3").exists():
            home.mkdir(parents=True, exist_ok=True)
            large_project.build(home)
        print(_size(home))
        rows = [_measured(home, name, Path(folder)) for name in options.formats or every]
        title = "export, read from the database and written whole"
        print_table(title, HEADER, rows)
        if not options.formats:
            desk.print_pages(home)


def _size(home: Path) -> str:
    database = Database(f"sqlite:///{home / 'cer.sqlite3'}")
    with database.read() as session:
        texts, characters = session.execute(
            select(func.count(Protocol.id), func.sum(func.length(Protocol.text)))
        ).one()
        events = session.scalar(select(func.count(LabelEvent.id)))
    database.close()
    return f"{texts:,} protocols of {characters / texts:,.0f} characters, {events:,} label events"


def _measured(home: Path, name: str, folder: Path) -> list[object]:
    file_format, _, masked = name.partition(" ")
    out = folder / f"export{FORMATS[file_format].ending}"
    command = [sys.executable, "-c", _START, str(home), PROJECT, file_format, str(out), masked]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    said = json.loads(made.stdout)
    size = out.stat().st_size / 2**20
    out.unlink()
    fits = [said["seconds"] <= MAX_SECONDS, said["mb"] <= MAX_MB]
    told = ["yes" if fit else "NO" for fit in fits]
    return [
        name,
        f"{said['seconds']:.1f}",
        told[0],
        f"{said['cpu']:.1f}",
        f"{said['mb']:.0f}",
        told[1],
        f"{size:.0f}",
    ]


if __name__ == "__main__":
    main([])
