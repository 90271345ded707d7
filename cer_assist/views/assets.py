"""Static files carry one hash over all of them in their address, so browsers keep them for good.

One hash for the tree, not one a file: ES modules import each other by relative path and so stay
within the same hash. Libraries that npm installed are part of it, by the few names that pages use.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Blueprint, Response, current_app, send_from_directory, url_for

from cer_assist import libraries
from cer_assist.config import ROOT
from cer_assist.views.access import policy

STATIC = ROOT / "web" / "static"
FOREVER = "public, max-age=31536000, immutable"

assets = Blueprint("assets", __name__)


def tree_hash(folder: Path) -> str:
    """A hash over names and contents of all files, ours and the libraries that are installed."""
    digest = hashlib.sha256()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    for name, path in sorted((files | libraries.FILES).items()):
        if path.is_file():
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def can_draw() -> bool:
    """Whether the libraries that draw charts are here: a page says so when they are not."""
    return all(path.is_file() for path in libraries.FILES.values())


def static_url(path: str) -> str:
    """The address of a static file, such as `css/base.css`."""
    return url_for("assets.file", version=current_app.extensions["assets"], path=path)


@assets.get("/static/<version>/<path:path>")
@policy.public
def file(version: str, path: str) -> Response:
    """A static file; under another version's address it is not to be kept."""
    library = libraries.FILES.get(path)
    folder, name = (library.parent, library.name) if library else (STATIC, path)
    response = send_from_directory(folder, name)
    current = version == current_app.extensions["assets"]
    response.headers["Cache-Control"] = FOREVER if current else "no-store"
    return response
