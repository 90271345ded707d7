"""`manage.py test`: every check that a change must pass, the quick ones first.

All of them run even when one fails, so that one run tells everything; pytest runs last because
its closing line is what people and CI read. With arguments it is pytest alone, for one test.
What the tests need from the system (a browser, PostgreSQL) is installed when that is possible
without asking: as root, on Debian. Otherwise the tests that need it say that they were skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chromium import HOW_TO_GET, find_chromium
from tests.postgres import server_programs

ROOT = Path(__file__).resolve().parent.parent
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"
TOOLS = {
    "ruff check": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "."),
    "import rules": ("-c", LINT_IMPORTS, "--no-logo"),
    "templates": ("-m", "djlint", "web/templates"),
    "types": ("-m", "mypy"),
}
# Files side by side, each whole in one process: what a file sets up is set up once. One more than
# there are cores, for nearly half of the time a process waits for browsers and servers. They come
# in the order of `tests/conftest.py`: xdist's own has files of few tests last, the longest of all.
SIDE_BY_SIDE = (
    "--numprocesses",
    str(min(4, 1 + (os.cpu_count() or 1))),
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
)
# What kills processes counts on their getting some work done in between: it has the machine alone.
SUITES: tuple[tuple[str, ...], ...] = (
    (
        "-m",
        "pytest",
        "-m",
        "not chaos",
        "--cov",
        "--cov-report=",
        "--cov-fail-under=0",
        *SIDE_BY_SIDE,
    ),
    ("-m", "pytest", "-m", "chaos", "--cov", "--cov-append", "--cov-report=term"),
)


def main(arguments: Sequence[str]) -> int:
    provide_system_programs()
    if arguments:
        return python("-m", "pytest", *arguments).returncode
    failed = [name for name, command in TOOLS.items() if not passes(name, command)]
    if failed:
        say(f"NOT PASSED: {', '.join(failed)}; the tests run all the same.")
    say("== tests")
    codes = [python(*suite).returncode for suite in SUITES]
    return max(codes) or int(bool(failed))


def passes(name: str, command: Sequence[str]) -> bool:
    """Run one tool; its output is worth reading only when it found something."""
    print(f"== {name}: ", end="", flush=True)
    begun = time.monotonic()
    done = python(*command, capture=True)
    word = "ok" if done.returncode == 0 else "FAILED"
    say(f"{word} ({time.monotonic() - begun:.1f} s)")
    if done.returncode:
        say(done.stdout)
    return done.returncode == 0


def python(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
        text=True,
        check=False,
    )


def provide_system_programs() -> None:
    missing = []
    if find_chromium() is None:
        missing += ["chromium", "fonts-liberation"]
    if server_programs() is None:
        missing += ["postgresql"]
    if not missing:
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        say(f"== installing from Debian: {', '.join(missing)}")
        apt("update", "-qq")
        apt("install", "-y", "-qq", "--no-install-recommends", *missing)
        return
    say(f"== not here: {', '.join(missing)}; the tests that need them are skipped.")
    if "chromium" in missing:
        say(f"   To run the browser tests, {HOW_TO_GET}.")
    if "postgresql" in missing:
        say("   To run the PostgreSQL tests, install its server (apt install postgresql).")


def apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        ["apt-get", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
