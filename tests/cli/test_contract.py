"""The command line is a contract: results, JSON on the last line, errors, exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from cer_assist.cli import COMMANDS, cer
from cer_assist.config import ROOT
from cer_assist.domain.errors import CerError
from cer_assist.store.engine import Database
from tests.cli.conftest import DEMO, Run


def test_the_parts_of_real_use(office: Run, tmp_path: Path) -> None:
    assert office("projects", "list")["projects"][0]["protocols"] == 72
    users = {user["username"] for user in office("users", "list")["users"]}
    assert users == {"ana", "demo-amara", "demo-jonas"}
    served = office("next", "irb", "--as", "ana")
    assert served["protocol"].startswith("DEMO-")
    assert served["reason"]
    assert office("next", "irb", "--as", "ana")["protocol"] == served["protocol"]
    office("label", "irb", served["protocol"], "4", "--as", "ana")
    assert office("next", "irb", "--as", "ana")["protocol"] != served["protocol"]
    office("label", "irb", served["protocol"], "3", "--as", "ana")  # a correction
    made = office("export", "irb", "--format", "jsonl", "--out", str(tmp_path / "out.zip"))
    assert made["rows"] == {"label_events": 90, "protocols": 72}
    found = office("audit", "verify")
    assert (found["intact"], found["labels"]) == (True, 90)
    assert "suggestions" in found["not_covered"]
    office("users", "disable", "ana")
    assert office("users", "reset", "ana")["link"].startswith("/link/")


def test_versions_are_linked_and_taken_apart(office: Run) -> None:
    link = {"protocol": "DEMO-061", "kind": "version", "of": "DEMO-060"}
    done = office("copies", "irb", "--link", "DEMO-061", "DEMO-060")
    assert done["links"] == [link]
    copy = {"protocol": "DEMO-062", "kind": "copy", "of": "DEMO-061"}
    assert office("copies", "irb", "--copy", "DEMO-062", "DEMO-061")["links"] == [link, copy]
    assert office("copies", "irb", "--unlink", "DEMO-061")["links"] == [copy]
    office("copies", "irb", "--unlink", "DEMO-062")


def test_training_is_filled_shown_and_steered(office: Run, tmp_path: Path) -> None:
    office("users", "add", "lea", "--project", "irb", "--role", "lead")
    assert office("training", "irb", "--starter")["added"] == 10
    assert office("training", "irb", "--starter")["added"] == 0
    file = tmp_path / "practice.jsonl"
    row = {"external_id": "P", "title": "T", "text": "Some text.", "level": 2, "explanation": "So."}
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    items = office("training", "irb", "--add", str(file), "--items")["items"]
    assert sorted(item["level"] for item in items) == [1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5]
    coders = office("training", "irb")["coders"]
    assert [(one["username"], one["asked"]) for one in coders] == [("ana", 0), ("lea", 0)]
    assert office("training", "irb", "--allow", "ana", "--as", "lea")["allowed"] == "ana"
    assert office("training", "irb", "--results")["coders"][0]["rounds_left"] == 5


def test_the_queue_is_shown_and_steered(office: Run) -> None:
    office("users", "add", "lea", "--project", "irb", "--role", "lead")
    assert office("queue", "irb")["next"] == []  # there is no model yet
    done = office("queue", "irb", "pin", "DEMO-060", "--reason", "meeting", "--as", "lea")
    assert done["changed"] == 1
    assert office("next", "irb", "--as", "ana")["protocol"] == "DEMO-060"
    office("queue", "irb", "hold", "DEMO-061", "DEMO-062", "--reason", "wrong file")
    found = office("queue", "irb")
    assert [(one["external_id"], one["wish"], one["by"]) for one in found["wishes"]] == [
        ("DEMO-060", "pinned", "lea"),
        ("DEMO-061", "held", "the command line"),
        ("DEMO-062", "held", "the command line"),
    ]
    assert [one["who"] for one in found["open"]] == ["ana"]
    assert found["served"][0]["strategy"] == "pinned"
    assert office("queue", "irb", "release", "DEMO-061", "DEMO-062")["changed"] == 2
    assert office("audit", "verify")["intact"]


def test_a_disagreement_is_listed_settled_and_taken_back(office: Run) -> None:
    for name, level in (("ben", "4"), ("cleo", "2")):
        office("users", "add", name, "--project", "irb")
        office("label", "irb", "DEMO-060", level, "--as", name)
    office("users", "add", "lea", "--project", "irb", "--role", "lead")
    first = office("adjudicate", "irb", "--list")["protocols"]
    assert "DEMO-060" in {one["external_id"] for one in first}
    settle = ("adjudicate", "irb", "DEMO-060", "--as", "lea")
    done = office(*settle, "3", "--reason", "rubric_gap", "--note", "one phase")
    assert (done["act"], done["level"], done["protocol"]) == ("decide", 3, "DEMO-060")
    assert len(office("adjudicate", "irb")["protocols"]) == len(first) - 1
    assert office(*settle, "--take-back")["act"] == "take_back"
    assert office(*settle, "--send-back", "--note", "the board")["act"] == "send_back"
    assert office("next", "irb", "--as", "ben")["protocol"] == "DEMO-060"


def test_rubric_versions_are_listed_shown_compared_and_published(
    office: Run, tmp_path: Path
) -> None:
    office("users", "add", "lea", "--project", "irb", "--role", "lead")
    served = [office("next", "irb", "--as", "ana")["protocol"]]
    for _ in range(6):  # some may want a second reader: those are not listed yet
        office("label", "irb", served[-1], "2", "--as", "ana")
        served.append(office("next", "irb", "--as", "ana")["protocol"])
    first = office("rubric", "irb", "--show", "1")
    file = tmp_path / "next.yaml"
    changed = (
        first["text"]
        .replace("version: 1", "version: 2")
        .replace("no say in the study.", "no voice in the study.")
    )
    file.write_text(changed, encoding="utf-8")
    done = office("rubric", "irb", "--publish", str(file), "--note", "Rooms.", "--as", "lea")
    assert done["in_use"] == 2
    assert [(one["number"], one["by"], one["note"]) for one in done["versions"]] == [
        (1, None, ""),
        (2, "lea", "Rooms."),
    ]
    (change,) = office("rubric", "irb", "--diff", "1", "2")["changes"]
    assert (change["level"], change["part"]) == (2, "definition")
    shown = ["rubric", "irb", "--diff", "1", "2", "--home", str(tmp_path)]
    said = CliRunner().invoke(cer, shown, catch_exceptions=False).stdout
    assert "level 2, definition:" in said
    assert "[-say -]" in said
    assert "{+voice +}" in said
    listed = office("rereading", "irb")
    assert listed["levels"] == [2]
    names = [one["external_id"] for one in listed["readings"] if one["is_member"]]
    assert names
    assert set(names) <= set(served)
    sent = office("rereading", "irb", "again", *names, "--as", "lea")
    assert sent["standing"]["asked"] == len(names)
    with pytest.raises(CerError, match="does not lead"):
        office("rubric", "irb", "--publish", str(file), "--note", "x", "--as", "ana")
    with pytest.raises(CerError, match="Version 2 is in use"):
        office("rubric", "irb", "--publish", str(file), "--note", "x")
    assert office("audit", "verify")["intact"]


def test_progress_tells_what_the_page_tells(office: Run) -> None:
    found = office("progress", "irb")
    assert found["read"] + found["unread"] == 72
    assert found["signals"] == {"fence": None, "flat": None, "wrong": None}  # there is no model yet
    assert found["decision"] is None


def test_agreement_tells_what_the_page_tells(office: Run) -> None:
    """The demo's labels come from two imported readers; one protocol is read twice here."""
    found = office("agreement", "irb")
    assert (found["choice"], found["units"]) == ("", 0)
    assert found["elsewhere"] > 0
    imported = office("agreement", "irb", "--seen", "elsewhere")
    assert imported["units"] == found["elsewhere"]
    figures = imported["coefficients"]
    assert set(figures) >= {"alpha_ordinal", "kappa_quadratic", "ac2", "fleiss", "percent"}
    assert 0 < figures["percent"]["value"] <= 1
    one = office("agreement", "irb", "--seen", "elsewhere", "--coder", "demo-amara")
    assert (one["choice"], one["units"]) == ("seen=elsewhere&coder=demo-amara", 0)


