"""Processes that are killed leave no coverage record; measuring them only slows their starts."""

import pytest


@pytest.fixture(autouse=True)
def unmeasured_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children started from here on do not measure themselves."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
