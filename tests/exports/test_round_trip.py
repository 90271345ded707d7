"""A project that is exported and imported elsewhere has the same protocols and the same labels."""

from __future__ import annotations

import datetime as dt
import json
import random
import zipfile
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from cer_assist.domain.labels import Action, Exposure, Lane, PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.domain.serving import RETEST
from cer_assist.exports.privacy import with_names
from cer_assist.imports import ParsedImport, parse_files, preview
from cer_assist.services import exporting, labelling, queue
from cer_assist.services.export_rows import label_event_rows, protocol_rows
from cer_assist.services.exporting import data_set, export_project
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.builders import a_label, a_member, a_model, a_project, a_request, some_protocols
from tests.imports.files import repacked
from tests.imports.inside import parse_inside

# What a move to another database may change: numbers, times of storing, and hashes over them.
OWN = {"event_id", "supersedes", "recorded_at", "made_at", "origin", "label_sha256", "coder_name",
       "suggestion_level", "suggestion_probability", "model_version", "arm"}  # fmt: skip
AWKWARD = '=HYPERLINK("x")\n\'quoted\' — 𝒜 ünïcode, "two"; tab\there\n\n- list'
ENDINGS = {"csv": "zip", "jsonl": "zip", "xlsx": "xlsx"}


def a_busy_project(database: Database) -> None:
    """A project with everything an export has to carry."""
    with database.write() as session:
        project = a_project(session)
        ana, ben = a_member(session, project, "ana"), a_member(session, project, "ben")
        first, second, third = some_protocols(session, project)
        odd = compose("=odd'1", "@title", [("Aims", AWKWARD), ("Long", "word " * 20_000)],
                      {"year": "2024", "=cell": "'x"})  # fmt: skip
        earlier = [
            PriorLabel("P-3", "Reader-1", 2, 1, "not in the text word for word", "=note"),
            PriorLabel("P-3", "final", 3, None, "walking group 3", "settled", "2019-05-06",
                       lane=Lane.final, exposure=Exposure.after_peer),
        ]  # fmt: skip
        assert not import_protocols(session, project, [odd], earlier, by=None).errors
        a_model(session, project, {second.id: (3, [0.1, 0.2, 0.4, 0.2, 0.1])})
        request = a_request(first.id, 4, confidence=3, evidence=((0, 5), (6, 12)),
                            note="-note\nwith 'lines'", seconds=12.25)  # fmt: skip
        labelling.record_label(session, ana.id, project, request)
        a_label(session, project, first.id, by=ben.id, level=4)
        a_label(session, project, second.id, by=ana.id, level=2)
        changed = a_label(session, project, second.id, by=ana.id, level=3)
        a_label(session, project, second.id, by=ben.id, level=5)
        undo = a_request(second.id, None, supersedes=changed.event_id, action=Action.withdraw)
        labelling.record_label(session, ana.id, project, undo)
        skip = a_request(third.id, None, note="in Spanish")
        labelling.record_label(session, ben.id, project, skip)


def exported(database: Database, out: Path, form: str) -> list[dict[str, Any]]:
    """Export the project; gives its label rows without what a move may change."""
    with database.read() as session:
        project = session.query(Project).one()
        export_project(session, project, form, out, with_names())
        return [
            {key: value for key, value in row.items() if key not in OWN}
            for row in label_event_rows(session, project)
        ]


@pytest.mark.parametrize("form", ENDINGS)
def test_importing_an_export_gives_the_same(
    database: Database, tmp_path: Path, form: str, migrated_file: Path
) -> None:
    a_busy_project(database)
    out = tmp_path / f"export.{ENDINGS[form]}"
    before = exported(database, out, form)
    found = parse_inside([out], {"text": "ignored"}, None)
    assert found.errors == []
    assert "Export of project demo of " in found.notes[0]
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(migrated_file.read_bytes())
    other = Database(f"sqlite:///{copy}")
    with other.write() as session:
        project = a_project(session)
        report = import_protocols(session, project, found.protocols, found.labels, by=None)
        assert report.errors == []
    again = tmp_path / f"again.{ENDINGS[form]}"
    assert exported(other, again, form) == before
    assert the_protocols(other) == the_protocols(database)
    second = parse_files([again], {}, None)
    assert second.protocols == found.protocols
    assert second.labels == found.labels  # times too: they are those of the first making
    with other.read() as session:
        assert verify(session).intact
    other.close()


def the_protocols(database: Database) -> list[dict[str, Any]]:
    """Protocol rows without what the model says."""
    with database.read() as session:
        rows = list(protocol_rows(session, session.query(Project).one()))
    return [{key: value for key, value in row.items() if key not in OWN} for row in rows]


