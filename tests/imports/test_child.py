"""What the reading process may not do, and what the asking process never loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from docx import Document

from cer_assist.imports import limits, parent, parse_files
from tests.imports.files import AIMS, MEAL_STUDY, a_csv, a_jsonl, a_pdf, an_xlsx

ROOT = Path(parent.__file__).resolve().parents[2]


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter at the root of the project."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


CONFINED = """
import os, socket, subprocess, sys
from pathlib import Path
from cer_assist.imports.limits import confine
confine([Path(__file__ if '__file__' in globals() else sys.executable)])
try:
    {0}
except (PermissionError, MemoryError) as error:
    print(type(error).__name__)
else:
    print("did it")
"""


@pytest.mark.parametrize(
    ("attempt", "ends_as"),
    [
        ("socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "PermissionError"),
        ("subprocess.run(['true'])", "PermissionError"),
        ("os.system('true')", "PermissionError"),
        ("os.posix_spawn('/bin/true', ['true'], {})", "PermissionError"),
        ("open(sys.argv[1], 'w')", "PermissionError"),
        ("os.remove(sys.argv[1])", "PermissionError"),
        ("bytearray(2**31)", "MemoryError"),
        ("open(sys.argv[1]).read()", "did it"),
    ],
)
def test_the_confined_process_can_read_and_nothing_else(
    tmp_path: Path, attempt: str, ends_as: str
) -> None:
    target = tmp_path / "file"
    target.write_text("here")
    done = run(CONFINED.replace("{0}", attempt), str(target))
    assert done.stdout.strip() == ends_as, done.stderr
    assert target.read_text() == "here"


def test_a_parser_that_never_ends_is_stopped_by_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "tiny.pdf"
    path.write_bytes(b"%PDF-")
    code = """
import sys
from pathlib import Path
from cer_assist.domain.errors import InvalidInput
from cer_assist.imports.limits import bounded_reading
try:
    with bounded_reading(Path(sys.argv[1])):
        while True:
            try:
                sum(range(1000))
            except Exception:
                pass
except InvalidInput as error:
    print(error.message)
"""
    assert "takes too long" in run(code, str(path)).stdout


def test_a_child_that_dies_is_a_fault_of_the_file_it_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = parent._START.replace(
        "main()", "import os, cer_assist.imports.sniff as s, cer_assist.imports.session as t;"
        "t.identify = lambda path: os.abort(); main()"
    )  # fmt: skip
    monkeypatch.setattr(parent, "_START", dies)
    found = parse_files([a_csv(tmp_path / "a.csv", [["text"], ["one"]])], {}, None)
    assert [(error.file, error.row) for error in found.errors] == [("a.csv", None)]
    assert "Save it anew" in found.errors[0].message


def test_the_parent_stops_a_child_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parent, "_START", "import time; time.sleep(60)")
    monkeypatch.setattr(limits, "wall_seconds", lambda paths: 0.3)
    found = parse_files([a_csv(tmp_path / "a.csv", [["text"], ["one"]])], {}, None)
    assert len(found.errors) == 1


def test_asking_loads_no_parser_of_foreign_files() -> None:
    code = (
        "import sys, cer_assist.imports; "
        "print(sorted({'numpy', 'openpyxl', 'docx', 'pypdf', 'lxml'} & set(sys.modules)))"
    )
    assert run(code).stdout.strip() == "[]"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl", "txt", "docx", "pdf"])
def test_every_format_is_read_inside_its_limits(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        a_csv(path, [["title", "text"], [MEAL_STUDY, AIMS]])
    elif kind == "xlsx":
        an_xlsx(path, [["title", "text"], [MEAL_STUDY, AIMS]])
    elif kind == "jsonl":
        a_jsonl(path, {"title": MEAL_STUDY, "text": AIMS})
    elif kind == "txt":
        path.write_text(f"{MEAL_STUDY}\n\n{AIMS}")
    elif kind == "pdf":
        a_pdf(path, [MEAL_STUDY.title(), AIMS])
    else:
        document = Document()
        document.add_heading(MEAL_STUDY, level=0)
        document.add_paragraph(AIMS)
        document.save(str(path))
    found = parse_files([path], {}, None)
    assert found.errors == []
    assert found.protocols[0].title.casefold() == MEAL_STUDY.casefold()
    assert found.protocols[0].text.endswith(AIMS)
