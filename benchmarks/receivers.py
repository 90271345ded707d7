"""Exports of one project, read by the programs that they are for, each by its own loader.

The programs live in an environment of their own (requirements-receivers.lock), made once under the
home: they want other versions than ours, and 1 GB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any

from benchmarks import large_project
from benchmarks.site import PROJECT
from cer_assist.config import ROOT
from cer_assist.domain.labels import Lane
from cer_assist.exports.carried import current
from cer_assist.exports.dataset import DataSet, Row
from cer_assist.exports.writing import FORMATS, write_export
from cer_assist.services import projects
from cer_assist.services.exporting import data_set
from cer_assist.store.engine import Database

LOCK = ROOT / "requirements-receivers.lock"
READ = Path(__file__).parent / "receivers_read.py"
_TEXTS, _LABELS = 200, 1_000


def main(argv: list[str]) -> None:
    """Write every format and have the receivers read it."""
    parser = argparse.ArgumentParser(prog="bench receivers")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps the programs")
    parser.add_argument("names", nargs="*", help="programs to ask; all when none is named")
    options = parser.parse_args(argv)
    python = _environment(options.home.resolve() / "receivers")
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as name:
        folder = Path(name)
        large_project.build(folder, protocols=_TEXTS, labels=_LABELS)
        database = Database(f"sqlite:///{folder / 'cer.sqlite3'}")
        with database.read() as session:
            whole = data_set(session, projects.find_project(session, PROJECT))
            write_all(whole, folder)
        database.close()
        subprocess.run([python, READ, folder, *options.names], check=True)


def write_all(whole: DataSet, folder: Path) -> None:
    """Every format as format.ending, and what is to be found in them."""
    for name, form in FORMATS.items():
        write_export(name, folder / f"{name}{form.ending}", whole)
    (folder / "wanted.json").write_text(json.dumps(wanted(whole)), encoding="utf-8")


def wanted(whole: DataSet) -> dict[str, Any]:
    """What the receivers must find, taken from the rows and not from any file."""
    records = list(whole.records)
    levels = [one.level for one in whole.levels]
    return {
        "levels": levels,
        "names": [f"{one.level}: {one.name}" for one in whole.levels],
        "columns": {
            name: {column.name: column.kind for column in table.columns}
            for name, table in whole.tables.items()
        },
        "rows": {
            name: [{one.name: row[one.name] for one in table.columns} for row in table.rows]
            for name, table in whole.tables.items()
        },
        "protocols": [_protocol(one.protocol, levels) for one in records],
        "answers": [_answer(event) for one in records for event in current(one)],
    }


def _answer(event: Row) -> dict[str, Any]:
    return {
        "event": event["event_id"],
        "protocol": event["protocol_id"],
        "lane": event["lane"],
        "who": event["coder"],
        "voice": event["lane"] if event["lane"] == Lane.final else event["coder"],
        "level": event["level"],
        "made": event["made_at"] or event["recorded_at"],
        "seconds": event["seconds"],
    }


def _protocol(row: Row, levels: list[int]) -> dict[str, Any]:
    level = row["final_level"]
    return {
        "text": row["text"],
        "level": level,
        "class": None if level is None else levels.index(level),
        "included": None if level is None else int(level >= levels[3]),
    }


def _environment(folder: Path) -> Path:
    """Made once; a lock that changed makes it anew."""
    python, mark = folder / "bin" / "python", folder / "lock"
    if not mark.exists() or mark.read_bytes() != LOCK.read_bytes():
        venv.create(folder, with_pip=True, clear=True)
        # Without --no-deps pip asks for what the lock leaves out for this system (tzdata).
        options = ("--quiet", "--no-deps", "--require-hashes", "--requirement", str(LOCK))
        subprocess.run([str(python), "-m", "pip", "install", *options], check=True)
        mark.write_bytes(LOCK.read_bytes())
    return python


if __name__ == "__main__":
    main([])