def test_rows_say_how_the_final_level_came_about(database: Database) -> None:
    a_busy_project(database)
    with database.read() as session:
        project = session.query(Project).one()
        rows = {row["protocol_id"]: row for row in protocol_rows(session, project)}
        events = list(label_event_rows(session, project))
    assert (rows["P-1"]["final_level"], rows["P-1"]["final_from"]) == (4, "agreed")
    assert rows["P-1"]["coder_levels"] == {"ana": 4, "ben": 4}
    assert (rows["P-2"]["final_level"], rows["P-2"]["final_from"]) == (5, "single")
    assert (rows["P-2"]["suggestion_level"], rows["P-2"]["suggestion_probability"]) == (3, 0.4)
    assert rows["P-2"]["model_version"] == 1
    assert (rows["P-3"]["final_level"], rows["P-3"]["final_from"]) == (3, "adjudicated")
    assert rows["P-3"]["coder_levels"] == {"reader-1": 2}
    assert (rows["=odd'1"]["final_level"], rows["=odd'1"]["final_from"]) == (None, "none")
    assert [event["action"] for event in events][-2:] == ["withdraw", "skip"]
    settled, first = events[1], events[2]
    assert (settled["lane"], settled["made_at"][:10]) == ("final", "2019-05-06")
    assert settled["exposure"] == "after_peer"  # what came back with it is kept
    assert first["evidence"] == "Study\nnumber"
    assert events[5]["supersedes"] == events[4]["event_id"]
    assert dt.datetime.fromisoformat(first["recorded_at"]).utcoffset() == dt.timedelta(0)


def test_an_unpacked_export_is_read_from_its_folder(database: Database, tmp_path: Path) -> None:
    a_busy_project(database)
    out = tmp_path / "export.zip"
    exported(database, out, "csv")
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "unpacked")
    found = parse_files([tmp_path / "unpacked"], {}, None)
    assert found.errors == []
    assert found == ParsedImport(*_parts(parse_files([out], {}, None)))
    assert preview(out).rows[0]["protocol_id"] == "P-1"
    assert preview(tmp_path / "unpacked").format == "export of CER Assist"


def _parts(found: ParsedImport) -> tuple[Any, ...]:
    return found.protocols, found.labels, found.errors, found.notes


@pytest.mark.parametrize("form", ENDINGS)
def test_a_changed_export_is_refused(database: Database, tmp_path: Path, form: str) -> None:
    a_busy_project(database)
    out, bad = tmp_path / f"export.{ENDINGS[form]}", tmp_path / f"bad.{ENDINGS[form]}"
    exported(database, out, form)
    member = "xl/worksheets/sheet2.xml" if form == "xlsx" else f"protocols.{form}"
    with zipfile.ZipFile(out) as archive:
        content = archive.read(member)
    repacked(out, bad, {member: content.replace(b"walking group 1", b"walking group 9")})
    found = parse_files([bad], {}, None)
    assert found.errors
    assert "changed after" in found.errors[0].message


@pytest.mark.parametrize("form", ENDINGS)
def test_an_export_from_before_there_was_a_fenced_sample_comes_back(
    database: Database, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_busy_project(database)
    for name in ("LABEL_EVENT_COLUMNS", "PROTOCOL_COLUMNS"):
        columns = getattr(exporting, name)
        earlier = tuple(column for column in columns if column.name != "is_fenced")
        assert len(earlier) == len(columns) - 1
        monkeypatch.setattr(exporting, name, earlier)
    out = tmp_path / f"export.{ENDINGS[form]}"
    exported(database, out, form)
    found = parse_files([out], {}, None)
    assert found.errors == []
    assert (len(found.protocols), len(found.labels)) == (4, 9)


def test_other_zips_and_other_forms_are_refused(tmp_path: Path) -> None:
    for name, content in {
        "none.zip": None,
        "other.zip": {"format": "something"},
        "newer.zip": {"format": "cer-assist-export", "format_version": 99},
    }.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("a.txt" if content is None else "manifest.json", json.dumps(content))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("x")
    names = ["none.zip", "other.zip", "newer.zip", "folder"]
    found = parse_files([tmp_path / name for name in names], {}, None)
    assert [error.file for error in found.errors] == names
    assert all("no export of CER Assist" in found.errors[place].message for place in (0, 1, 3))
    assert "of form 99" in found.errors[2].message


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b">blind<", b">blindly<", "The label cannot be read"),
        (b"<v>12.25</v>", b"<v>x</v>", "no real XLSX file"),
        (b'<row r="3">', b'<row r="2">', "has 8 rows, its manifest says 9"),
        (b">confidence<", b">certainty<", "lacks the column confidence"),
    ],
)
def test_a_workbook_that_was_edited_says_where(
    database: Database, tmp_path: Path, old: bytes, new: bytes, says: str
) -> None:
    a_busy_project(database)
    out, bad = tmp_path / "export.xlsx", tmp_path / "bad.xlsx"
    exported(database, out, "xlsx")
    with zipfile.ZipFile(out) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert old in sheet
    repacked(out, bad, {"xl/worksheets/sheet1.xml": sheet.replace(old, new)})
    found = parse_inside([bad], {}, None)
    assert {error.file for error in found.errors} == {"bad.xlsx/label_events"}
    assert says in found.errors[0].message


