"""A hostile file may cost seconds of one child process and nothing else.

Limits are set inside the child, before it opens a file, because a limit set by the parent
around its own fork would need code between fork and exec, which is unsafe in a threaded server.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from cer_assist.domain.errors import InvalidInput

MAX_FILES = 2_000
MAX_FILE_BYTES = 100 * 2**20
# Read piece by piece, as an unpacked export is, so that their size costs the child no memory.
STREAMED = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
MAX_STREAMED_BYTES = 2 * 2**30
MAX_UNPACKED_BYTES = 256 * 2**20  # of a .gz file
MAX_ROWS = 100_000
MAX_COLUMNS = 500
MAX_ERRORS = 1_000  # named one by one; more help nobody
MEMORY_BYTES = 2**30
MAX_SECONDS_A_FILE = 90.0
_STREAMED_SECONDS_PER_MB = 0.5  # of what is larger than others may be
_START_SECONDS = 1.2
# Measured rates are 5 to 20 times better; a small file that needs longer is a trap.
_SECONDS_PER_MB = {"gz": 10.0, "pdf": 15.0, "docx": 10.0, "xlsx": 15.0, "zip": 10.0}
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "shutil.",
    "ctypes.",
    "urllib.",
    "webbrowser.",
)


class TooSlowError(BaseException):
    """Raised by the timer inside a parser; no Exception, because parsers swallow those."""


def cpu_seconds(path: Path) -> float:
    """What reading this file may cost, by its kind and size."""
    rate = _SECONDS_PER_MB.get(path.suffix.lower().lstrip("."), 2.0)
    megabytes = size_of(path) / 2**20
    most = max(MAX_SECONDS_A_FILE, _STREAMED_SECONDS_PER_MB * megabytes)
    return min(_START_SECONDS + rate * megabytes, most)


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files of an unpacked export."""
    if path.is_dir():
        return sum(part.stat().st_size for part in path.iterdir() if part.is_file())
    return path.stat().st_size


def wall_seconds(paths: Sequence[Path]) -> float:
    """How long the parent waits: a busy machine is slower than its own CPU clock."""
    return 10.0 + 2.0 * sum(cpu_seconds(path) for path in paths)


def check_size(path: Path) -> None:
    """Refuse by size before anything is read."""
    size = size_of(path)
    if size == 0:
        raise InvalidInput("The file is empty: choose another one.")
    is_streamed = path.suffix.lower() in STREAMED or path.is_dir()
    most = MAX_STREAMED_BYTES if is_streamed else MAX_FILE_BYTES
    if size > most:
        raise InvalidInput(
            f"The file has {size / 2**20:,.0f} MB, more than {most // 2**20:,} MB: "
            "split it into several files, or save it as CSV or JSONL."
        )


def confine(paths: Sequence[Path]) -> None:
    """Give up memory, time, files and network for the rest of this process's life."""
    sys.addaudithook(_refuse)
    if sys.platform == "win32":  # has no such limits; the parent's clock remains
        return
    import resource

    limits = {
        resource.RLIMIT_CPU: int(sum(cpu_seconds(path) for path in paths)) + 5,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    if sys.platform != "darwin":  # macOS refuses to limit the address space
        limits[resource.RLIMIT_AS] = MEMORY_BYTES
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (limit, limit))


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook cannot be taken off again."""
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} is closed to the reader of files")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise PermissionError("the reader of files writes none")


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC


@contextmanager
def time_for(path: Path) -> Iterator[None]:
    """Raise in the middle of a parser that has used up this file's share of CPU time."""
    if sys.platform == "win32":
        yield
        return
    signal.signal(signal.SIGPROF, _too_slow)
    # Again and again: what is raised inside a destructor or a collector's callback is lost.
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds(path), 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def bounded_reading(path: Path) -> Iterator[None]:
    """Read within this file's share of time and memory; say so when it does not suffice."""
    try:
        with time_for(path):
            yield
    except MemoryError as error:
        raise InvalidInput(
            "Reading the file needs too much memory: split it into smaller ones."
        ) from error
    except TooSlowError as error:
        raise InvalidInput(
            "Reading the file takes too long: split it, or save it as text or CSV."
        ) from error


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError
