"""`export` with what only some formats have."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cer_assist.cli import cer
from cer_assist.store.engine import Database
from tests.exports.test_round_trip import a_busy_project


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    """A home with a project whose protocols stand at 4, 5, 3 and no level."""
    a_busy_project(database)
    return tmp_path


def export(home: Path, out: Path, *options: str, form: str = "asreview") -> Result:
    command = ["export", "demo", "--format", form, "--out", str(out), "--home", str(home)]
    return CliRunner().invoke(cer, [*command, *options])


def test_asreview_includes_from_the_level_that_was_asked(home: Path) -> None:
    asked = {
        (): ["1", "1", "0", ""],
        ("--include-from", "3"): ["1", "1", "1", ""],
        ("--include-from", "5"): ["0", "1", "0", ""],
    }
    for options, included in asked.items():
        out = home / "e.csv"
        done = export(home, out, *options)
        assert done.exit_code == 0, done.output
        with out.open(encoding="utf-8", newline="") as file:
            assert [row["included"] for row in csv.DictReader(file)] == included


def test_what_includes_nothing_or_belongs_to_another_format_is_refused(home: Path) -> None:
    for form, level, says in (
        ("asreview", "9", "from level 2 to 5 on, not 9"),
        ("asreview", "1", "from level 2 to 5 on, not 1"),
        ("csv", "3", "--include-from goes with --format asreview"),
    ):
        out = home / f"e.{'zip' if form == 'csv' else 'csv'}"
        done = export(home, out, "--include-from", level, form=form)
        assert done.exit_code != 0
        assert says in f"{done.output}{done.exception}"
        assert not out.exists()
