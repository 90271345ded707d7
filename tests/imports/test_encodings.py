"""The encoding of a text is found, told, and never turns one letter into another."""

from __future__ import annotations

from pathlib import Path

import pytest

from cer_assist.imports import preview
from tests.imports.files import a_csv
from tests.imports.inside import parse_inside

LATIN = "Café résumé über Straße niño"
OFFICE = "The community’s “board” – a café"


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("utf-8", LATIN, "utf-8"),
        ("utf-8", "Plain words", "utf-8"),
        ("utf-8-sig", LATIN, "utf-8"),
        ("utf-16", OFFICE, "utf-16"),
        ("utf-16-le", OFFICE, "utf-16-le"),
        ("utf-16-be", OFFICE, "utf-16-be"),
        ("utf-32", OFFICE, "utf-32"),
        ("cp1252", OFFICE, "cp1252"),
        ("latin-1", LATIN, "cp1252"),  # the same characters by another name
        ("latin-1", "caf\xe9 \x81", "latin-1"),  # a byte that cp1252 leaves undefined
        ("mac-roman", "Café – résumé “naïve”", "mac-roman"),
    ],
)
def test_encodings_are_found_and_reported(
    tmp_path: Path, encoding: str, text: str, shown: str
) -> None:
    path = a_csv(tmp_path / "a.csv", [["id", "text"], ["1", text]], encoding=encoding)
    found = parse_inside([path], {}, None)
    assert found.errors == []
    assert found.protocols[0].text == text.replace("\x81", "").strip()
    assert f"a.csv: read as {shown}." in found.notes
    assert preview(path).encoding == shown


def test_a_late_accent_in_a_long_file_counts(tmp_path: Path) -> None:
    rows = [["id", "text"], *([str(place), "plain words"] for place in range(60_000))]
    path = a_csv(tmp_path / "a.csv", [*rows, ["last", OFFICE]], encoding="cp1252")
    assert parse_inside([path], {}, None).protocols[-1].text == OFFICE


def test_a_marked_file_that_breaks_its_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfid,text\n1,caf\xe9\n")
    (error,) = parse_inside([path], {}, None).errors
    assert error.message == "The file is not valid utf-8-sig text: save it as UTF-8."
