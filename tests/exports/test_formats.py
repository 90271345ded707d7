"""Every format gives back exactly what was written, and no cell of it is a formula."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.cells import csv_line, neutralised, restored, value_of
from cer_assist.exports.columns import (
    COLUMNS,
    LABEL_EVENT_COLUMNS,
    LABEL_EVENTS,
    PROTOCOLS,
    Column,
    Table,
)
from cer_assist.exports.dataset import DataSet
from cer_assist.exports.workbook import CELL_UNITS, column_letters, split_text
from cer_assist.exports.writing import FORMATS, ExportResult, write_export
from cer_assist.imports.workbook import open_workbook, sheet_table

COLUMNS_HERE = (
    Column("number", "integer", "A number.", "1, 2"),
    Column("share", "number", "A share."),
    Column("words", "text", "Words."),
    Column("list", "json", "A list."),
)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'quoted", "''", "'=1"]


def written(form: str, out: Path, tables: dict[str, Table], head: dict[str, Any]) -> ExportResult:
    """Tables of any columns, as a project's are written."""
    return write_export(form, out, DataSet(head, (), tables, ()))


def a_table(*words: str) -> Table:
    """A table with one row for each text."""
    rows = [
        {"number": place, "share": None if place % 2 else 0.25, "words": text, "list": [text]}
        for place, text in enumerate(words)
    ]
    return Table(COLUMNS_HERE, rows)


def csv_rows(path: Path, member: str) -> list[list[str]]:
    """The cells of a CSV member as a spreadsheet would see them."""
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        return list(csv.reader(io.TextIOWrapper(file, "utf-8", newline=""), strict=True))


def test_csv_holds_no_formula_and_says_how_to_get_the_text_back(tmp_path: Path) -> None:
    out = tmp_path / "e.zip"
    written("csv", out, {"t": a_table(*FORMULAS, "plain")}, {})
    header, *rows = csv_rows(out, "t.csv")
    assert header == ["number", "share", "words", "list"]
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert [restored(row[2]) for row in rows] == [*FORMULAS, "plain"]
    assert [json.loads(restored(row[3])) for row in rows] == [[t] for t in [*FORMULAS, "plain"]]
    rule = csv_rows(out, "data_dictionary.csv")[1]
    assert "remove one leading '" in rule[3]


@given(text=st.text())
def test_neutralising_is_reversible_and_leaves_nothing_dangerous(text: str) -> None:
    cell = neutralised(text)
    assert restored(cell) == text
    assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠")


