"""Static files carry one hash over all of them in their address, so browsers keep them for good.

One hash for the tree, not one a file: ES modules import each other by relative path and so stay
within the same hash.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, current_app, send_from_directory, url_for

from cer_assist.config import ROOT
from cer_assist.views.access import policy

STATIC = ROOT / "web" / "static"
FOREVER = "public, max-age=31536000, immutable"

assets = Blueprint("assets", __name__)


def tree_hash(folder: Path) -> str:
    """A hash over names and contents of all files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def static_url(path: str) -> str:
    """The address of a static file, such as `css/base.css`."""
    return url_for("assets.file", version=current_app.extensions["assets"], path=path)


@assets.get("/static/<version>/<path:path>")
@policy.public
def file(version: str, path: str) -> Response:
    """A static file; under another version's address it is not to be kept."""
    response = send_from_directory(STATIC, path)
    current = version == current_app.extensions["assets"]
    response.headers["Cache-Control"] = FOREVER if current else "no-store"
    return response
