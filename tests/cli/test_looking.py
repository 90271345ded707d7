"""Commands that list and count say all of it, or how much is left; nothing is said of nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cer_assist.cli import cer
from cer_assist.services.labelling import record_label
from cer_assist.store.engine import Database
from tests.builders import a_member, a_project, a_request, unlike_protocols


@pytest.fixture
def home(database: Database, tmp_path: Path) -> Path:
    """A home with an empty project, and one whose two protocols were read in a second each."""
    with database.write() as session:
        a_project(session, "empty")
        project = a_project(session, "busy")
        ana = a_member(session, project, "ana").id
        for one in unlike_protocols(session, project, 2):
            record_label(session, ana, project, a_request(one.id, 2, seconds=0.01))
    return tmp_path


def run(home: Path, *command: str) -> Result:
    return CliRunner().invoke(cer, [*command, "--home", str(home)])


def test_a_list_that_is_cut_off_says_so_and_how_to_have_the_rest(home: Path) -> None:
    told = run(home, "desk", "busy", "--signal", "fast", "--limit", "1").output.splitlines()
    assert (told[1], told[-1]) == ("2 readings", "1 of 2 readings shown: --limit 2 lists all.")
    assert len(told) == 4
    whole = run(home, "desk", "busy", "--signal", "fast", "--limit", "2").output.splitlines()
    assert len(whole) == 4 and "shown" not in whole[-1]
    as_json = run(home, "desk", "busy", "--signal", "fast", "--limit", "1", "--json")
    found = json.loads(as_json.output)
    assert (found["total"], found["pages"], len(found["readings"])) == (2, 2, 1)
    assert run(home, "desk", "busy", "--limit", "1").exit_code == 2


def test_an_empty_desk_says_only_what_is_true_of_nothing(home: Path) -> None:
    assert run(home, "desk", "empty").output == "There are no labels yet.\n"
    fits = run(home, "desk", "busy", "--where", "level=5").output
    assert fits == "No reading fits these filters.\n"
    assert run(home, "desk", "empty", "--signal", "fast").output.splitlines()[1:] == [
        "No reading fits these filters."
    ]
    assert "Wrong switches: Nothing was adjudicated" in run(home, "desk", "busy").output


def test_a_look_at_a_snapshot_tells_in_words_what_it_leaves_out(home: Path) -> None:
    asked = ("--settled", "--readings", "independent", "--exposure", "after_suggestion")
    told = run(home, "snapshot", "make", "busy", "x", "--dry-run", *asked).output
    assert "left out: 2 label events given in another way than those chosen" in told
    assert "left out: 2 protocols without a reading that fits" in told
    assert "No protocol fits: choose fewer filters." in told
    refused = run(home, "snapshot", "make", "busy", "x", *asked)
    assert "No protocol fits: choose fewer filters." in str(refused.exception)
