"""The demo texts as the encoder reads them: made once for all test processes, for it takes minutes.

`python -m tests.encoded FOLDER` makes them, in a process of its own: no test's patches reach it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from cer_assist.config import ROOT


@pytest.fixture(scope="session")
def encoded_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cached states of the demo texts; whoever writes there takes a copy."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / "encoded-demo", root / "encoded-demo.done"
    with FileLock(root / "encoded-demo.lock"):
        if not done.exists():
            command = [sys.executable, "-m", "tests.encoded", str(folder)]
            subprocess.run(command, cwd=ROOT, check=True)
            done.touch()
    return folder


@pytest.fixture
def no_states(tmp_path: Path, encoded_demo: Path) -> Path:
    """A folder of cached states that has the projection, and of no text any states."""
    folder = tmp_path / "features"
    shutil.copytree(encoded_demo, folder, ignore=shutil.ignore_patterns("*.states"))
    return folder


def encode(folder: Path) -> None:
    """Write the states of all demo texts."""
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.progress import silent
    from tests.learning.shared import a_document, demo_rows

    documents = [a_document(row) for row in demo_rows()]
    FeatureCache(folder, Encoder()).encode(documents, silent)


if __name__ == "__main__":
    encode(Path(sys.argv[1]))
