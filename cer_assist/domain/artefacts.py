"""A stored model is two files, and nobody opens either before its SHA-256 matched.

The manifest's hash is kept in the database, the weights' hash in the manifest.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cer_assist.domain.errors import Corrupt

MANIFEST, WEIGHTS = "model.json", "weights.safetensors"


def checked(path: Path, sha256: str) -> bytes:
    """A file's bytes; Corrupt when they are missing or not those that were saved."""
    data = stored(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Corrupt(f"The model file {path} does not match its SHA-256: train again.")
    return data


def stored(path: Path) -> bytes:
    """A file's bytes as they are."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Corrupt(f"The model file {path.name} is missing from {path.parent}.") from error


def check(folder: Path, sha256: str) -> None:
    """Raise Corrupt unless both files are there and whole."""
    manifest = json.loads(checked(folder / MANIFEST, sha256))
    checked(folder / WEIGHTS, manifest["weights_sha256"])
