"""Commands run in this process on a fresh home, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cer_assist.cli import cer
from cer_assist.config import ROOT

DEMO = ROOT / "cer_assist" / "demo"
Run = Callable[..., dict[str, Any]]


@pytest.fixture(params=["sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("next", "demo", "--as", "ana")` gives the JSON object of the command's last line."""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database")
        monkeypatch.setenv("CER_DATABASE_URL", url)

    def call(*arguments: str) -> dict[str, Any]:
        command = [*arguments, "--home", str(tmp_path)]
        result = CliRunner().invoke(cer, [*command, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return found

    result = CliRunner().invoke(cer, ["init", "--home", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 0
    return call


@pytest.fixture
def office(run: Run) -> Run:
    """A project with the demo texts and a coder ana."""
    run("projects", "create", "irb", "--name", "IRB 2026")
    run("users", "add", "ana", "--project", "irb")
    files = str(DEMO / "protocols.jsonl")
    report = run("import", "irb", files, "--labels", str(DEMO / "labels.csv"))
    assert (report["protocols"], report["labels"], report["errors"]) == (72, 88, [])
    return run
