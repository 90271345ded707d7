"""Files are read here in the process of all tests, whose heap the reader's own child never has."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def small_heap() -> None:
    """What other tests left is not collected on the time a file is given."""
    gc.freeze()
