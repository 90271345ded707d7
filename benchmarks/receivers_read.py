"""Reads every exported file with the receiving program's own loader and compares the rows.

Runs in the environment of requirements-receivers.lock, which has nothing of ours: what is expected
comes as JSON beside the files. Each reader fails with what differs. The tests run those of tables
that their own environment has.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import traceback
from pathlib import Path

from receivers_tables import TABLES
from receivers_tools import TOOLS

READERS = {**TABLES, **TOOLS}


def main() -> None:
    """Arguments: the folder with the files, then the programs to ask, all when none is named."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    folder = Path(sys.argv[1])
    wanted = json.loads((folder / "wanted.json").read_text("utf-8"))
    for name in sys.argv[2:] or READERS:
        count = READERS[name](folder, wanted)
        version = importlib.metadata.version(name)
        print(f"{name} {version}: {count:,} rows read as they were written", flush=True)


if __name__ == "__main__":
    status = 0
    try:
        main()
    except Exception:  # noqa: BLE001 - told, and handed on as the status
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Arrow's threads now and then abort a process that ends by itself
