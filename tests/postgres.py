"""A PostgreSQL of the tests' own: a private cluster in a temporary folder, gone at the end.

It listens on a unix socket in a folder that only its user can enter, so it meets no cluster of
the machine and needs no password. Each test that asks gets a database of its own, because
append-only triggers leave nothing that a test could clean up. Durability is off: the cluster
lives shorter than any power cut.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from cer_assist.store.schema import upgrade

OLDEST = 15
SECONDS_TO_START = 30
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
PR_SET_PDEATHSIG = 1
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a running server; `fresh_database(postgres_url)` makes a database in it."""
    programs = server_programs()
    if programs is None:
        _absent(f"PostgreSQL {OLDEST} or newer is not installed (Debian: apt install postgresql)")
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="cer-pg-"))
    try:
        if owner:
            shutil.chown(folder, owner)
        yield from _serve(programs, folder, owner)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_database(postgres_url: str) -> str:
    """A new, empty database for this one test."""
    return fresh_database(postgres_url)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The name of a database at the newest revision that nobody uses: others are copies of it."""
    upgrade(fresh_database(postgres_url, name="migrated"))
    return "migrated"


@pytest.fixture
def migrated_postgres(postgres_url: str, migrated_template: str) -> str:
    """A database of the newest revision for this one test."""
    return fresh_database(postgres_url, copied_from=migrated_template)


def fresh_database(server: str, name: str | None = None, copied_from: str = "template1") -> str:
    """Make a database on the server at this address; return the database's address."""
    name = name or f"test_{next(_numbers)}"
    with psycopg.connect(plain(server), autocommit=True) as connection:
        # By file: in an unlogged copy every page would pass through shared memory.
        how = f"CREATE DATABASE {name} TEMPLATE {copied_from} STRATEGY file_copy"
        connection.execute(how.encode())
    return server.replace("/postgres?", f"/{name}?")


def server_programs() -> Path | None:
    """The folder of the newest `initdb` and `postgres` that serve; Debian keeps them off PATH."""
    debian = {
        int(folder.parent.name): folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit() and (folder / "initdb").exists()
    }
    if debian and max(debian) >= OLDEST:
        return debian[max(debian)]
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _serve(programs: Path, folder: Path, owner: str | None) -> Iterator[str]:
    data = folder / "data"
    initdb = [str(programs / "initdb"), f"--pgdata={data}", "--username=postgres", "--auth=trust"]
    initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(
        initdb, user=owner, cwd=folder, capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.fail(f"initdb failed: {made.stderr}")
    options = ("listen_addresses=", f"unix_socket_directories={folder}", *NOT_DURABLE)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"--{option}" for option in options)],
            user=owner,
            cwd=folder,
            stdout=log,
            stderr=log,
            preexec_fn=_stop_with_pytest if sys.platform == "linux" else None,  # noqa: PLW1509
        )
    try:
        url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        _wait_until_ready(url, server, folder / "log")
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends sessions, then stops
        server.wait(timeout=SECONDS_TO_START)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(plain(url)).close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not start: {log.read_text()}")
            time.sleep(0.05)
        else:
            return


def _stop_with_pytest() -> None:
    """In the child: a pytest killed outright takes its server along."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _owner() -> str | None:
    """PostgreSQL refuses to run as root; the package's own user serves then."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        _absent("PostgreSQL refuses to run as root and there is no user 'postgres' to run it as")


def plain(url: str) -> str:
    """The address as psycopg itself reads it, without SQLAlchemy's driver name."""
    return url.replace("+psycopg", "", 1)


def _absent(why: str) -> NoReturn:
    """Loud: a skip with a reason for a person, a failure where nobody reads skips."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(f"NOT TESTED on PostgreSQL: {why}")
