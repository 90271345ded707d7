"""What a tool's people answered after an export comes in under the tool's name, or it is asked.

Never lost for being the same level as somebody's, and never taken for one of the coders.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cer_assist.domain.labels import PriorLabel
from cer_assist.exports.privacy import Choice
from cer_assist.exports.writing import FORMATS
from cer_assist.imports import ParsedImport
from cer_assist.services import pseudonyms
from cer_assist.services.exporting import export_project
from cer_assist.services.importing import ImportReport, import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.exports.test_round_trip import a_busy_project
from tests.imports.inside import parse_inside

Rows = list[dict[str, Any]]
USERS, SAID = "level.responses.users", "level.responses"
ZOE, MAX = "7b2c5f0e-0000-4000-8000-000000000001", "7b2c5f0e-0000-4000-8000-000000000002"


@pytest.fixture
def project(database: Database) -> Database:
    """`ana` and `ben` say 4 of P-1; of the others more, with pseudonyms drawn."""
    a_busy_project(database)
    with database.write() as session:
        pseudonyms.give(session, 1)
    return database


def brought_back(
    database: Database, folder: Path, form: str, change: Callable[[Rows], None]
) -> tuple[ParsedImport, int]:
    """An export under pseudonyms, changed as the tool does; and how many answers are ours in it."""
    out = folder / f"e{FORMATS[form].ending}"
    with database.read() as session:
        export_project(session, session.get_one(Project, 1), form, out, Choice())
    ours = len(parse_inside([out], {}, None).labels)
    text, is_array = out.read_text("utf-8"), form == "label-studio"
    rows = json.loads(text) if is_array else [json.loads(line) for line in text.splitlines()]
    change(rows)
    said = json.dumps(rows) if is_array else "".join(f"{json.dumps(row)}\n" for row in rows)
    out.write_text(said, encoding="utf-8")
    return parse_inside([out], {}, None), ours


def imported(database: Database, found: ParsedImport) -> ImportReport:
    with database.write() as session:
        project = session.get_one(Project, 1)
        return import_protocols(session, project, found.protocols, found.labels, by=None)


def said_of(label: PriorLabel) -> tuple[str, str, int | None]:
    return label.external_id, label.coder, label.level


def through_label_studio(tasks: Rows) -> None:
    """It numbers anew, keeps our number, puts all under who uploaded, and 7 says 4 as well."""
    for task in tasks:
        for place, one in enumerate(task["annotations"]):
            one |= {"import_id": one["id"], "id": 900 + place, "completed_by": 1,
                    "created_at": "2026-11-01T00:00:00Z"}  # fmt: skip
    mine = tasks[0]["annotations"][0]
    new = mine | {"id": mine["import_id"], "import_id": None, "completed_by": 7}
    tasks[0]["annotations"].insert(0, new)


def through_prodigy(rows: Rows) -> None:
    """Another session answers copies of a protocol's first and second example with their levels."""
    zoe = {"_annotator_id": "ds-zoe", "_session_id": "ds-zoe", "_timestamp": 1_900_000_000}
    rows[:0] = [rows[0] | zoe]
    rows.append(rows[2] | zoe | {"_annotator_id": "ds-max"})


def through_argilla(rows: Rows) -> None:
    """Somebody there is called as one of our coders, and says the same."""
    for name, value in {SAID: "4", USERS: "ana", f"{SAID}.status": "submitted"}.items():
        rows[0][name].insert(0, value)


def through_doccano(rows: Rows) -> None:
    rows[0] |= {"label": ["2"], "Comments": [*rows[0]["Comments"], "not so"]}


@pytest.mark.parametrize(
    ("form", "change", "new"),
    [
        ("label-studio", through_label_studio, [("P-1", "label-studio-7", 4)]),
        ("prodigy", through_prodigy, [("P-1", "prodigy-ds-zoe", 4), ("P-1", "prodigy-ds-max", 4)]),
        ("argilla", through_argilla, [("P-1", "argilla-ana", 4)]),
        ("doccano", through_doccano, [("P-1", "doccano", 2)]),
    ],
)
def test_another_persons_answer_comes_in_under_the_tools_name(
    project: Database,
    tmp_path: Path,
    form: str,
    change: Callable[[Rows], None],
    new: list[tuple[str, str, int]],
) -> None:
    found, ours = brought_back(project, tmp_path, form, change)
    assert found.errors == []
    assert [said_of(label) for label in found.labels[ours:]] == new
    assert all(f"{name} (1)" in found.notes[-1] for _, name, _ in new)
    report = imported(project, found)
    assert report.errors == []
    assert (report.labels, report.labels_already_there) == (len(new), ours)
    assert report.new_coders == sorted(name for _, name, _ in new)


def test_comments_that_were_ours_are_not_said_again(project: Database, tmp_path: Path) -> None:
    found, ours = brought_back(project, tmp_path, "doccano", through_doccano)
    assert "with 'lines'" in found.labels[2].note
    assert found.labels[ours].note == "not so"


def test_what_a_coder_of_ours_says_otherwise_there_changes_nothing_here(
    project: Database, tmp_path: Path
) -> None:
    def change(rows: Rows) -> None:
        rows[0][SAID][0] = "1"

    found, ours = brought_back(project, tmp_path, "argilla", change)
    assert found.labels[ours].coder.startswith("coder-")
    report = imported(project, found)
    assert "has already answered P-1 otherwise" in str(report.errors[0])
    assert report.new_coders == []


@pytest.mark.parametrize("level", ["4", "2"])
def test_where_the_tool_names_none_of_ours_it_is_asked_which_is_new(
    project: Database, tmp_path: Path, level: str
) -> None:
    def change(rows: Rows) -> None:
        rows[0][SAID] = ["4", level, "4"]
        rows[0][USERS] = [ZOE, MAX, ZOE.replace("1", "3")]
        rows[0][f"{SAID}.status"] = ["submitted"] * 3

    found, ours = brought_back(project, tmp_path, "argilla", change)
    if level == "2":
        assert said_of(found.labels[-1]) == ("P-1", f"argilla-{MAX}", 2)
        assert (found.errors, len(found.labels)) == ([], ours + 1)
        return
    (error,) = found.errors
    assert error.row == 1
    assert "2 came from CER Assist, and the file does not say which" in error.message


def test_who_changed_an_answer_in_label_studio_is_who_gave_it(
    project: Database, tmp_path: Path
) -> None:
    def change(tasks: Rows) -> None:
        through_label_studio(tasks)
        mine = tasks[0]["annotations"][1]
        mine["result"] = [{"type": "choices", "value": {"choices": ["1"]}}]
        mine["updated_by"] = 9

    found, ours = brought_back(project, tmp_path, "label-studio", change)
    said = [said_of(label) for label in found.labels[ours:]]
    assert said == [("P-1", "label-studio-7", 4), ("P-1", "label-studio-9", 1)]


@pytest.mark.parametrize("extra", [0, 1])
def test_of_a_label_studio_that_keeps_no_number_ours_are_counted(
    project: Database, tmp_path: Path, extra: int
) -> None:
    def change(tasks: Rows) -> None:
        for task in tasks:
            for place, one in enumerate(task["annotations"]):
                one |= {"id": 900 + place, "completed_by": 1}
        tasks[0]["annotations"] += tasks[0]["annotations"][:extra]

    found, ours = brought_back(project, tmp_path, "label-studio", change)
    assert [error.row for error in found.errors] == [1] * extra
    if not extra:
        assert len(found.labels) == ours
