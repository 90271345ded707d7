"""A snapshot gives the same bytes whatever becomes of the project, and says when it cannot."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from cer_assist.domain.errors import Corrupt, InvalidInput, NotReady
from cer_assist.exports.columns import LABEL_EVENTS
from cer_assist.exports.parquet import read_parquet
from cer_assist.exports.writing import FORMATS, write_export
from cer_assist.imports import parse_files
from cer_assist.services import backup, queue_order, snapshot_making, snapshots, studies
from cer_assist.services.snapshot_differences import differences
from cer_assist.services.snapshot_making import make
from cer_assist.services.snapshot_splits import Asked
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import Account, Project, Snapshot, SnapshotProtocol
from cer_assist.store.types import table_of
from tests.builders import a_fence, a_label, a_member, a_project, unlike_protocols
from tests.imports.inside import parse_inside

SHARES = {"train": 0.5, "validation": 0.0, "test": 0.5}


def a_snapshot(database: Database) -> int:
    """Eight protocols, six of them with a level, one of these fenced; the account of the coder."""
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        ids = [protocol.id for protocol in unlike_protocols(session, project, 8)]
    with pytest.raises(NotReady, match="comparing"):
        make(database, 1, Asked("early", shares=SHARES), None)
    with database.write() as session:
        project = session.get_one(Project, 1)
        queue_order.store_clusters(session, dict.fromkeys(ids) | {ids[0]: ids[0], ids[1]: ids[0]})
        a_fence(session, project, [ids[4]])
        for key in ids[:6]:
            a_label(session, project, key, by=ana, level=1 + key % 2)
    made = make(database, 1, Asked("paper", shares=SHARES), ana)
    assert not any(line["found"] for line in made.said["check"]["lines"])
    with pytest.raises(InvalidInput, match="already"):
        make(database, 1, Asked("paper"), ana)
    return ana


def exports(database: Database, folder: Path) -> list[bytes]:
    found = []
    with database.read() as session:
        made = snapshots.find(session, 1, "paper")
        for name, form in FORMATS.items():
            out = folder / f"{name}{form.ending}"
            done = write_export(name, out, snapshots.data_set(session, made))
            found.append(done.path.read_bytes())
    return found


def test_the_same_bytes_after_the_project_went_on(any_database: Database, tmp_path: Path) -> None:
    ana = a_snapshot(any_database)
    before = exports(any_database, tmp_path)
    with any_database.write() as session:
        project = session.get_one(Project, 1)
        project.name = "Another"
        session.get_one(Account, ana).display_name = "Ana, later"
        one, two, *_ = unlike_protocols(session, project, 9)
        studies.link(session, project, [(two, one)], by=None)
        for key in (1, 7):
            a_label(session, project, key, by=ana, level=5)
        assert verify(session).intact
    assert exports(any_database, tmp_path) == before
    with any_database.read() as session:
        splits = [
            row["split"]
            for row in snapshots.held_of(session, snapshots.find(session, 1, "1")).values()
        ]
    assert splits[0] == splits[1]
    assert (splits[4], splits[6:]) == ("fenced", [None, None])


def fenced_in(out: Path) -> set[Any]:
    """What an export says of who is fenced."""
    with zipfile.ZipFile(out) as archive:
        if out.stem == "parquet":
            rows = list(read_parquet(archive.read("protocols.parquet"), {}))
        else:
            rows = [json.loads(line) for line in archive.open("protocols.jsonl")]
    return {row["is_fenced"] for row in rows}


def test_one_made_when_truth_and_times_were_texts_keeps_them(
    any_database: Database, tmp_path: Path
) -> None:
    a_snapshot(any_database)
    found = []
    with any_database.read() as session:
        made = snapshots.find(session, 1, "paper")
        for says in ({True, False, None}, {"true", "false", None}):
            if "true" in says:
                session.expunge(made)
                made.said = {key: said for key, said in made.said.items() if key != "is_typed"}
            columns = snapshots.data_set(session, made).tables[LABEL_EVENTS].columns
            (seconds,) = (column.meaning for column in columns if column.name == "seconds")
            assert seconds.startswith("Seconds that this step took") == (True in says)
            for name in ("jsonl", "parquet"):
                out = tmp_path / f"{name}.zip"
                write_export(name, out, snapshots.data_set(session, made))
                assert fenced_in(out) == says
                found.append(parse_files([out], {}, None))
    assert all(one.labels == found[0].labels and not one.errors for one in found)


@pytest.mark.parametrize("table", ["snapshot", "snapshot_protocol"])
def test_nothing_of_it_can_be_changed(any_database: Database, table: str) -> None:
    a_snapshot(any_database)
    rows = table_of({"snapshot": Snapshot, "snapshot_protocol": SnapshotProtocol}[table])
    for change in (update(rows).values(sha256="0"), delete(rows)):
        with pytest.raises(DBAPIError, match="append-only"), any_database.write() as session:
            session.execute(change)


def test_what_was_altered_is_named_and_not_written(database: Database, tmp_path: Path) -> None:
    a_snapshot(database)
    before = exports(database, tmp_path)
    copy = backup.back_up(database.url, tmp_path / "copy.sqlite3").path
    with database.write() as session:
        session.execute(text("DROP TRIGGER snapshot_protocol_no_update"))
        session.execute(text("UPDATE snapshot_protocol SET split = 'test' WHERE protocol_id = 5"))
        assert "protocol 5 of snapshot 1 was altered" in str(verify(session).fault)
    with pytest.raises(Corrupt, match="protocol P-5"):
        exports(database, tmp_path)
    restored = Database(f"sqlite:///{copy}")
    assert exports(restored, tmp_path) == before
    with restored.write() as session:
        session.execute(text("DROP TRIGGER snapshot_no_update"))
        session.execute(text("UPDATE snapshot SET notes = 'x'"))
        assert verify(session).fault == "snapshot 1 was altered"
    restored.close()


def test_filters_choose_events_and_differences_say_what_moved(any_database: Database) -> None:
    ana = a_snapshot(any_database)
    with any_database.write() as session:
        project = session.get_one(Project, 1)
        bo = a_member(session, project, "bo").id
        a_label(session, project, 1, by=bo, level=5)
        a_label(session, project, 7, by=bo, level=3)
    whole = make(any_database, 1, Asked("later", shares=SHARES, seed=2), ana)
    blind = make(any_database, 1, Asked("blind", settled_only=True, readings="independent"), ana)
    nothing = make(any_database, 1, Asked("old", until="2001-01-01", exposures=("blind",)), ana)
    final = make(any_database, 1, Asked("final", readings="final", rubric_versions=(1,)), ana)
    rows = [one.said["members"]["label_events"]["rows"] for one in (whole, blind, nothing, final)]
    assert rows == [8, 6, 0, 0]
    assert blind.said["counts"]["without_level"] == 0
    with any_database.read() as session:
        of = snapshots.held_of(session, nothing)
        assert of[2]["said"]["coder_levels"] == {} and of[2]["level"] is None
        list(snapshots.data_set(session, blind).records)
        first, last = (snapshots.find(session, 1, name) for name in ("paper", "blind"))
        later = differences(session, first, snapshots.find(session, 1, "later"))
        found = differences(session, first, last)
    assert [(one.before, one.after, one.protocols) for one in later.moved] == [
        ("", "3", ("P-7",)),
        ("2", "", ("P-1",)),
    ]
    assert ("Label events", "6", "8") in [(f.what, f.before, f.after) for f in later.facts]
    assert found.removed == ("P-1", "P-8")
    with pytest.raises(InvalidInput, match="is no day"):
        make(any_database, 1, Asked("wrong", since="tomorrow"), ana)


def test_saving_goes_on_while_one_is_read(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reading holds no lock, and what is saved meanwhile is not in it."""
    ana = a_snapshot(any_database)
    asked = Asked("meanwhile")
    read = snapshot_making._read

    def slow(*given: Any) -> Any:
        with any_database.write() as session:
            a_label(session, session.get_one(Project, 1), 8, by=ana, level=4)
        return read(*given)

    monkeypatch.setattr(snapshot_making, "_read", slow)
    made = make(any_database, 1, asked, ana)
    assert made.said["counts"]["label_events"] == 6
    assert made.said["counts"]["without_level"] == 2
    with any_database.read() as session:
        snapshots.data_set(session, snapshots.find(session, 1, "meanwhile"))
        assert verify(session).intact


