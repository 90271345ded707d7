"""The web application on a fresh database, with people of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from cer_assist.config import Settings
from cer_assist.store.engine import Database
from tests.views.office import Office, an_office


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is thrown away."""
    return Settings.model_validate({"home": tmp_path})


@pytest.fixture
def office(database: Database, settings: Settings) -> Office:
    """Two projects, a person for every role, and the app."""
    return an_office(database, settings)
