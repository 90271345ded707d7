"""Doubtful levels from the command line: what the page does, and no level."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from cer_assist.domain.errors import CerError
from cer_assist.services import label_checks, projects
from cer_assist.store.engine import Database
from tests.builders import a_label, a_member, some_protocols
from tests.cli.conftest import Run


def test_doubtful_levels_are_looked_for_listed_and_sent_without_a_level(
    office: Run, tmp_path: Path
) -> None:
    office("users", "add", "lea", "--project", "irb", "--role", "lead")
    assert office("doubtful", "irb")["made_at"] is None
    with pytest.raises(CerError, match="at least 60 protocols"):
        office("doubtful", "irb", "--check")
    url = os.environ.get("CER_DATABASE_URL", f"sqlite:///{tmp_path / 'cer.sqlite3'}")
    with contextlib.closing(Database(url)) as database, database.write() as session:
        project = projects.find_project(session, "irb")
        ben = a_member(session, project, "ben").id
        added = some_protocols(session, project, 60)
        for one in added:
            a_label(session, project, one.id, by=ben, level=2)
        name = added[0].external_id
        suspect = {"protocol": added[0].id, "level": 2, "gain": 0.5, "wrong": 0.9, "likely": 4}
        label_checks.store(session, project.id, {"checked": 60, "suspects": [suspect]})
    assert office("doubtful", "irb", "--check", "--as", "lea")["under_way"]
    with pytest.raises(CerError, match="under way"):
        office("doubtful", "irb", "--check")
    (listed,) = office("doubtful", "irb")["suspects"]
    assert set(listed) == {"protocol_id", "external_id", "title", "gain", "is_asked"}
    assert (listed["external_id"], listed["is_asked"]) == (name, False)
    sent = office("doubtful", "irb", "--ask", name, "--to", "ana", "--as", "lea")
    assert sent == {"sent": 1}
    assert office("doubtful", "irb")["suspects"][0]["is_asked"]
    assert office("next", "irb", "--as", "ana")["protocol"] == name
    with pytest.raises(CerError, match="Choose protocols of the list"):
        office("doubtful", "irb", "--ask", "nothing", "--to", "ana")
