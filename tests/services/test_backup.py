"""Backups made while others write, and restored only when whole."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from cer_assist.domain.errors import Corrupt, InvalidInput, NotFound
from cer_assist.services import backup
from cer_assist.services.verification import verify
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Project
from tests.builders import a_label, a_member, a_project, some_protocols


def test_a_copy_made_while_others_write_is_whole(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        ids = [protocol.id for protocol in some_protocols(session, project, 150)]
        project_id = project.id
    half = threading.Event()

    def label_all() -> None:
        for number, protocol_id in enumerate(ids):
            with database.write() as session:
                a_label(session, session.get_one(Project, project_id), protocol_id, by=ana, level=3)
            if number == 50:
                half.set()

    writer = threading.Thread(target=label_all)
    writer.start()
    half.wait(30)
    made = backup.back_up(database.url, tmp_path / "copy.sqlite3")
    writer.join()
    assert made.verification.intact
    assert 51 <= made.verification.labels <= 150

    kept = backup.restore(database.url.replace("cer.sqlite3", "other.sqlite3"), made.path)
    assert kept.labels == made.verification.labels


def test_restoring_replaces_and_keeps_what_was_there(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        one, two, _ = some_protocols(session, project)
        a_label(session, project, one.id, by=ana, level=3)
    copy = backup.back_up(database.url, tmp_path / "copy.sqlite3").path
    with database.write() as session:
        a_label(session, session.get_one(Project, project.id), two.id, by=ana, level=4)
    database.close()
    assert backup.restore(database.url, copy).labels == 1
    with database.read() as session:
        assert verify(session).labels == 1
    aside = Database(database.url + ".before-restore-1")
    with aside.read() as session:
        assert verify(session).labels == 2
    aside.close()


def test_that_a_copy_was_taken_is_in_the_record_of_each_project(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        own = [a_project(session, slug).id for slug in ("one", "two")]
    made = backup.back_up(database.url, tmp_path / "copy.sqlite3")
    with database.write() as session:
        backup.record(session, made)
        assert verify(session).intact
        rows = session.query(AuditEvent).filter_by(action="export.taken").order_by(AuditEvent.id)
        assert [row.project_id for row in rows] == [None, *own]
        said = [json.loads(row.detail) for row in rows]
    assert said[0] == said[1] == said[2]
    assert (said[0]["format"], said[0]["file"]) == ("backup", "copy.sqlite3")
    assert said[0]["sha256"] == hashlib.sha256(made.path.read_bytes()).hexdigest()


def test_only_its_owner_can_read_a_copy(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for suffix in ("", "-wal", "-shm"):  # a run before was killed
        (folder / f"copy.sqlite3.tmp{suffix}").write_text("left over")
    copy = backup.back_up(database.url, folder / "copy.sqlite3").path
    assert [path.name for path in folder.iterdir()] == ["copy.sqlite3"]
    assert copy.stat().st_mode & 0o777 == 0o600
    backup.restore(f"sqlite:///{folder / 'new.sqlite3'}", copy)
    assert (folder / "new.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_refused_copy_leaves_nothing(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    with database.write() as session:
        a_member(session, a_project(session), "ana")
        session.execute(text("DROP TRIGGER audit_event_no_update"))
        session.execute(text("UPDATE audit_event SET action = 'nothing'"))
    with pytest.raises(Corrupt, match="altered"):
        backup.back_up(database.url, folder / "copy.sqlite3")
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all, " * 500)
    with pytest.raises(Corrupt):
        backup.restore(f"sqlite:///{folder / 'new.sqlite3'}", letter)
    assert list(folder.iterdir()) == []


def test_a_database_in_use_is_not_replaced(database: Database, tmp_path: Path) -> None:
    copy = backup.back_up(database.url, tmp_path / "copy.sqlite3").path
    with database.write() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(InvalidInput, match="in use"):
            backup.restore(database.url, copy)


def test_damaged_tampered_and_foreign_files_are_refused(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        one, *_ = some_protocols(session, project)
        a_label(session, project, one.id, by=ana, level=3)
    copy = backup.back_up(database.url, tmp_path / "copy.sqlite3").path
    with pytest.raises(InvalidInput, match="exists already"):
        backup.back_up(database.url, copy)
    with pytest.raises(NotFound):
        backup.restore(database.url, tmp_path / "nothing")
    (tmp_path / "letter.txt").write_text("Dear all, " * 500)
    with pytest.raises(Corrupt):
        backup.restore(database.url, tmp_path / "letter.txt")
    tampered = Database(f"sqlite:///{copy}")
    with tampered.write() as session:
        session.execute(text("DROP TRIGGER label_event_no_update"))
        session.execute(text("UPDATE label_event SET level = 5"))
    tampered.close()
    with pytest.raises(Corrupt, match="label event 1 was altered"):
        backup.restore(database.url, copy)
    data = bytearray(copy.read_bytes())
    for place in range(8192, len(data), 512):
        data[place] ^= 0xFF
    copy.write_bytes(data)
    with pytest.raises(Corrupt):
        backup.restore(database.url, copy)
