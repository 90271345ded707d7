"""Fifty writers at once: nobody is told that the database is locked, and nothing is lost."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from cer_assist.domain.errors import CerError
from cer_assist.services.verification import verify
from cer_assist.store import engine
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelEvent, Project
from tests.builders import a_label, a_member, a_project, some_protocols

PROCESSES, THREADS, EACH = 5, 10, 10


def _write(work: tuple[str, int, int, int, list[int]]) -> int:
    """One process: its threads label the same protocols under accounts of their own."""
    url, process, project_id, first_account, protocol_ids = work
    database = Database(url)
    start = threading.Barrier(THREADS)

    def one(number: int) -> int:
        start.wait()
        for protocol_id in protocol_ids:
            with database.write() as session:
                project = session.get_one(Project, project_id)
                account = first_account + process * THREADS + number
                a_label(session, project, protocol_id, by=account, level=3)
        return len(protocol_ids)

    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(pool.map(one, range(THREADS)))
    database.close()
    return done


def test_fifty_writers_meet_no_lock_error(database: Database) -> None:
    with database.write() as session:
        project = a_project(session)
        ids = [a_member(session, project, f"w{n}").id for n in range(PROCESSES * THREADS)]
        protocols = [protocol.id for protocol in some_protocols(session, project, EACH)]
        work = [(database.url, n, project.id, ids[0], protocols) for n in range(PROCESSES)]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        assert sum(pool.map(_write, work)) == PROCESSES * THREADS * EACH
    with database.read() as session:
        stored = session.scalar(select(func.count()).select_from(LabelEvent))
        assert stored == PROCESSES * THREADS * EACH
        assert verify(session).intact


def test_a_reader_cannot_write(database: Database) -> None:
    with database.read() as session, pytest.raises(OperationalError, match="readonly"):
        session.execute(text("DELETE FROM sign_in_attempt"))


def test_an_unsafe_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WAL_SAFE_SQLITE", (99, 0, 0))
    with pytest.raises(CerError, match="PostgreSQL"):
        engine.sqlite_module()


def test_durability_is_set(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        found = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }
    full = 2
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }
    assert (tmp_path / "cer.sqlite3-wal").exists()
