"""Files that other tools made: each level comes in, is refused with its row, or is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports import preview
from tests.imports.files import a_csv, a_jsonl
from tests.imports.inside import parse_inside

OLD: dict[str, Any] = {"meta": {}, "annotation_approver": None}


def chosen(level: str) -> list[dict[str, Any]]:
    """What Label Studio stores of a choice."""
    return [{"id": "r", "type": "choices", "from_name": "level", "value": {"choices": [level]}}]


def tasks(path: Path, **task: Any) -> Path:
    """A file with one task."""
    path.write_text(json.dumps([{"id": 7, "data": {"text": "words"}, **task}]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([{"id": 1, "text": "a", "label": ["3"]}, {"id": 2, "text": "b", "label": []}], ""),
        ([{"id": 1, "data": "a", "label": ["3"], "site": "longer than the text"}], ""),
        ([{"id": 1, "text": "a", "labels": [3]}], ""),
        ([{"id": 1, "text": "a", "labels": ["3"], "comments": ["c"], **OLD}], "c"),
    ],
)
def test_doccano_of_any_age_brings_its_levels(
    tmp_path: Path, rows: list[dict[str, Any]], note: str
) -> None:
    found = parse_inside([a_jsonl(tmp_path / "d.jsonl", *rows)], {}, None)
    assert found.errors == []
    assert [one.text for one in found.protocols] == ["a", "b"][: len(rows)]
    assert [(one.external_id, one.coder, one.level, one.note) for one in found.labels] == [
        ("1", "doccano", 3, note)
    ]
    assert "annotation_approver" not in found.protocols[0].metadata


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"label": ["4", "5"]}, "has 2 labels"),
        ({"labels": ["4", "5"], **OLD}, "has 2 labels"),
        ({"labels": ["Academic-led"], **OLD}, "is no level"),
        ({"annotations": [{"label": 3, "user": 2}], **OLD}, "JSONL (Text label)"),
        ({"annotations": [{"label": 3, "user": 2}]}, "JSONL (Text label)"),
    ],
)
def test_what_is_no_one_level_in_doccano_is_refused(
    tmp_path: Path, row: dict[str, Any], says: str
) -> None:
    found = parse_inside([a_jsonl(tmp_path / "d.jsonl", {"id": 1, "text": "a", **row})], {}, None)
    (error,) = found.errors
    assert says in error.message
    assert error.row == 1


def test_lists_of_other_files_are_no_labels_of_doccano(tmp_path: Path) -> None:
    topics = a_jsonl(tmp_path / "topics.jsonl", {"id": "a", "text": "x", "labels": ["diet"]})
    coded = a_jsonl(
        tmp_path / "coded.jsonl", {"id": "b", "text": "y", "label": ["3"], "coder": "ana"}
    )
    both = a_jsonl(tmp_path / "both.jsonl", {"id": "c", "text": "z", "level": 4, "labels": ["1"]})
    found = parse_inside([topics, coded, both], {}, None)
    assert found.errors == []
    assert [(one.external_id, one.coder, one.level) for one in found.labels] == [
        ("b", "ana", 3),
        ("c", "imported", 4),
    ]
    assert [one for one in found.notes if "labels” was not read as levels" in one]


@pytest.mark.parametrize("changed", [None, "2026-01-01T00:00:00Z", "2026-01-03T12:00:00+00:00"])
def test_an_answer_that_was_changed_has_the_time_of_its_change(
    tmp_path: Path, changed: str | None
) -> None:
    first = "2026-01-02T10:00:00.123Z"
    said = {"completed_by": 2, "created_at": first, "updated_at": changed, "result": chosen("3")}
    (label,) = parse_inside([tasks(tmp_path / "t.json", annotations=[said])], {}, None).labels
    assert label.recorded_at == (changed if changed and "-03T" in changed else first)


def test_what_nobody_submitted_in_label_studio_is_counted(tmp_path: Path) -> None:
    two = [{"result": chosen("5")}] * 2
    path = tasks(tmp_path / "t.json", annotations=[], predictions=two, drafts=two[:1])
    found = parse_inside([path], {}, None)
    assert (found.errors, found.labels) == ([], [])
    assert "t.json: drafts not taken as labels: 1." in found.notes
    assert "t.json: predictions not taken as labels: 2." in found.notes


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_label_studios_tables_are_refused_with_the_way_out(tmp_path: Path, kind: str) -> None:
    header = ["annotation_id", "annotator", "created_at", "id", "lead_time", "level", "text"]
    row = ["1", "2", "2026-01-02T10:00:00Z", "7", "4.1", "3", "words"]
    mark = "\t" if kind == "tsv" else ","
    path = a_csv(tmp_path / f"ls.{kind}", [header, row], delimiter=mark)
    (error,) = parse_inside([path], {}, None).errors
    assert "export as JSON" in error.message
    with pytest.raises(InvalidInput, match="export as JSON"):
        preview(path)
    mapping = {"text": "text", "level": "level", "coder": "annotator"}
    assert [one.coder for one in parse_inside([path], mapping, None).labels] == ["2"]
