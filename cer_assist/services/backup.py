"""A backup is one consistent file, made while others write; restoring verifies before it replaces.

SQLite's own backup interface copies pages under its locks; a copy of the file would not do.
PostgreSQL has pg_dump for this, so we say so instead of doing it worse.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import Corrupt, InvalidInput, NotFound
from cer_assist.exports.writing import file_sha256
from cer_assist.services import audit
from cer_assist.services.verification import Verification, verify
from cer_assist.store.engine import Database, sqlite_module
from cer_assist.store.schema import upgrade
from cer_assist.store.tables import Project

PAGES_PER_STEP = 2000


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written, and the state of the chain in it."""

    path: Path
    bytes: int
    sha256: str
    verification: Verification


def back_up(url: str, out: Path) -> Backup:
    """Copy the database into a new file and verify the copy."""
    source = _file(url)
    if out.exists():
        raise InvalidInput(f"{out} exists already: choose another name.")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f"{out.name}.tmp")
    module = sqlite_module()
    with _private_file(unfinished):
        with closing(module.connect(source)) as live, closing(module.connect(unfinished)) as copy:
            live.backup(copy, pages=PAGES_PER_STEP)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, no companions
        verification = verify_file(unfinished)
        digest = file_sha256(unfinished)
        unfinished.rename(out)
    return Backup(out, out.stat().st_size, digest, verification)


def record(session: Session, made: Backup) -> None:
    """Put into the chain that all was taken out: for the whole, and for each project in it.

    Who looks after a project sees what left of it, and nothing of the others, so no counts either.
    """
    # The name without the folder, which tells of the machine.
    detail = {"format": "backup", "file": made.path.name, "sha256": made.sha256, "coders": "names"}
    for project_id in (None, *session.scalars(select(Project.id).order_by(Project.id))):
        subject = "installation" if project_id is None else f"project:{project_id}"
        entry = audit.Entry("export.taken", subject, detail)
        audit.append(session, entry, account_id=None, project_id=project_id)


@contextmanager
def _private_file(path: Path) -> Iterator[None]:
    """An empty file for its owner alone: it holds every text and label. It goes if this fails."""
    _remove(path)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        yield
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
    """Delete a database with SQLite's companions, whose pages would get into the next one."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def verify_file(path: Path) -> Verification:
    """Check a database file's pages and its audit chain; raises Corrupt when either is damaged."""
    module = sqlite_module()
    try:
        with closing(module.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check").fetchone()[0]
    except (module.DatabaseError, sqlite3.DatabaseError) as error:
        raise Corrupt(f"{path.name} is not a database of CER Assist ({error}).") from error
    if found != "ok":
        raise Corrupt(f"{path.name} is damaged: {found}.")
    upgrade(f"sqlite:///{path}")  # an older backup is brought to this version first
    database = Database(f"sqlite:///{path}")
    try:
        with database.read() as session:
            verification = verify(session)
    finally:
        database.close()
    if not verification.intact:
        raise Corrupt(f"{path.name}: {verification.fault}.")
    return verification


def restore(url: str, backup: Path) -> Verification:
    """Put a verified backup in the database's place; what was there is kept beside it."""
    if not backup.is_file():
        raise NotFound(f"There is no backup {backup}.")
    target = _file(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.restoring")
    with _private_file(fresh):
        fresh.write_bytes(backup.read_bytes())
        verification = verify_file(fresh)
        if target.exists():
            _set_aside(target)
        fresh.rename(target)
    return verification


def _set_aside(target: Path) -> None:
    """Keep the replaced database whole: its log is folded in first, which needs it to be unused."""
    module = sqlite_module()
    with closing(module.connect(target, timeout=0)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=DELETE")
        except module.OperationalError as error:
            raise InvalidInput("The database is in use: stop `start` first, then again.") from error
    number = 1
    while (kept := target.with_name(f"{target.name}.before-restore-{number}")).exists():
        number += 1
    target.rename(kept)


def _file(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise InvalidInput("This database is PostgreSQL: back it up with pg_dump, restore by psql.")
    return Path(parsed.database)


def as_dict(verification: Verification) -> dict[str, Any]:
    """For printing."""
    return {
        "intact": verification.intact,
        "events": verification.events,
        "labels": verification.labels,
        "head": verification.head,
        "fault": verification.fault,
    }
