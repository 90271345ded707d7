"""Readers and writers have their own connections: a writer takes SQLite's lock at BEGIN.

A deferred BEGIN that writes later fails at once when another writer came between; taking the lock
first makes writers wait instead. Within one process they queue on a lock of ours, because SQLite's
own waiting is a sleep-and-retry that is neither fair nor quick.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

from cer_assist.domain.errors import CerError

# Fixed in 3.51.3: two processes writing in WAL mode could corrupt the database.
WAL_SAFE_SQLITE = (3, 51, 3)
BUSY_MILLISECONDS = 60_000


class Database:
    """The one way to a session; `write()` commits when its block ends without an error."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._writers: Engine = _engine(url, read_only=False)
        self._readers: Engine = (
            _engine(url, read_only=True)
            if self.is_sqlite
            # Several reads of one session must speak of the same moment, as they do on SQLite.
            else self._writers.execution_options(isolation_level="REPEATABLE READ")
        )
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and cannot write."""
        with Session(self._readers, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in a write transaction: all of it is on disk afterwards, or none."""
        with self._turn, Session(self._writers, expire_on_commit=False) as session, session.begin():
            if self.is_sqlite:
                session.connection()  # BEGIN IMMEDIATE now: what is read is what is changed
            yield session

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations, backups and tests."""
        return self._writers

    def close(self) -> None:
        """Give all connections back."""
        self._writers.dispose()
        self._readers.dispose()


def sqlite_module() -> ModuleType:
    """The SQLite binding whose library is safe with several writers."""
    flags = sys.getdlopenflags() if hasattr(sys, "getdlopenflags") else 0
    try:
        # TensorFlow exports an older SQLite of its own under the same names; whichever came first
        # would serve both. DEEPBIND lets pysqlite3 use the one that it carries, in any order.
        if hasattr(os, "RTLD_DEEPBIND"):
            sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
        from pysqlite3 import dbapi2
    except ImportError:
        dbapi2 = sqlite3
    finally:
        if hasattr(sys, "setdlopenflags"):
            sys.setdlopenflags(flags)
    found = dbapi2.sqlite_version_info
    if found < WAL_SAFE_SQLITE:
        raise CerError(
            f"SQLite {dbapi2.sqlite_version} can damage a database with two writers. Install the "
            "package pysqlite3 (python3 manage.py does) or set CER_DATABASE_URL to PostgreSQL."
        )
    module: ModuleType = dbapi2
    return module


def _engine(url: str, *, read_only: bool) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    engine = create_engine(url, module=sqlite_module(), pool_size=10, max_overflow=40)
    event.listen(engine, "connect", _prepare_reader if read_only else _prepare_writer)
    event.listen(engine, "begin", _begin if read_only else _begin_immediate)
    return engine


def _prepare_writer(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not BEGIN on its own
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "cache_size=-32000",
        # Each checkpoint holds up the save that trips over it: a quarter as many, of 16 MB.
        "wal_autocheckpoint=4000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_reader(connection: Any, record: object) -> None:
    _prepare_writer(connection, record)
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
