"""Browser tests drive the Chromium that the machine has; none is downloaded by a test tool.

`CHROMIUM` names one; otherwise the usual names on PATH are tried.
"""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET = (
    "install Chromium (Debian, Ubuntu: apt install chromium) or set CHROMIUM to the path of "
    "Chromium or Chrome"
)


def find_chromium() -> str | None:
    """The program's path; a CHROMIUM that is not there counts as none, rather than as a guess."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path for Playwright's `executable_path`."""
    path = find_chromium()
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"no Chromium: {HOW_TO_GET}")
    if path is None:
        pytest.skip(f"NOT TESTED in a browser: {HOW_TO_GET}")
    return path
