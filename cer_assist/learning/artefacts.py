"""A model is arrays and JSON, and nothing is opened before its SHA-256 matched.

`model.json` names the hash of `weights.safetensors`; the hash of `model.json` itself is what the
caller keeps. Neither format can carry code. A folder is written aside and renamed, so a reader sees
a whole model or none.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from cer_assist.domain.artefacts import MADE_FOR, MANIFEST, WEIGHTS, described, weights


def save_model(folder: Path, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """Write a model and return the SHA-256 of its manifest."""
    body = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    manifest = {**MADE_FOR, **description, "weights_sha256": hashlib.sha256(body).hexdigest()}
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False).encode()
    aside = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(aside, ignore_errors=True)  # left by a killed run
    aside.mkdir(parents=True)
    (aside / WEIGHTS).write_bytes(body)
    (aside / MANIFEST).write_bytes(text)
    aside.rename(folder)
    return hashlib.sha256(text).hexdigest()


def load_model(folder: Path, sha256: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a model back; Corrupt when a byte differs or it was made for other features."""
    description = described(folder, sha256)
    return description, load(weights(folder, description))
