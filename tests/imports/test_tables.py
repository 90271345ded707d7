"""CSV, TSV, XLSX and JSON Lines: what is in the cells arrives, and every fault has its row."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Exposure
from cer_assist.domain.protocols import clean
from cer_assist.imports import RowError, preview
from cer_assist.imports.delimited import read
from tests.imports.files import AIMS, MEAL_STUDY, PARTNERS, a_csv, a_jsonl, an_xlsx
from tests.imports.inside import parse_inside

HEADER = ["Study ID", "Study title", "Aims", "Partners", "Year"]
ROW = ["P-1", MEAL_STUDY, AIMS, PARTNERS, "2021"]


def sections_of(protocol: object) -> dict[str, str]:
    """Section texts by name, read through the offsets."""
    text = protocol.text  # type: ignore[attr-defined]
    return {part.name: text[part.start : part.end] for part in protocol.sections}  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx"])
def test_columns_become_title_sections_and_metadata(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"studies.{kind}"
    if kind == "xlsx":
        an_xlsx(path, [HEADER, ROW])
    else:
        a_csv(path, [HEADER, ROW], delimiter="\t" if kind == "tsv" else ",")
    found = parse_inside([path], {}, None)
    assert found.errors == []
    (protocol,) = found.protocols
    assert (protocol.external_id, protocol.title) == ("P-1", MEAL_STUDY)
    assert sections_of(protocol) == {"Title": MEAL_STUDY, "Aims": AIMS, "Partners": PARTNERS}
    assert protocol.metadata == {"Year": "2021"}


def test_a_given_mapping_wins_over_the_guess(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "a.csv", [["id", "title", "Abstract", "Plan"], ["1", "T", "abs", "pl"]])
    (protocol,) = parse_inside([path], {"section:What we do": "Plan", "title": ""}, None).protocols
    assert sections_of(protocol) == {"What we do": "pl"}
    assert protocol.metadata == {"title": "T", "Abstract": "abs"}


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"text": "Body"}, "There is no column “Body” for text"),
        ({"colour": "id"}, "“colour” is not something a column can be"),
        ({"section:": "id"}, "“section:” is not something a column can be"),
        ({"text": ""}, "No column holds the text"),
    ],
)
def test_a_wrong_mapping_says_what_would_be_right(
    tmp_path: Path, mapping: dict[str, str], says: str
) -> None:
    path = a_csv(tmp_path / "a.csv", [["id", "text"], ["1", "words"]])
    (error,) = parse_inside([path], mapping, None).errors
    assert says in error.message


def test_all_faults_are_named_by_file_and_row(tmp_path: Path) -> None:
    first = a_csv(
        tmp_path / "first.csv",
        [["id", "text", "level"], ["a", "one", "2"], ["b"], ["", "two", ""], ["c", "", ""],
         ["a", "three", ""], ["d", "four", "high"], ["e", "five", "", "extra"]],
    )  # fmt: skip
    second = a_jsonl(tmp_path / "second.jsonl", {"id": "a", "text": "six"}, {"id": "f"})
    found = parse_inside([first, second], {}, None)
    assert [(error.file, error.row) for error in found.errors] == [
        ("first.csv", 3), ("first.csv", 4), ("first.csv", 5), ("first.csv", 6),
        ("first.csv", 7), ("first.csv", 8),
        ("second.jsonl", 1), ("second.jsonl", 2),
    ]  # fmt: skip
    assert found.errors[0].message.startswith("The row has 1 fields, the header 3")
    assert "already used by row 2 of first.csv" in found.errors[3].message
    assert "already used by row 2 of first.csv" in found.errors[6].message


def test_a_level_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = a_csv(
        tmp_path / "a.csv", [["id", "text", "Score"], ["a", "one", "2"], ["b", "two", "x"]]
    )
    found = parse_inside([path], {"level": "Score"}, None)
    assert found.errors == [
        RowError("a.csv", 3, "The level “x” is not a whole number: correct it.")
    ]


@pytest.mark.parametrize(
    ("column", "odd"),
    [("level", "N/A"), ("Final level", "?"), ("label", "Level 3"), ("level", "3.5")],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("place", [0, 2, 150])
def test_one_odd_level_costs_no_other_label_wherever_it_stands(
    tmp_path: Path, column: str, odd: str, kind: str, place: int
) -> None:
    levels = [str(1 + n % 5) for n in range(160)]
    levels[place] = odd
    rows = [[f"P-{n}", f"text {n}", level, "ana"] for n, level in enumerate(levels)]
    header, path = ["id", "text", column, "coder"], tmp_path / f"a.{kind}"
    if kind == "jsonl":
        a_jsonl(path, *(dict(zip(header, row, strict=True)) for row in rows))
    else:
        (a_csv if kind == "csv" else an_xlsx)(path, [header, *rows])
    found = parse_inside([path], {}, None)
    row = place + (1 if kind == "jsonl" else 2)
    said = f"The level “{odd}” is not a whole number: correct it."
    assert found.errors == [RowError(path.name, row, said)]
    assert {label.coder for label in found.labels} == {"ana"}
    assert len(found.labels) == 159


def test_a_column_that_is_only_called_like_levels_is_a_detail_and_that_is_said(
    tmp_path: Path,
) -> None:
    rows = [["a", "one", "pilot", "ana"], ["b", "two", "pilot", "ben"], ["c", "three", "3", "ben"]]
    path = a_csv(tmp_path / "a.csv", [["id", "text", "Label", "coder"], *rows])
    found = parse_inside([path], {}, None)
    assert (found.errors, found.labels) == ([], [])
    assert found.protocols[0].metadata == {"Label": "pilot", "coder": "ana"}
    (note,) = [one for one in found.notes if "Label" in one]
    assert "of its first 3 values 2 are no whole numbers, such as “pilot”" in note
    assert "--map 'level=Label'" in note
    assert note == f"a.csv: {preview(path).notes[0]}"
    # The page says for every role whether a column has it.
    assert note in parse_inside([path], {"id": "id", "text": "text", "level": ""}, None).notes
    chosen = parse_inside([path], {"level": "Label"}, None)
    assert [error.row for error in chosen.errors] == [2, 3]
    assert not any("Label" in one for one in chosen.notes)


def test_levels_in_the_table_become_labels_of_their_coders(tmp_path: Path) -> None:
    path = an_xlsx(
        tmp_path / "a.xlsx",
        [["id", "text", "level", "coder", "note"], ["a", "one", 2, "ana", "sure"],
         ["b", "two", 3.0, None, None], ["c", "three", None, "ana", None]],
    )  # fmt: skip
    found = parse_inside([path], {}, None)
    assert found.errors == []
    assert [(x.external_id, x.coder, x.level, x.note, x.exposure) for x in found.labels] == [
        ("a", "ana", 2, "sure", Exposure.unknown),
        ("b", "imported", 3, "", Exposure.unknown),
    ]


def test_json_lines_keep_sections_in_order_and_nested_metadata(tmp_path: Path) -> None:
    path = a_jsonl(
        tmp_path / "a.jsonl",
        {"id": 7, "title": "T", "sections": {"z": "last\u2028line", "a": "first"}, "tags": ["x"]},
        {"id": 8, "sections": [{"name": "n", "text": "one"}, ["m", "two"]], "label": None},
    )
    found = parse_inside([path], {}, None)
    assert found.errors == []
    assert list(sections_of(found.protocols[0]).items()) == [
        ("Title", "T"), ("z", "last\nline"), ("a", "first"),
    ]  # fmt: skip
    assert found.protocols[0].metadata == {"tags": '["x"]'}
    assert sections_of(found.protocols[1]) == {"n": "one", "m": "two"}


def test_broken_json_lines_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "a"}\n{"id": 2,\n\n[1]\n{"id": 3, "text": NaN}\n')
    found = parse_inside([path], {}, None)
    assert [error.row for error in found.errors] == [2, 4, 5]
    assert [protocol.external_id for protocol in found.protocols] == ["1"]


def test_missing_ids_are_made_from_file_and_row(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "grants.csv", [["text"], ["one"], ["two"]])
    found = parse_inside([path], {}, None)
    assert [protocol.external_id for protocol in found.protocols] == ["grants-2", "grants-3"]
    assert "grants.csv: no id column; ids are file name and row number." in found.notes


def test_equal_texts_are_noted_not_refused(tmp_path: Path) -> None:
    path = a_csv(tmp_path / "a.csv", [["id", "text"], ["a", "same"], ["b", "same"]])
    found = parse_inside([path], {}, None)
    assert found.errors == []
    assert "b has exactly the same text as a." in found.notes


def test_excel_dates_and_escaped_characters_read_as_people_see_them(tmp_path: Path) -> None:
    day = datetime.date(2024, 3, 1)
    path = an_xlsx(tmp_path / "a.xlsx", [["id", "text", "d"], ["a", "one_x000D_\ntwo", day]])
    (protocol,) = parse_inside([path], {}, None).protocols
    assert protocol.text == "one\ntwo"
    assert protocol.metadata == {"d": "2024-03-01"}


def test_only_the_first_sheet_is_read_and_that_is_said(tmp_path: Path) -> None:
    path = an_xlsx(tmp_path / "a.xlsx", [["id", "text"], ["a", "one"]], [["other"]])
    found = parse_inside([path], {}, None)
    assert len(found.protocols) == 1
    assert "a.xlsx: only the sheet “Sheet1” was read, of 2 sheets." in found.notes


def test_preview_shows_rows_and_guesses_roles(tmp_path: Path) -> None:
    rows = [[f"{place}", "T", "word " * 200, "5"] for place in range(9)]
    path = a_csv(tmp_path / "a.csv", [["NCT ID", "Title", "Summary", "CEnR level"], *rows])
    shown = preview(path)
    assert (shown.format, shown.encoding, shown.columns[0]) == ("CSV", "utf-8", "NCT ID")
    assert shown.suggested_mapping == {
        "id": "NCT ID", "title": "Title", "level": "CEnR level", "section:Summary": "Summary",
    }  # fmt: skip
    assert len(shown.rows) == 5
    assert shown.rows[0]["Summary"].endswith("…")


def test_gzipped_tables_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id;text\n1;one\n"))
    assert [protocol.text for protocol in parse_inside([path], {}, None).protocols] == ["one"]
    path = tmp_path / "b.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"text": "two"}).encode()))
    assert parse_inside([path], {}, None).protocols[0].external_id == "b-1"


def test_an_unclosed_quote_is_reported_instead_of_swallowing_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"fine ""quoted"" text"\n2,"open\n3,text\n')
    found = parse_inside([path], {}, None)
    assert [protocol.text for protocol in found.protocols] == ['fine "quoted" text']
    assert found.errors == [
        RowError("a.csv", 3, "A quotation mark is opened and never closed: close it.")
    ]


def test_changed_characters_are_told_once_with_how_many_protocols_held_them(tmp_path: Path) -> None:
    odd = a_jsonl(
        tmp_path / "odd.jsonl",
        {"id": "1", "text": "bad \ud800 surrogate"},
        {"id": "2", "text": "bell \x07 rings"},
        {"id": "3", "title": "a\u2028b", "text": "fine"},
        {"id": "4", "text": "Zeile\r\nÜ\ttab\n"},
    )
    more = a_jsonl(tmp_path / "more.jsonl", {"id": "5", "text": "a\x85b"})
    found = parse_inside([odd, more], {}, None)
    assert found.errors == []
    (note,) = [one for one in found.notes if "control characters" in one]
    assert note.endswith(": 4.")
    plain = a_jsonl(tmp_path / "plain.jsonl", {"id": "6", "text": "Zeile\r\nÜ\ttab\n"})
    assert not any("control" in one for one in parse_inside([plain], {}, None).notes)


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_file_of_blank_lines_is_said_to_have_no_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("\n\n")
    (error,) = parse_inside([path], {}, None).errors
    assert error.message == "The file has no rows: choose another one."


def test_previewing_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no file"):
        preview(tmp_path / "gone.csv")


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(cells, cells), max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_any_cells_survive_csv(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str) -> None:
    path = a_csv(tmp_path / "a.csv", [["first", "second"], *rows], delimiter=delimiter)
    faults: list[str] = []
    table = read(path, lambda row, message: faults.append(message))
    got = [(row["first"], row["second"]) for _, row in table.rows]
    assert faults == []
    assert got == [row for row in rows if any(cell.strip() for cell in row)]


@given(text=cells)
def test_cleaning_is_a_fixed_point_and_agrees_with_its_fast_path(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert clean(text + "\n") == once