def test_it_comes_back_from_every_format(database: Database, tmp_path: Path) -> None:
    a_snapshot(database)
    exports(database, tmp_path)
    with database.read() as session:
        made_on = f"{snapshots.find(session, 1, 'paper').at:%Y-%m-%d}"
    for name, form in FORMATS.items():
        out = tmp_path / f"{name}{form.ending}"
        found = parse_inside([out], {}, None)
        assert (found.errors, len(found.protocols), len(found.labels)) == ([], 8, 6), name
        assert out.stat().st_mode & 0o777 == 0o600
        if name in ("csv", "jsonl", "xlsx", "parquet", "hugging-face"):  # with a manifest
            assert f"Export of project demo of {made_on}, coded" in found.notes[0], name
        if zipfile.is_zipfile(out):  # the hour of writing would make other bytes
            with zipfile.ZipFile(out) as archive:
                assert {one.date_time[0] for one in archive.infolist()} == {1980}
    with zipfile.ZipFile(tmp_path / "hugging-face.zip") as archive:
        rows = json.loads(archive.read("manifest.json"))["members"]
    splits = {name.split("/")[1].split("-")[0]: said["rows"] for name, said in rows.items()
              if name.startswith("data/")}  # fmt: skip
    assert splits == {"fenced": 1, "test": 2, "train": 3, "unsplit": 2}
