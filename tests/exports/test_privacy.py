"""What leaves names no coder by default, and what comes back still knows who."""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cer_assist.cli import cer
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import compose
from cer_assist.exports.columns import COLUMNS, NEEDED
from cer_assist.exports.presets import LABELS, PRESETS, SHARING
from cer_assist.exports.privacy import Choice, left_out, left_out_but, with_names
from cer_assist.exports.spotting import KINDS, Kind
from cer_assist.exports.writing import FORMATS
from cer_assist.imports import parse_files
from cer_assist.services import labelling, pseudonyms
from cer_assist.services.exporting import export_project, outward, record_export
from cer_assist.services.importing import import_protocols
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from tests.builders import a_member, a_project, a_request
from tests.imports.inside import parse_inside

ENDINGS = {"csv": "zip", "jsonl": "zip", "xlsx": "xlsx"}
TOOLS = [name for name in FORMATS if name not in ENDINGS]
TEXT = "Dr. Ana Silva asks. Write to silva@example.edu about HM20013139 or call 804-555-0123."
ALL_MASKS = Choice(masks=frozenset(KINDS))


@pytest.fixture
def project_id(database: Database) -> int:
    """Two coders whose names stand in notes, and a text with everything that can be masked."""
    with database.write() as session:
        project = a_project(session)
        one, two = a_member(session, project, "marta"), a_member(session, project, "joaquim")
        texts = [compose("HM20013139", "Of Dr. Ana Silva", [("Aims", TEXT)], {"PI": "Silva, Ana"})]
        earlier = [PriorLabel("HM20013139", "zacharias", 2, 1, "Ana Sil", "Silva said so")]
        assert not import_protocols(session, project, texts, earlier, by=None).errors
        start = session.query(Project).one().id
        at = texts[0].text.index("Silva asks")
        request = a_request(1, 4, evidence=((at, at + 5), (0, 2)), note="Joaquim and Silva agree")
        labelling.record_label(session, one.id, project, request)
        labelling.record_label(session, two.id, project, a_request(1, 3, note="ask marta"))
        pseudonyms.give(session, project.id)
    return start


def everything(database: Database, choice: Choice, out: Path, form: str = "jsonl") -> str:
    """An export's whole content as text."""
    with database.read() as session:
        export_project(session, session.query(Project).one(), form, out, choice)
    with zipfile.ZipFile(out) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


def manifest(out: Path) -> dict[str, Any]:
    with zipfile.ZipFile(out) as archive:
        found: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return found


@pytest.mark.parametrize("form", ENDINGS)
def test_no_coder_is_named_and_the_own_project_knows_them_again(
    database: Database, project_id: int, tmp_path: Path, form: str
) -> None:
    out = tmp_path / f"export.{ENDINGS[form]}"
    content = everything(database, Choice(masks=frozenset({"name"})), out, form)
    assert not any(name in content.lower() for name in ("marta", "joaquim", "zacharias"))
    everything(database, Choice(), out, form)
    parsed = parse_inside([out], {}, None)
    assert parsed.errors == []
    assert {label.coder for label in parsed.labels} == {"coder-01", "coder-02", "coder-03"}
    with database.write() as session:
        project = session.query(Project).one()
        report = import_protocols(session, project, parsed.protocols, parsed.labels, by=None)
        assert (report.errors, report.labels, report.labels_already_there) == ([], 0, 3)
        assert (report.already_there, report.new_coders) == (1, [])
        assert verify(session).intact


@pytest.mark.parametrize("form", TOOLS)
def test_a_tools_file_is_known_by_its_own_project_too(
    database: Database, project_id: int, tmp_path: Path, form: str
) -> None:
    out = tmp_path / f"export{FORMATS[form].ending}"
    with database.read() as session:
        export_project(session, session.query(Project).one(), form, out, Choice())
    parsed = parse_inside([out], {}, None)
    with database.write() as session:
        project = session.query(Project).one()
        report = import_protocols(session, project, parsed.protocols, parsed.labels, by=None)
        assert (report.errors, report.labels, report.labels_already_there) == ([], 0, 3)
        assert (report.already_there, report.new_coders) == (1, [])


