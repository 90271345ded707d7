"""labels.csv: columns in any order, checked row by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from cer_assist.domain.labels import PriorLabel
from cer_assist.imports import ParsedImport, RowError
from tests.imports.files import a_csv, a_jsonl, an_xlsx
from tests.imports.inside import parse_inside

HEADER = ["note", "Level", "protocol_id", "coder", "evidence", "confidence"]
GOOD = ["a note", "4", "P-1", "ana", "a board, “of” residents", "2"]


def read_with(tmp_path: Path, labels: Path) -> ParsedImport:
    """An import of one protocol with these labels."""
    return parse_inside([a_jsonl(tmp_path / "p.jsonl", {"id": "P-1", "text": "words"})], {}, labels)


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx"])
def test_labels_are_read_whatever_the_order_of_columns(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"labels.{kind}"
    if kind == "xlsx":
        an_xlsx(path, [HEADER, GOOD])
    else:
        mark = "\t" if kind == "tsv" else ","
        a_csv(path, [HEADER, GOOD], encoding="utf-8-sig", delimiter=mark)
    found = read_with(tmp_path, path)
    assert found.errors == []
    assert found.labels == [
        PriorLabel("P-1", "ana", 4, confidence=2, evidence="a board, “of” residents", note="a note")
    ]


def test_every_faulty_label_is_named(tmp_path: Path) -> None:
    rows = [
        ["", "4", "P-1", "ana", "", ""],
        ["", "four", "P-1", "ben", "", ""],
        ["", "4", "", "ben", "", ""],
        ["", "4", "P-1", " ", "", ""],
        ["", "4", "P-1", "eva", "", "9"],
        ["", "5", "P-1", "ana", "", ""],
        ["", "", "P-1", "kim", "", ""],
    ]
    found = read_with(tmp_path, a_csv(tmp_path / "labels.csv", [HEADER, *rows]))
    assert [label.coder for label in found.labels] == ["ana"]
    assert {(error.file, error.row) for error in found.errors} == {
        ("labels.csv", row) for row in range(3, 9)
    }
    messages = " ".join(error.message for error in found.errors)
    for part in (
        "“four” is not a whole number",
        "protocol id is missing",
        "coder is missing",
        "confidence 9 is not 1, 2 or 3",
        "ana already has a level for P-1 in row 2",
    ):
        assert part in messages


def test_labels_without_needed_columns_or_in_a_document_are_refused(tmp_path: Path) -> None:
    found = read_with(tmp_path, a_csv(tmp_path / "labels.csv", [["id", "note"], ["P-1", "x"]]))
    assert found.errors == [
        RowError(
            "labels.csv",
            None,
            "The labels need a column coder and a column level; found: id, note.",
        )
    ]
    path = tmp_path / "labels.txt"
    path.write_text("P-1 ana 4")
    (error,) = read_with(tmp_path, path).errors
    assert "save them as such" in error.message