def test_what_a_coder_read_is_drawn_to_be_read_again(office: Run) -> None:
    office("users", "add", "lea", "--project", "irb", "--role", "lead")
    office("users", "add", "ben", "--project", "irb")
    names = []
    for _ in range(8):  # of each, one in five wants another reader
        names.append(office("next", "irb", "--as", "ana")["protocol"])
        office("label", "irb", names[-1], "3", "--as", "ana")
    asked = ("agreement", "irb", "--reread", "ana", "--number", "1", "--as", "lea")
    with pytest.raises(CerError, match="nothing to read again"):
        office(*asked, "--until", "2020-01-01")
    with pytest.raises(CerError, match="not read blind"):
        office(*asked, "--reader", "lea")
    assert office(*asked, "--reader", "ben", "--note", "by Friday") == {"drawn": 1}
    assert office("next", "irb", "--as", "ben")["protocol"] in names


def test_exposure_tells_what_the_page_tells(office: Run) -> None:
    found = office("exposure", "irb")
    assert found["lots"]["none"]["readings"] == 0
    assert found["switching"]["changed"] == dict.fromkeys(("value", "low", "high")) | {"n": 0}
    assert found["left_out"] > 10  # imported: nobody saw them made
    assert sum(found["truths"].values()) == found["readings"] == 0


