"""A home whose cached states all tests of this folder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cer_assist.config import Settings


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo texts are encoded once for all tests."""
    return tmp_path_factory.mktemp("features")


@pytest.fixture
def settings(tmp_path: Path, features: Path) -> Settings:
    settings = Settings(home=tmp_path)
    settings.features_folder.symlink_to(features)
    return settings
