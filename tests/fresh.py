"""Python in a process of its own, for what a test's own process has long imported."""

from __future__ import annotations

import os
import subprocess
import sys

from cer_assist.config import ROOT


def lines_of(script: str, *arguments: str) -> list[str]:
    """What a script prints; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
