"""What pyarrow, pandas, datasets and openpyxl read of an export is what the database holds.

Every column of every row, with its type: who, when and what. The readers are those of `bench
receivers`, which has further programs read; here they run in a process of their own, for pyarrow
and datasets change what they find.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.receivers import READ, write_all
from cer_assist.domain.labels import Lane
from cer_assist.services.exporting import data_set
from cer_assist.store.engine import Database
from cer_assist.store.tables import FencedProtocol, Project
from cer_assist.store.types import now
from tests.builders import a_project
from tests.exports.test_tools import a_full_project

HERE = ("pyarrow", "pandas", "datasets", "openpyxl")


def read_back(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """The readers' own process."""
    command = [sys.executable, str(READ), str(folder), *names]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def files(database: Database, tmp_path: Path) -> Path:
    """A project with all that is awkward, in every format, with what is to be found in it."""
    a_full_project(database)
    with database.write() as session:
        session.add(FencedProtocol(protocol_id=1, project_id=1, drawn_at=now()))
    return all_formats(database, tmp_path / "out")


def all_formats(database: Database, folder: Path) -> Path:
    folder.mkdir()
    with database.read() as session:
        write_all(data_set(session, session.query(Project).one()), folder)
    return folder


def wanted(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "wanted.json").read_text("utf-8"))
    return found


def test_every_value_is_read_as_it_stands_in_the_database(files: Path) -> None:
    rows = wanted(files)["rows"]
    events, protocols = rows["label_events"], rows["protocols"]
    # That what is awkward was there at all.
    assert max(len(row["text"]) for row in protocols) > 100_000
    assert any("😀" in (row["note"] or "") for row in events)
    assert any("מטרה" in row["text"] and row["text"].isascii() is False for row in protocols)
    assert {row["confidence"] for row in events} >= {None, 2, 3}
    assert {row["lane"] for row in events} == {Lane.coder, Lane.final}
    assert any(len(row["evidence_places"]) == 2 for row in events)
    assert {row["is_fenced"] for row in events} == {"true", "false"}
    assert None in {row["is_fenced"] for row in protocols}
    assert {row["made_at"] is None for row in events} == {True, False}
    done = read_back(files, *HERE)
    assert done.returncode == 0, done.stderr[-2_000:]
    count = len(events) + len(protocols)
    said = [line.partition(": ")[2] for line in done.stdout.splitlines()]
    assert said == [f"{count} rows read as they were written"] * len(HERE)


def test_a_project_without_a_row_is_read_too(database: Database, tmp_path: Path) -> None:
    """Not by datasets, which refuses whatever has no row."""
    with database.write() as session:
        a_project(session)
    folder = all_formats(database, tmp_path / "out")
    done = read_back(folder, "pyarrow", "pandas", "openpyxl")
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.count(": 0 rows read") == 3


def test_a_reader_fails_where_a_value_is_another(files: Path) -> None:
    said = wanted(files)
    said["rows"]["label_events"][-1]["coder"] = "somebody"
    (files / "wanted.json").write_text(json.dumps(said), encoding="utf-8")
    done = read_back(files, "pyarrow")
    assert done.returncode == 1
    assert "label_events.coder: found" in done.stderr
