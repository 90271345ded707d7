"""Every other tool's format comes back whole: who said what, when, and all beside it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, PriorLabel
from cer_assist.exports.columns import COLUMNS, LABEL_EVENTS, PROTOCOLS
from cer_assist.exports.privacy import with_names
from cer_assist.exports.tabular_tools import DICTIONARY, DICTIONARY_HEADINGS, RECORDS
from cer_assist.exports.writing import FORMATS, GROUPS
from cer_assist.imports import parse_files, preview
from cer_assist.services.export_rows import label_event_rows
from cer_assist.services.exporting import data_set, export_project
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.builders import a_project
from tests.exports.test_round_trip import a_busy_project, the_protocols
from tests.imports.inside import parse_inside

NEW = [name for name in FORMATS if name not in ("csv", "jsonl", "xlsx")]
# All that an import keeps of an event, in words: who, what, with what beside it, and when.
KEPT = ("protocol_id", "coder", "lane", "action", "level", "confidence", "evidence",
        "evidence_places", "note", "exposure", "seconds")  # fmt: skip


def a_full_project(database: Database) -> None:
    """Superseded, taken back, skipped, adjudicated, confident, odd texts in many scripts."""
    a_busy_project(database)
    with database.write() as session:
        project = session.query(Project).one()
        odd = [
            PriorLabel("right", "Ünal", 1, 2, "", "نص 😀\n=1+1", "2020-01-02T03:04:05+00:00"),
            PriorLabel("right", "Ünal", 2, 3, "מטרה", "", "2020-01-03T03:04:05+00:00"),
        ]
        from cer_assist.domain.protocols import compose

        text = compose("right", "+title", [("Aims", 'מטרה "quoted" 😀\n\n@x,\t#3')], {"a": "b"})
        assert not import_protocols(session, project, [text], odd, by=None).errors


def written(database: Database, folder: Path, form: str) -> Path:
    """The project's export in a format."""
    out = folder / f"export-{form}{FORMATS[form].ending}"
    with database.read() as session:
        export_project(session, session.query(Project).one(), form, out, with_names())
    return out


def kept(database: Database) -> list[dict[str, Any]]:
    """What is compared: all of KEPT, and when it was first made."""
    with database.read() as session:
        rows = list(label_event_rows(session, session.query(Project).one()))
    return [
        {name: row[name] for name in KEPT} | {"made": row["made_at"] or row["recorded_at"]}
        for row in rows
    ]


@pytest.mark.parametrize("form", NEW)
def test_it_comes_back_whole(
    database: Database, tmp_path: Path, form: str, migrated_file: Path
) -> None:
    a_full_project(database)
    out = written(database, tmp_path, form)
    found = parse_inside([out], {}, None)
    assert found.errors == []
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(migrated_file.read_bytes())
    other = Database(f"sqlite:///{copy}")
    with other.write() as session:
        project = a_project(session)
        report = import_protocols(session, project, found.protocols, found.labels, by=None)
        assert report.errors == []
    assert kept(other) == kept(database)
    assert the_protocols(other) == the_protocols(database)
    other.close()


def test_the_page_offers_every_format_once() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(FORMATS)