def test_xlsx_cells_are_texts_and_numbers_never_formulas(tmp_path: Path) -> None:
    out = tmp_path / "e.xlsx"
    written("xlsx", out, {"t": a_table(*FORMULAS)}, {"made": "today"})
    book = load_workbook(out)
    assert book.sheetnames == ["t", "data dictionary", "manifest"]
    rows = list(book["t"].iter_rows(min_row=2))
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"n", "s"}
    assert all(row[2].quotePrefix for row in rows)
    assert rows[1][2].value == "+1"
    assert [row[0].value for row in rows] == list(range(len(FORMULAS)))
    values = {
        row[0].value: json.loads(str(row[1].value)) for row in book["manifest"].iter_rows(min_row=2)
    }
    assert values["made"] == "today"
    assert values["rows"] == {"t": len(FORMULAS)}


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
awkward = st.sampled_from(
    ["_x0041_", "_x005F_x0041_", "a\rb", "\x0b", "\ufffe", " lead", '<&>"', "𝒜"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(anything | awkward, min_size=1, max_size=5))
def test_any_text_survives_xlsx(tmp_path: Path, texts: list[str]) -> None:
    out = tmp_path / "e.xlsx"
    written("xlsx", out, {"t": a_table(*texts)}, {})
    rows = [row for _, row in sheet_table(open_workbook(out), "t", lambda row, message: None).rows]
    assert [row["words"] for row in rows] == texts
    assert [value_of(COLUMNS_HERE[3], row["list"]) for row in rows] == [[text] for text in texts]


def test_texts_beyond_a_cell_go_on_in_further_columns(tmp_path: Path) -> None:
    long = "𝒜b" * 40_000
    parts = split_text(long)
    assert "".join(parts) == long
    assert all(len(part.encode("utf-16-le")) // 2 <= CELL_UNITS for part in parts)
    out = tmp_path / "e.xlsx"
    written("xlsx", out, {"t": a_table("short", long)}, {})
    header, short, full = load_workbook(out)["t"].iter_rows(values_only=True)
    assert header[:4] == ("number", "share", "words", "list")
    cells = dict(zip(header, full, strict=True))
    names = ["words", "words_2", "words_3", "words_4"]
    assert "".join(str(cells[name]) for name in names) == long
    assert set(short[4:]) == {None}


def test_column_letters() -> None:
    assert [column_letters(place) for place in (0, 25, 26, 701, 702)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_manifest_counts_and_hashes_each_member(tmp_path: Path, form: str) -> None:
    out = tmp_path / "e.zip"
    result = written(form, out, {"t": a_table("a", "b")}, {"project": {"slug": "demo"}})
    assert result.rows == {"t": 2}
    assert result.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    with zipfile.ZipFile(out) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {*manifest["members"], "manifest.json"}
        for name, facts in manifest["members"].items():
            content = archive.read(name)
            assert facts["sha256"] == hashlib.sha256(content).hexdigest()
            assert facts["bytes"] == len(content)
    assert (manifest["format"], manifest["project"]) == ("cer-assist-export", {"slug": "demo"})
    assert manifest["members"][f"t.{form}"]["rows"] == 2


def test_json_lines_keep_values_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "e.zip"
    written("jsonl", out, {"t": a_table("=x", "y\u2028z")}, {})
    with zipfile.ZipFile(out) as archive:
        lines = archive.read("t.jsonl").decode().split("\n")
    assert json.loads(lines[0]) == {"number": 0, "share": 0.25, "words": "=x", "list": ["=x"]}
    assert json.loads(lines[1])["words"] == "y\u2028z"


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_a_failed_export_leaves_the_old_file_and_no_part(tmp_path: Path, form: str) -> None:
    out = tmp_path / f"e{FORMATS[form].ending}"
    out.write_text("old")

    def rows() -> Iterator[dict[str, Any]]:
        yield {"number": 1, "share": None, "words": "a", "list": []}
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        written(form, out, {"t": Table(COLUMNS_HERE, rows())}, {})
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_wrong_format_ending_or_folder_says_what_is_right(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"end its name in \.zip"):
        written("csv", tmp_path / "e.csv", {}, {})
    with pytest.raises(InvalidInput, match="choose csv, jsonl, xlsx"):
        written("docx", tmp_path / "e", {}, {})
    with pytest.raises(InvalidInput, match="There is no folder"):
        written("csv", tmp_path / "none" / "e.zip", {}, {})


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_memory_does_not_grow_with_rows(tmp_path: Path, form: str) -> None:
    def rows(count: int) -> Iterator[dict[str, Any]]:
        for number in range(count):
            yield {column.name: "word " * 40 if column.kind == "text" else number
                   for column in LABEL_EVENT_COLUMNS}  # fmt: skip

    def peak(count: int) -> int:
        tracemalloc.start()
        written(
            form,
            tmp_path / f"e{FORMATS[form].ending}",
            {"t": Table(LABEL_EVENT_COLUMNS, rows(count))},
            {},
        )
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(2_000) < peak(400) + 2**20


def test_every_column_is_explained_once() -> None:
    for table in (LABEL_EVENTS, PROTOCOLS):
        names = [column.name for column in COLUMNS[table]]
        assert len(set(names)) == len(names)
        assert all(column.meaning.endswith(".") for column in COLUMNS[table])


@given(
    st.lists(
        st.none() | st.integers() | st.floats(allow_nan=False) | st.text(',"\r\n\0 \u2028=é1'),
        min_size=1,
    )
)
def test_a_line_of_csv_is_what_the_standard_writer_writes(cells: list[Any]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(cells)
    assert csv_line(cells) == file.getvalue()