def test_a_fenced_sample_is_drawn_and_told_of(office: Run) -> None:
    before = office("fence", "irb")
    assert (before["size"], before["draws"], before["estimate"]) == (0, [], None)
    assert before["unread"] > 10
    after = office("fence", "irb", "--draw", "5")
    assert after["size"] == 5
    assert after["standing"] == dict.fromkeys(after["standing"], 0) | {"unread": 5}
    [draw] = after["draws"]
    assert (draw["asked"], draw["drawn"]) == (5, 5)
    assert after["unread"] == before["unread"] - 5
    assert "DEMO-" not in json.dumps(after)


def test_an_export_imports_again(office: Run, tmp_path: Path) -> None:
    for kind in ("csv", "jsonl", "xlsx"):
        out = str(tmp_path / f"out-{kind}{'.xlsx' if kind == 'xlsx' else '.zip'}")
        office("export", "irb", "--format", kind, "--out", out)
        office("projects", "create", f"again-{kind}")
        report = office("import", f"again-{kind}", out)
        assert (report["protocols"], report["labels"]) == (72, 88)


def test_a_dry_run_stores_nothing(run: Run) -> None:
    run("projects", "create", "irb")
    files = str(DEMO / "protocols.jsonl")
    assert run("import", "irb", files, "--dry-run")["protocols"] == 72
    assert run("projects", "list")["projects"][0]["protocols"] == 0


def test_training_suggesting_and_words(office: Run, encoded_demo: Path, tmp_path: Path) -> None:
    shutil.copytree(encoded_demo, tmp_path / "features")
    trained = office("train", "irb", "--full")
    assert (trained["version"], trained["published"]) == (1, True)
    suggestion = office("suggest", "irb", "DEMO-003")
    assert set(suggestion) >= {
        "level",
        "probabilities",
        "words",
        "evidence_strength",
        "model_version",
    }
    assert sum(suggestion["probabilities"]) == pytest.approx(1)
    assert 0 < suggestion["weak_below"] < 1
    assert {"text", "start", "end", "weight", "level"} <= set(suggestion["words"][0])
    words = office("words", "irb")["levels"]
    assert {"recruitment", "flyers"} & {word["word"] for word in words["2"][:20]}
    assert {"committee", "board"} & {word["word"] for word in words["5"][:20]}
    _words_go_out_as_neat_vision_takes_them(office, tmp_path)