@pytest.mark.parametrize("form", ["doccano", "redcap", "asreview", "hugging-face", "parquet"])
def test_what_was_changed_after_the_export_is_refused(
    database: Database, tmp_path: Path, form: str
) -> None:
    a_full_project(database)
    out = written(database, tmp_path, form)
    if out.suffix == ".zip":
        changed = tmp_path / "changed.zip"
        with zipfile.ZipFile(out) as old, zipfile.ZipFile(changed, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if name.endswith(".parquet"):
                    data = data[:100] + b"x" + data[101:]
                new.writestr(name, data.replace(b"walking group 1 in", b"walking group 9 in"))
    else:
        changed = out.with_name("changed" + out.suffix)
        changed.write_bytes(out.read_bytes().replace(b"walking group 1 in", b"walking group 9 in"))
    found = parse_files([changed], {}, None)
    assert "changed after" in found.errors[0].message


def test_an_answer_that_the_tool_added_comes_in_beside_ours(
    database: Database, tmp_path: Path
) -> None:
    a_full_project(database)
    out = written(database, tmp_path, "label-studio")
    tasks = json.loads(out.read_text("utf-8"))
    result = [{"type": "choices", "from_name": "level", "to_name": "text",
               "value": {"choices": ["1"]}}]  # fmt: skip
    tasks[0]["annotations"].append({"id": 999, "completed_by": {"email": "Zoe@example.org"},
                                    "created_at": "2026-01-02T03:04:05Z", "lead_time": 3.5,
                                    "was_cancelled": False, "result": result})  # fmt: skip
    before = len(parse_files([out], {}, None).labels)
    out.write_text(json.dumps(tasks), encoding="utf-8")
    found = parse_inside([out], {}, None)
    assert found.errors == []
    assert len(found.labels) == before + 1
    last = found.labels[-1]
    assert (last.external_id, last.coder, last.level) == ("P-1", "Zoe@example.org", 1)
    assert (last.recorded_at, last.seconds) == ("2026-01-02T03:04:05Z", 3.5)


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    """A JSON Lines file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_files_that_the_tools_made_themselves(tmp_path: Path) -> None:
    doccano = lines(
        tmp_path / "doccano.jsonl",
        {"id": 1, "text": "One text.", "label": ["3"], "Comments": ["sure"], "site": "North"},
        {"id": 2, "text": "Another.", "label": [], "Comments": []},
    )
    joined = tmp_path / "doccano.csv"
    joined.write_text('id,text,site,label,Comments\n7,"A, text.",South,4,\n', encoding="utf-8")
    prodigy = lines(
        tmp_path / "prodigy.jsonl",
        *(
            {"text": "T.", "meta": {"id": "p"}, "_input_hash": 1, "_task_hash": 2, **said}
            for said in (
                {"accept": ["2"], "answer": "accept", "_annotator_id": "ds-al", "_timestamp": 60},
                {"accept": [], "answer": "ignore", "_session_id": "ds-bo"},
            )
        ),
    )
    argilla = lines(
        tmp_path / "argilla.jsonl",
        {
            "id": "A-17",
            "text": "Words.",
            "level.responses": ["3", "5"],
            "level.responses.users": ["u1", "u2"],
            "level.responses.status": ["submitted", "draft"],
            "level.suggestion": "3",
        },
    )
    found = parse_inside([doccano, joined, prodigy, argilla], {}, None)
    assert found.errors == []
    said = [(one.external_id, one.coder, one.action, one.level) for one in found.labels]
    assert said == [
        ("1", "doccano", Action.label, 3),
        ("7", "doccano", Action.label, 4),
        ("p", "ds-al", Action.label, 2),
        ("p", "ds-bo", Action.skip, None),
        ("A-17", "u1", Action.label, 3),
    ]
    assert found.labels[0].note == "sure"
    assert found.labels[2].recorded_at == "1970-01-01T00:01:00+00:00"
    assert [one.external_id for one in found.protocols] == ["1", "2", "7", "p", "A-17"]
    assert found.protocols[0].metadata == {"site": "North"}
    assert preview(doccano).format == "doccano"


def test_what_is_no_level_is_refused_by_row(tmp_path: Path) -> None:
    spans = lines(tmp_path / "spans.jsonl", {"id": 1, "text": "a b", "label": [], "Comments": []},
                  {"id": 2, "text": "a b", "label": [[0, 1, "X"]], "Comments": []})  # fmt: skip
    two = lines(tmp_path / "two.jsonl", {"id": 3, "text": "a", "label": ["3", "4"], "Comments": []})
    no = lines(tmp_path / "no.jsonl", {"text": "a", "label": "3", "answer": "reject"})
    rated = tmp_path / "rated.json"
    task = {"id": 4, "data": {"text": "a"}, "annotations": [
        {"completed_by": 1, "result": [{"type": "rating", "value": {"rating": 3}}]}]}  # fmt: skip
    rated.write_text(json.dumps([task]), encoding="utf-8")
    small = tmp_path / "min.json"
    small.write_text('[{"text": "a", "level": "3", "annotator": 1}]', encoding="utf-8")
    found = parse_inside([spans, two, no, rated, small], {}, None)
    assert [(error.file, error.row) for error in found.errors] == [
        ("spans.jsonl", 2),
        ("two.jsonl", 1),
        ("no.jsonl", 1),
        ("rated.json", 1),
        ("min.json", None),
    ]
    assert "is no level" in found.errors[0].message
    assert "JSON-MIN" in found.errors[4].message


def test_what_asreview_included_is_a_detail(tmp_path: Path) -> None:
    path = tmp_path / "asreview.csv"
    path.write_text("title,abstract,included\nA study,Its abstract in words.,1\n", encoding="utf-8")
    found = parse_inside([path], {}, None)
    assert (found.errors, found.labels) == ([], [])
    assert found.protocols[0].metadata == {"included": "1"}
    assert any("included is no level" in note for note in found.notes)


def test_asreview_includes_from_the_asked_level_and_has_no_column_label(
    database: Database, tmp_path: Path
) -> None:
    a_full_project(database)
    out = written(database, tmp_path, "asreview")
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert not {"label", "label_included"} & rows[0].keys()
    said = {row["protocol_id"]: (row["included"], row["final_level"]) for row in rows}
    assert said == {"P-1": ("1", "4"), "P-2": ("1", "5"), "P-3": ("0", "3"), "'=odd'1": ("", ""),
                    "right": ("0", "2")}  # fmt: skip
    with database.read() as session:
        asked = session.query(Project).one()
        export_project(session, asked, "asreview", out, with_names(), {"include_from": 3})
        with pytest.raises(InvalidInput, match="from level 2 to 5 on, not 9"):
            export_project(session, asked, "asreview", out, with_names(), {"include_from": 9})
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["included"] for row in csv.DictReader(file)] == ["1", "1", "1", "", "0"]


def test_redcap_numbers_readers_and_describes_every_field(
    database: Database, tmp_path: Path
) -> None:
    a_full_project(database)
    with zipfile.ZipFile(written(database, tmp_path, "redcap")) as archive:
        tables = {
            name: list(csv.reader(io.StringIO(archive.read(name).decode(), newline="")))
            for name in (RECORDS, DICTIONARY)
        }
        alone = tmp_path / "from-redcap.csv"  # as REDCap itself gives it back
        alone.write_bytes(archive.read(RECORDS))
    found = parse_inside([alone], {}, None)
    assert (found.errors, len(found.protocols), len(found.labels)) == ([], 5, 11)
    records, dictionary = tables[RECORDS], tables[DICTIONARY]
    assert [row[0] for row in records[1:5]] == ["P-1", "P-1--1", "P-1--2", "P-2"]
    assert tuple(dictionary[0]) == DICTIONARY_HEADINGS
    assert len(DICTIONARY_HEADINGS) == 18
    assert [row[0] for row in dictionary[1:]] == records[0]
    level = dictionary[1 + records[0].index("level")]
    assert level[3] == "radio"
    assert level[5].startswith("1, ")
    assert level[5].count(" | ") == 4


def test_hugging_face_puts_each_split_in_a_file_and_says_what_it_is(
    database: Database, tmp_path: Path
) -> None:
    import yaml

    from cer_assist.exports.columns import Column, Table
    from cer_assist.exports.dataset import DataSet, Stream
    from cer_assist.exports.writing import write_export

    a_full_project(database)
    out = tmp_path / "e.zip"
    with database.read() as session:
        whole = data_set(session, session.query(Project).one())
        split = Column("split", "text", "Which split.")
        table = whole.tables[PROTOCOLS]
        rows = Stream(lambda: ({**row, "split": "test" if row["protocol_id"] == "P-2" else "train"}
                               for row in table.rows))  # fmt: skip
        tables = {**whole.tables, PROTOCOLS: Table((*table.columns, split), rows)}
        write_export("hugging-face", out, DataSet(whole.head, whole.levels, tables, ()))
    with zipfile.ZipFile(out) as archive:
        text = archive.read("README.md").decode()
        names = archive.namelist()
    assert {"data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"} <= set(names)
    front = yaml.safe_load(text.split("---\n")[1])
    info = front["dataset_info"][0]
    assert {one["name"]: one["num_examples"] for one in info["splits"]} == {"test": 1, "train": 4}
    label = next(one for one in info["features"] if one["name"] == "label")
    assert label["dtype"]["class_label"]["names"]["3"].startswith("4: ")
    assert "Nobody has set one." in text
    assert len(parse_inside([out], {}, None).protocols) == 5


def test_a_format_that_lacks_what_it_needs_says_so(database: Database, tmp_path: Path) -> None:
    from cer_assist.exports.columns import Table
    from cer_assist.exports.dataset import DataSet
    from cer_assist.exports.writing import write_export

    a_full_project(database)
    with database.read() as session:
        whole = data_set(session, session.query(Project).one())
        fewer = tuple(column for column in COLUMNS[PROTOCOLS] if column.name != "text")
        tables = {PROTOCOLS: Table(fewer, ()), LABEL_EVENTS: whole.tables[LABEL_EVENTS]}
        bare = DataSet(whole.head, whole.levels, tables, ())
        for form in NEW:
            if form != "parquet":
                with pytest.raises(InvalidInput, match="needs the column text of protocols"):
                    write_export(form, tmp_path / f"e{FORMATS[form].ending}", bare)
    assert list(tmp_path.glob("e.*")) == []
