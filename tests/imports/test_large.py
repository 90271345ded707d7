"""What is too large to be held is read piece by piece and gives the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cer_assist.imports import tasks, texts
from tests.imports.inside import parse_inside

# The child that reads ends with its files; here they wait for the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
SAID = "Text of study NUMBER with “quotes”, 😀, ]}, [{ and Ünïcode.\n" * 3


def files(folder: Path) -> list[Path]:
    """The same forty protocols as tasks of Label Studio, JSON Lines and CSV."""
    rows = [{"id": f"{kind}-{n}", "text": SAID.replace("NUMBER", str(n)), "level": str(1 + n % 5)}
            for kind in "ab" for n in range(20)]  # fmt: skip
    array = [
        {"id": n, "data": {"id": f"t-{n}", "text": row["text"]}, "annotations": [
            {"id": n, "completed_by": 3, "result": [
                {"type": "choices", "value": {"choices": [row["level"]]}}]}]}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    task_file, lines, table = (folder / name for name in ("t.json", "l.jsonl", "c.csv"))
    task_file.write_text(" \n" + json.dumps(array, indent=3, ensure_ascii=False), encoding="utf-8")
    lines.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    cells = (",".join(f'"{cell}"' for cell in (f"c{row['id']}", row["level"], row["text"]))
             for row in rows)  # fmt: skip
    body = "\n".join(cells).replace("“quotes”", '""quotes""')
    table.write_text(f"\ufeffid,level,text\n{body}\n", encoding="utf-8")
    return [task_file, lines, table]


def test_pieces_give_what_the_whole_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = files(tmp_path)
    whole = parse_inside(paths, {}, None)
    assert (whole.errors, len(whole.protocols), len(whole.labels)) == ([], 120, 120)
    for name in ("t.json", "l.jsonl", "c.csv"):
        assert (tmp_path / name).stat().st_size > 1_000
    monkeypatch.setattr(texts, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(tasks, "_PIECE", 7)
    pieces = parse_inside(paths, {}, None)
    assert (pieces.protocols, pieces.labels) == (whole.protocols, whole.labels)
    assert pieces.errors == []


def test_a_large_file_must_be_utf_8_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_file, _, table = files(tmp_path)
    monkeypatch.setattr(texts, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(tasks, "_PIECE", 7)
    table.write_bytes(table.read_bytes().replace("Ü".encode(), b"\xdc"))
    task_file.write_text(task_file.read_text("utf-8")[:-20], encoding="utf-8")
    found = parse_inside([task_file, table], {}, None)
    assert ["must be UTF-8" in error.message for error in found.errors] == [False, True]
    assert "Task 40 is not valid JSON" in found.errors[0].message
