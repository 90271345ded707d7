"""No child outlives the process that started it; killing real ones is the only proof."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(os.name == "nt", reason="kills with POSIX signals"),
]

SUPERVISOR = """
import sys
from cer_assist.processes import Command, run_all
web = Command("web", (sys.executable, sys.argv[1], "web"))
worker = Command("worker", (sys.executable, sys.argv[2], "worker"), restart=True)
sys.exit(run_all([web, worker]))
"""
NOTE_PID = """
import os, sys, time
from pathlib import Path
def note():
    with (Path(__file__).parent / sys.argv[1]).open("a") as file:
        file.write(f"{os.getpid()}\\n")
"""
STAYS = f"{NOTE_PID}\nfrom cer_assist.processes import die_with_parent\ndie_with_parent()\nnote()"
SLEEPS = f"{STAYS}\ntime.sleep(60)"
IGNORES_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPS}"
HAS_CHILD = f"""{STAYS}
from cer_assist.processes import spawn
child = spawn([sys.executable, __file__.replace("parent", "sleeper"), "grandchild"])
time.sleep(60)
"""
WITHOUT_THE_KERNEL = f"import sys; sys.platform = 'other'\n{SLEEPS}"
CRASHES = f"{NOTE_PID}\nnote()\nsys.exit(7)"


class Supervised:
    """A supervisor in a process of its own, its children's scripts, and the pids they noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self, web: str, worker: str) -> subprocess.Popen[str]:
        scripts = {"supervisor": SUPERVISOR, "parent": web, "worker": worker, "sleeper": SLEEPS}
        for name, text in scripts.items():
            (self.folder / f"{name}.py").write_text(text)
        command = [str(self.folder / f"{name}.py") for name in ("supervisor", "parent", "worker")]
        self.process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self.process

    def pids(self, name: str) -> list[int]:
        file = self.folder / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def all_pids(self) -> list[int]:
        return [pid for name in ("web", "worker", "grandchild") for pid in self.pids(name)]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    family = Supervised(tmp_path)
    yield family
    assert family.process is not None
    for pid in [family.process.pid, *family.all_pids()]:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    family.process.communicate()


def is_alive(pid: int) -> bool:
    """A zombie that nobody has reaped yet is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.startswith("Z")


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def none_alive(family: Supervised) -> bool:
    return not any(is_alive(pid) for pid in family.all_pids())


@pytest.mark.parametrize("killer", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_child_and_no_grandchild_survives(supervised: Supervised, killer: int) -> None:
    supervisor = supervised.start(web=HAS_CHILD, worker=SLEEPS)
    assert within(10, lambda: len(supervised.all_pids()) == 3)
    supervisor.send_signal(killer)
    assert within(2, lambda: none_alive(supervised))
    assert supervisor.wait(5) == (-signal.SIGKILL if killer == signal.SIGKILL else 0)


def test_the_pipe_alone_is_enough_where_the_kernel_offers_nothing(supervised: Supervised) -> None:
    supervisor = supervised.start(web=WITHOUT_THE_KERNEL, worker=WITHOUT_THE_KERNEL)
    assert within(10, lambda: len(supervised.all_pids()) == 2)
    supervisor.kill()
    assert within(2, lambda: none_alive(supervised))


def test_a_killed_child_takes_its_own_children_along(supervised: Supervised) -> None:
    supervisor = supervised.start(web=HAS_CHILD, worker=SLEEPS)
    assert within(10, lambda: len(supervised.all_pids()) == 3)
    os.kill(supervised.pids("web")[0], signal.SIGKILL)
    assert within(2, lambda: none_alive(supervised))
    assert supervisor.wait(5) == 128 + signal.SIGKILL


def test_a_second_ctrl_c_does_not_wait_for_the_deaf(supervised: Supervised) -> None:
    supervisor = supervised.start(web=IGNORES_SIGTERM, worker=SLEEPS)
    assert within(10, lambda: len(supervised.all_pids()) == 2)
    supervisor.send_signal(signal.SIGINT)
    assert within(2, lambda: not is_alive(supervised.pids("worker")[0]))
    assert is_alive(supervised.pids("web")[0])
    supervisor.send_signal(signal.SIGINT)
    assert within(2, lambda: none_alive(supervised))


def test_a_fallen_worker_is_started_again_and_the_web_stays(supervised: Supervised) -> None:
    supervisor = supervised.start(web=SLEEPS, worker=CRASHES)
    assert within(10, lambda: len(supervised.pids("worker")) >= 2)
    assert is_alive(supervised.pids("web")[0])
    supervisor.send_signal(signal.SIGTERM)
    _, said = supervisor.communicate(timeout=5)
    assert "worker ended with code 7; next start in 1 s." in said


def test_a_fallen_web_server_stops_everything_with_its_code(supervised: Supervised) -> None:
    supervisor = supervised.start(web=CRASHES, worker=SLEEPS)
    assert supervisor.wait(10) == 7
    assert within(2, lambda: none_alive(supervised))
    assert supervisor.stderr is not None
    assert "web ended with code 7" in supervisor.stderr.read()


def test_a_process_nobody_spawned_is_left_alone() -> None:
    script = "from cer_assist.processes import die_with_parent; die_with_parent(); print('here')"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport time; time.sleep(.3); print('still')"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["here", "still"]