def test_another_project_takes_pseudonyms_for_names(
    database: Database, project_id: int, tmp_path: Path
) -> None:
    everything(database, Choice(), tmp_path / "e.zip")
    parsed = parse_files([tmp_path / "e.zip"], {}, None)
    with database.write() as session:
        other = a_project(session, "other")
        report = import_protocols(session, other, parsed.protocols, parsed.labels, by=None)
        assert report.new_coders == ["coder-01", "coder-02", "coder-03"]
        assert not report.errors


def test_names_go_out_when_they_are_asked_for(
    database: Database, project_id: int, tmp_path: Path
) -> None:
    content = everything(database, with_names(), tmp_path / "e.zip")
    assert '"coder":"marta"' in content and '"marta":4' in content
    assert manifest(tmp_path / "e.zip")["coders"] == "names"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_masks_leave_nothing_of_the_values_and_say_what_they_did(
    database: Database, project_id: int, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "e.zip"
    content = everything(database, ALL_MASKS, out, form)
    for value in ("Silva", "silva@", "Joaquim", "marta", "20013139", "555-0123", "Ana Sil"):
        assert value not in content, value
    said = manifest(out)
    assert said["masked"] == list(KINDS)
    assert "title" in said["masking_rules"]
    parsed = parse_files([out], {}, None)  # places stand, hashes fit: it comes in as new protocols
    assert parsed.errors == []
    (protocol,) = parsed.protocols
    assert protocol.external_id.startswith("record-")
    for label in parsed.labels:
        for span in label.evidence_spans:
            assert protocol.text[span.start : span.end] == span.quote
    assert [span.quote for span in parsed.labels[1].evidence_spans] == ["Of", "[name 1]"]
    assert parsed.labels[1].note.endswith("and [name 1] agree")


def test_the_report_counts_and_two_exports_call_a_record_the_same(
    database: Database, project_id: int
) -> None:
    with database.read() as session:
        found = [outward(session, session.query(Project).one(), ALL_MASKS) for _ in range(2)]
        ids = {row["protocol_id"] for one in found for row in one.tables["protocols"].rows}
        records = list(found[0].records)
        events = list(found[0].tables["label_events"].rows)
        report = list(found[0].tables["masking_report"].rows)
    assert len(ids) == 1
    assert list(records[0].events) == events
    counts = {(row["kind"], row["rule"]): row["places"] for row in report}
    assert counts["email", "address"] == counts["phone", "phone"] == 1
    assert counts["name", "account"] == 2
    assert counts["name", "person column"] == 1


def test_columns_that_an_import_needs_are_missed_and_others_are_not(
    database: Database, project_id: int, tmp_path: Path
) -> None:
    rest = {table: sorted(needed) for table, needed in NEEDED.items()}
    for form, ending in ENDINGS.items():
        out = tmp_path / f"least.{ending}"
        with database.read() as session:
            project = session.query(Project).one()
            export_project(session, project, form, out, Choice(without=left_out_but(rest)))
        parsed = parse_files([out], {}, None)
        assert (parsed.errors, len(parsed.labels)) == ([], 3), form
        assert {label.note for label in parsed.labels} == {""}
    out = tmp_path / "sharing.zip"
    content = everything(database, Choice(without=PRESETS[SHARING][1]), out)
    assert "Silva" not in content
    assert "ask marta" not in content
    assert manifest(out)["left_out"]["label_events"] == ["evidence", "evidence_places", "note"]
    (error, *_) = parse_files([out], {}, None).errors
    assert "made without the column" in error.message
    everything(database, Choice(without=PRESETS[LABELS][1]), out, "csv")
    with pytest.raises(InvalidInput, match="No table has a column texts"):
        left_out(["texts"])
    with pytest.raises(InvalidInput, match="has no column what"):
        left_out_but({"protocols": ["what"]})


def test_what_was_chosen_stands_in_the_audit(
    database: Database, project_id: int, tmp_path: Path
) -> None:
    masks: frozenset[Kind] = frozenset({"email", "name", "record"})
    choice = Choice(masks=masks, without=left_out(["note"]), patterns=("ZQ-####",))
    with database.write() as session:
        project = session.query(Project).one()
        made = export_project(session, project, "csv", tmp_path / "e.zip", choice)
        record_export(session, project.id, "csv", made, None, choice)
        detail = json.loads(last_detail(session))
    assert detail["coders"] == "pseudonyms"
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        report = archive.read("masking_report.csv").decode("utf-8-sig")
    places: Counter[str] = Counter()
    for row in csv.DictReader(report.splitlines()):
        places[row["kind"]] += int(row["places"])
    assert detail["masked"] == places
    assert places["email"] == places["record"] == 1
    assert detail["patterns"] == "ZQ-####"
    assert detail["left_out"] == "label_events.note"
    assert detail["rows"]["label_events"] == 3


def test_ids_of_other_protocols_and_own_numbers_are_masked_wherever_they_are_quoted(
    database: Database, project_id: int, tmp_path: Path
) -> None:
    with database.write() as session:
        project = session.query(Project).one()
        quoting = "After HM20013139 and pilot_hm20013139_v2.docx, case zq-1234; ZQ-123 is none."
        texts = [compose("follow", "On HM20013139", [("Of HM20013139", quoting)], {"see": "ZQ-77"})]
        earlier = [PriorLabel("follow", "zacharias", 2, note="as HM20013139, ZQ-1234")]
        assert not import_protocols(session, project, texts, earlier, by=None).errors
    choice = Choice(masks=frozenset({"record"}), patterns=("ZQ-####", "ZQ-##"))
    content = everything(database, choice, tmp_path / "e.zip")
    assert "20013139" not in content
    assert "1234;" not in content
    assert "After [record 1] and pilot_[record 1]_v2.docx, case [record 2]; ZQ-123 is" in content
    assert '"note":"as [record 1], [record 2]"' in content
    assert '"see":"[record 3]"' in content
    assert manifest(tmp_path / "e.zip")["patterns"] == ["ZQ-####", "ZQ-##"]


@pytest.mark.parametrize("pattern", ["MRN", "A#", "#" * 61, "##\x07"])
def test_a_pattern_that_would_mask_everything_or_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="MRN-######"):
        Choice(masks=frozenset({"record"}), patterns=(pattern,))
    with pytest.raises(InvalidInput, match="masked as well"):
        Choice(patterns=("MRN-###",))


def test_the_command_chooses_as_the_page_does(
    database: Database, project_id: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CER_DATABASE_URL", database.url)
    out = tmp_path / "e.zip"
    command = ["export", "own", "--format", "csv", "--out", str(out), "--preset", "labels"]
    command += ["--mask", "record,email", "--pattern", "ZQ-####", "--without", "recorded_at"]
    with database.read() as session:
        command[1] = session.query(Project).one().slug
    CliRunner().invoke(cer, [*command, "--home", str(tmp_path)], catch_exceptions=False)
    said = manifest(out)
    assert {"note", "recorded_at"} <= set(said["left_out"]["label_events"])
    assert (said["masked"], said["patterns"]) == (["email", "record"], ["ZQ-####"])
    with database.read() as session:
        detail = json.loads(last_detail(session))
    assert detail["patterns"] == "ZQ-####"
    assert "label_events.note" in detail["left_out"]


def last_detail(session: Any) -> str:
    from cer_assist.store.tables import AuditEvent

    row = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
    return str(row.detail)


def test_every_table_has_the_columns_that_an_import_needs() -> None:
    for table, needed in NEEDED.items():
        assert needed <= {column.name for column in COLUMNS[table]}
