"""Web and worker run as children of one small process, and none of them outlives it.

A child's standard input is a pipe whose other end only its parent holds: when the parent goes,
however it goes, the system closes the pipe and the child ends itself. That works on every
platform and for children of children; on Linux the kernel is asked for the same in addition,
because a thread that waits cannot act while native code holds the interpreter.

When the worker falls it is started again, more and more slowly: labelling goes on without it.
When the web server falls everything stops with its exit code: without it there is nothing to
use, and starting it again would hide a port that is taken or a database that cannot be opened.

Children write to the terminal themselves: nothing is lost when this process is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

PARENT = "CER_PARENT"  # in a child's environment: the process that must be alive
PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0  # a worker in training needs a moment to reach a point where it can stop
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0  # running this long means the last start was a good one


@dataclass(frozen=True, slots=True)
class Command:
    """One child: what it is called, how it is started, and whether the rest can do without it."""

    name: str
    argv: tuple[str, ...]
    restart: bool = False


def spawn(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a child that ends when this process does, if it calls `die_with_parent` early.

    On Linux the child also ends with the *thread* that called this, so call it from one that
    stays for as long as the child is wanted.
    """
    environment = {**os.environ, PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"}
    own_session = sys.platform != "win32"  # Ctrl-C in the terminal reaches us alone
    return subprocess.Popen(
        argv, stdin=subprocess.PIPE, env=environment, start_new_session=own_session
    )


def die_with_parent() -> None:
    """End this process, at once and without clean-up, when the one that spawned it is gone.

    Does nothing in a process that was not started by `spawn`.
    """
    parent = os.environ.pop(PARENT, None)  # popped: it is not about our own children
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died before the kernel was asked
            os._exit(1)
    threading.Thread(target=_exit_at_end_of_input, name="die-with-parent", daemon=True).start()


def _exit_at_end_of_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def run_all(commands: Sequence[Command]) -> int:
    """Run these until one that cannot be missed ends, or a signal asks; return the exit code.

    For the main thread only: signals arrive there, and the kernel ties the children to it.
    """
    request = _StopRequest()
    children = [_Child(command) for command in commands]
    code = 0
    with request:
        try:
            while not request.made:
                ended = [c for c in children if c.tend() and not c.command.restart]
                if ended:
                    code = ended[0].exit_code()
                    _say(f"{ended[0].command.name} ended with code {code}; stopping the rest.")
                    break
                time.sleep(POLL_SECONDS)
        finally:
            _stop(children, request)
    return code


class _StopRequest:
    """Counts Ctrl-C, SIGTERM and a closed terminal: the first asks, the second insists."""

    def __init__(self) -> None:
        self.made = 0
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        self.signals = [getattr(signal, name) for name in names if hasattr(signal, name)]

    def __enter__(self) -> None:
        self.before = [signal.signal(number, self.note) for number in self.signals]

    def __exit__(self, *_: object) -> None:
        for number, handler in zip(self.signals, self.before, strict=True):
            signal.signal(number, handler)

    def note(self, _signal: int, _frame: FrameType | None) -> None:
        self.made += 1


@dataclass(slots=True)
class _Child:
    command: Command
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    pause: float = 1.0

    def tend(self) -> bool:
        """Start it when its time has come; say whether it has ended since."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.process, self.started = spawn(self.command.argv), now
            return False
        if self.process.poll() is None:
            return False
        if self.command.restart:
            self.plan_restart(now)
        return True

    def plan_restart(self, now: float) -> None:
        if now - self.started >= HEALTHY_AFTER:
            self.pause = 1.0
        code = self.exit_code()
        _say(f"{self.command.name} ended with code {code}; next start in {self.pause:.0f} s.")
        self.clear()
        self.start_at = now + self.pause
        self.pause = min(2 * self.pause, LONGEST_PAUSE)

    def exit_code(self) -> int:
        """As a shell says it: 128 + n for a child that signal n ended."""
        code = self.process.returncode if self.process else 0
        return code if code >= 0 else 128 - code

    def clear(self) -> None:
        """Kill it if it still runs, and what it left behind in its session; then forget it."""
        if self.process is None:
            return
        if sys.platform == "win32":
            self.process.kill()
        else:
            # PermissionError: how macOS says that only zombies are left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()  # reaps it and closes its pipe
        self.process = None


def _stop(children: Sequence[_Child], request: _StopRequest) -> None:
    """Ask, wait, then insist; a second Ctrl-C skips the wait."""
    asked = request.made
    processes = [child.process for child in children if child.process is not None]
    for process in processes:
        process.terminate()  # does nothing to one that has ended
    deadline = time.monotonic() + GRACE_SECONDS
    while any(process.poll() is None for process in processes):
        if time.monotonic() >= deadline or request.made > asked:
            break
        time.sleep(POLL_SECONDS / 2)
    for child in children:
        child.clear()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
