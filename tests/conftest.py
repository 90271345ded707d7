"""Real databases for every test: a migrated SQLite file copied in, or a PostgreSQL database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cer_assist.store.engine import Database
from cer_assist.store.schema import upgrade

pytest_plugins = ["tests.chromium", "tests.encoded", "tests.postgres"]

ROOT = Path(__file__).resolve().parent.parent
# Begun last, a file that trains or drives a browser would be waited for alone.
LONG = ("learning", "worker", "explain", "browser")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Folders of long tests first; whatever chance says of the order stays within them."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at the newest revision, made once by the migrations themselves."""
    path = tmp_path_factory.mktemp("template") / "cer.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def database(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """A fresh SQLite database of the newest revision."""
    path = tmp_path / "cer.sqlite3"
    shutil.copy(migrated_file, path)
    opened = Database(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same test on both databases."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    opened = Database(request.getfixturevalue("migrated_postgres"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of real labelled protocols, which is not part of the repository."""
    folder = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "cenr" / "protocols.jsonl").exists():
        pytest.skip(
            f"reference data not found in {folder}: set CER_REFERENCE_DATA to the folder that "
            "holds cenr/protocols.jsonl"
        )
    return folder