def _words_go_out_as_neat_vision_takes_them(office: Run, tmp_path: Path) -> None:
    out = tmp_path / "irb.json"
    made = office("export", "irb", "--format", "neat-vision", "--out", str(out))
    found = json.loads(out.read_text(encoding="utf-8"))
    names = json.loads((tmp_path / "irb-labels.json").read_text(encoding="utf-8"))
    assert {one.stat().st_mode & 0o777 for one in tmp_path.glob("irb*.json")} == {0o600}
    assert made["rows"]["protocols"] == len(found) > 0
    assert names["0"] == {"name": "1", "desc": "Non-CEnR"}
    for entry in found:
        assert set(entry) == {"text", "label", "prediction", "posterior", "attention", "id"}
        assert len(entry["text"]) == len(entry["attention"])
        assert sum(entry["posterior"]) == pytest.approx(1, abs=1e-4)
        assert sum(entry["attention"]) == pytest.approx(1, abs=1e-3)
        assert str(entry["label"]) in names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["projects", "create", "Bad Name"], "short name"),
        (["next", "nowhere", "--as", "ana"], "projects list"),
        (["users", "disable", "nobody"], "users list"),
        (["words", "empty"], "There is no model yet"),
        (["label", "empty", "X", "3", "--as", "ana"], "no protocol"),
        (["next", "empty", "--as", "ben"], "role coder"),
        (["queue", "empty", "pin", "X", "--reason", "x"], "no protocol X"),
        (["queue", "empty", "pin", "X", "--reason", "x", "--as", "ana"], "does not lead"),
        (["adjudicate", "empty", "X", "3", "--as", "ana"], "does not lead"),
        (["train", "empty"], "label some more"),
        (["import", "empty", str(ROOT / "manage.py")], "Nothing was imported"),
        (["restore", "no-such-file"], "no backup"),
    ],
)
def test_errors_say_what_to_do(run: Run, arguments: list[str], said: str, tmp_path: Path) -> None:
    run("projects", "create", "empty")
    run("users", "add", "ana", "--project", "empty")
    run("users", "add", "ben")
    with pytest.raises(CerError) as caught:
        CliRunner().invoke(cer, [*arguments, "--home", str(tmp_path)], catch_exceptions=False)
    assert said in caught.value.message


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as typed."""
    command = [sys.executable, "-m", "cer_assist.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_exit_codes_and_one_line_on_stderr(tmp_path: Path) -> None:
    wrong_use = manage("label", "--home", str(tmp_path))
    assert wrong_use.returncode == 2
    failed = manage("next", "demo", "--as", "ana", "--home", str(tmp_path))
    assert failed.returncode == 1
    assert failed.stdout == ""
    (line,) = failed.stderr.splitlines()
    assert "manage.py init" in line


def test_tampering_is_a_failure(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    manage("init", *home)
    manage("projects", "create", "irb", *home)
    database = Database(f"sqlite:///{tmp_path / 'cer.sqlite3'}")
    with database.write() as session:
        session.execute(text("DROP TRIGGER audit_event_no_update"))
        session.execute(text("UPDATE audit_event SET action = 'nothing' WHERE id = 1"))
    database.close()
    found = manage("audit", "verify", "--json", *home)
    assert found.returncode == 1
    assert "audit event 1 (nothing" in found.stderr
    assert json.loads(found.stdout.splitlines()[-1])["intact"] is False


def test_every_command_explains_itself() -> None:
    result = CliRunner().invoke(cer, ["--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        assert name in result.output
        help_text = CliRunner().invoke(cer, [name, "--help"])
        assert help_text.exit_code == 0, name
        assert "Usage" in help_text.output


def test_protocols_are_dealt_and_taken_back(office: Run) -> None:
    office("users", "add", "ben", "--project", "irb")
    looked = office("assign", "irb", "--to", "ana", "--to", "ben", "--each", "4", "--dry-run")
    assert looked["stored"] is False
    assert [one["dealt"] for one in looked["shares"]] == [4, 4]
    assert {one["open"] for one in office("assign", "irb")["coders"]} == {0}
    due = ("--due", "2999-12-31", "--note", "first round")
    done = office("assign", "irb", "--to", "ana", "--to", "ben", "--each", "4", *due)
    assert [one["dealt"] for one in done["shares"]] == [4, 4]
    assert office("next", "irb", "--as", "ana")["reason"] == "assigned to you: first round"
    lines = {one["username"]: one for one in office("assign", "irb")["coders"]}
    assert lines["ben"]["next_due"] == "2999-12-31"
    assert office("assign", "irb", "--release", "ben")["protocols"] == 4
    assert office("assign", "irb", "--release", "ana", "--to", "ben")["stay"] == 0
    assert office("assign", "irb", "--draw-readers", "--dry-run")["stored"] is False
    assert office("assign", "irb", "--draw-readers")["stored"] is True
    assert office("audit", "verify")["intact"]