def test_the_lot_goes_out_and_does_not_come_back(
    database: Database, tmp_path: Path, migrated_file: Path
) -> None:
    with database.write() as session:
        project = a_project(session, no_suggestion_share=0.5)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        one, two, three = (protocol.id for protocol in some_protocols(session, project))
        for protocol, chance in ((one, 0.1), (two, 0.9)):
            queue.serve_picked(session, project, ana, protocol, dice=Fixed(chance))
            a_label(session, project, protocol, by=ana, level=3)
        a_label(session, project, three, by=ben, level=2)
    out = tmp_path / "export.zip"
    with database.read() as session:
        project = session.query(Project).one()
        export_project(session, project, "csv", out, with_names())
        found = [row["arm"] for row in label_event_rows(session, project)]
    assert found == ["none", "suggestion", None]
    parsed = parse_inside([out], {}, None)
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(migrated_file.read_bytes())
    other = Database(f"sqlite:///{copy}")
    with other.write() as session:
        project = a_project(session)
        import_protocols(session, project, parsed.protocols, parsed.labels, by=None)
        again = list(label_event_rows(session, project))
    other.close()
    assert [(row["level"], row["arm"]) for row in again] == [(3, None), (3, None), (2, None)]


@pytest.mark.parametrize("form", ENDINGS)
def test_answers_to_what_came_back_unannounced_return_as_such(
    database: Database, tmp_path: Path, form: str, migrated_file: Path
) -> None:
    a_repeat(database)
    out = tmp_path / f"export.{ENDINGS[form]}"
    before = exported(database, out, form)
    assert [(row["coder"], row["lane"], row["action"], row["level"]) for row in before] == [
        ("ana", "coder", "label", 2),
        ("ana", "retest", "label", 4),
        ("ana", "retest", "withdraw", None),
        ("ana", "retest", "label", 5),
    ]
    parsed = parse_inside([out], {}, None)
    assert parsed.errors == []
    copy = tmp_path / "copy.sqlite3"
    copy.write_bytes(migrated_file.read_bytes())
    other = Database(f"sqlite:///{copy}")
    with other.write() as session:
        project = a_project(session)
        report = import_protocols(session, project, parsed.protocols, parsed.labels, by=None)
        assert report.errors == []
    assert exported(other, tmp_path / f"again.{ENDINGS[form]}", form) == before
    assert the_protocols(other) == the_protocols(database)
    assert the_protocols(other)[0]["coder_levels"] == {"ana": 2}
    assert times(other, "made_at") == times(database, "recorded_at")
    with other.read() as session:
        assert verify(session).intact
    other.close()


def a_repeat(database: Database) -> None:
    """A protocol came back to its coder, who said another level, took it back and said a third."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        one = some_protocols(session, project)[0].id
        a_label(session, project, one, by=ana, level=2)
        queue.serve_picked(session, project, ana, one, RETEST, Fixed(0.1), Lane.retest)
        again = a_request(one, 4, note="-other", confidence=1, seconds=7.5, evidence=((0, 5),))
        said = labelling.record_label(session, ana, project, again).event_id
        undo = a_request(one, None, supersedes=said, action=Action.withdraw)
        back = labelling.record_label(session, ana, project, undo).event_id
        labelling.record_label(session, ana, project, a_request(one, 5, supersedes=back))


def times(database: Database, column: str) -> list[str]:
    """When each event was made, as one of the two columns says it."""
    with database.read() as session:
        return [row[column] for row in label_event_rows(session, session.query(Project).one())]


class Fixed(random.Random):
    """Dice that fall as they are told."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def random(self) -> float:
        """Always the same."""
        return self.chance


def test_records_are_both_tables_side_by_side(database: Database) -> None:
    a_busy_project(database)
    with database.read() as session:
        found = data_set(session, session.query(Project).one())
        records = list(found.records)
        assert [record.protocol for record in records] == list(found.tables["protocols"].rows)
        events = [event for record in records for event in record.events]
        assert sorted(events, key=itemgetter("event_id")) == list(found.tables["label_events"].rows)
        for record in records:
            names = {event["protocol_id"] for event in record.events}
            assert names <= {record.protocol["protocol_id"]}
