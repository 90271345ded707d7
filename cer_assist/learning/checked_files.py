"""A file starts with the SHA-256 of its rest: what has rotted is found when it is read."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from cer_assist.domain.errors import Corrupt

_DIGEST = hashlib.sha256().digest_size


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write aside and rename, so a reader sees a whole file or none."""
    # Not `ascontiguousarray`, which makes a row of a single number.
    _write(path, save({name: np.asarray(array, order="C") for name, array in arrays.items()}))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read them back; Corrupt when a byte differs, FileNotFoundError when there is no file."""
    return load(_read(path))


def write_json(path: Path, value: Any) -> None:
    """The same for what JSON can say."""
    _write(path, json.dumps(value).encode())


def read_json(path: Path) -> Any:
    """Read it back; raises as `read_arrays` does."""
    return json.loads(_read(path))


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}.tmp")
    aside.write_bytes(hashlib.sha256(body).digest() + body)
    aside.replace(path)


def _read(path: Path) -> bytes:
    data = path.read_bytes()
    if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        raise Corrupt(f"{path.name} does not match its checksum.")
    return data[_DIGEST:]
