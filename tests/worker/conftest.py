"""A home whose cached states all tests of this folder share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cer_assist.config import Settings


@pytest.fixture(scope="session")
def features(encoded_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cached states of the demo texts for all tests."""
    return shutil.copytree(encoded_demo, tmp_path_factory.mktemp("worker") / "features")


@pytest.fixture
def settings(tmp_path: Path, features: Path) -> Settings:
    settings = Settings(home=tmp_path)
    settings.features_folder.symlink_to(features)
    return settings
