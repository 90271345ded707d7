"""A stored model is two files, and nobody opens either before its SHA-256 matched.

The manifest's hash is kept in the database, the weights' hash in the manifest. What a model was
made for stands in the manifest too, and here, because the web process refuses a version that the
worker could not open, and it never loads the learner.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import Corrupt

MANIFEST, WEIGHTS = "model.json", "weights.safetensors"
MADE_FOR = {
    "format": 4,
    # `learning.features.FINGERPRINT`; a test tells when it has changed
    "features": "232650b01d85cc696337ac11c284f505d92aa7845de9d8f539849b07d981c316",
}


class OtherRelease(Corrupt):
    """A model is whole, but another release of this program made it."""


def checked(path: Path, sha256: str) -> bytes:
    """A file's bytes; Corrupt when they are missing or not those that were saved."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise Corrupt(f"The model file {path.name} is missing from {path.parent}.") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Corrupt(f"The model file {path} does not match its SHA-256: train again.")
    return data


def described(folder: Path, sha256: str) -> dict[str, Any]:
    """A model's manifest, checked; OtherRelease when this one cannot use the model."""
    manifest: dict[str, Any] = json.loads(checked(folder / MANIFEST, sha256))
    if any(manifest.get(name) != value for name, value in MADE_FOR.items()):
        raise OtherRelease(
            f"The model in {folder} was made by another release of this program: train again."
        )
    return manifest


def weights(folder: Path, manifest: dict[str, Any]) -> bytes:
    """The weights that a checked manifest names."""
    return checked(folder / WEIGHTS, manifest["weights_sha256"])


def check(folder: Path, sha256: str) -> None:
    """Raise Corrupt unless both files are there, whole, and of use to this release."""
    weights(folder, described(folder, sha256))
