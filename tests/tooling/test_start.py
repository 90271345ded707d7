"""`start` for real: web and worker answer, and nothing of them is left when it goes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.tooling.test_processes import is_alive, within

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(os.name == "nt", reason="kills with POSIX signals"),
]


def children_of(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(pid) for pid, parent_of_it in rows if int(parent_of_it) == parent]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:  # refused, or reset in the moment it dies
        return False


@pytest.mark.parametrize("killer", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_of_a_running_installation(killer: signal.Signals, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py")]
    environment = {**os.environ, "CER_PREPARED": str(ROOT)}
    subprocess.run([*command, "init", "--home", str(tmp_path)], env=environment, check=True)
    start = subprocess.Popen(
        [*command, "start", "--home", str(tmp_path), "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    family: list[int] = []
    try:
        assert within(20, lambda: answers(port))
        family = children_of(start.pid)
        assert len(family) == 2
        time.sleep(1.5)  # the worker is importing its libraries: a bad moment on purpose
        start.send_signal(killer)
        if killer == signal.SIGINT:
            assert start.wait(20) == 0
        assert within(2, lambda: not any(map(is_alive, family)))
        assert not answers(port)
    finally:
        for pid in [start.pid, *family]:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        start.wait(5)
