"""Uploads wait in a folder of their own between preview and import, and nobody else gets at them.

The folder's name carries project and person, so a link passed on opens nothing for another.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from werkzeug.datastructures import FileStorage

from cer_assist.domain.errors import InvalidInput, NotFound

KEPT_SECONDS = 24 * 3600
_TOKEN = re.compile(r"[0-9a-f]{32}")
_UNSAFE = re.compile(r"[^\w .()-]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """Files of one upload."""

    token: str
    files: list[Path]
    labels: Path | None


@dataclass(frozen=True, slots=True)
class UploadShelf:
    """The uploads of one person in one project."""

    root: Path
    project_id: int
    account_id: int

    def keep(self, files: Iterable[FileStorage], labels: FileStorage | None) -> str:
        """Store files under a random name; yesterday's uploads go."""
        self._expire()
        named = [file for file in files if file.filename]
        if not named:
            raise InvalidInput("Choose at least one file with protocols first.")
        token = secrets.token_hex(16)
        folder = self._folder(token)
        (folder / "files").mkdir(parents=True, mode=0o700)
        (folder / "labels").mkdir(mode=0o700)
        for file in named:
            file.save(_free_name(folder / "files", file.filename or ""))
        if labels is not None and labels.filename:
            labels.save(_free_name(folder / "labels", labels.filename))
        return token

    def find(self, token: str) -> Upload:
        """An upload of this person; what has expired is gone."""
        folder = self._folder(token)
        if not folder.is_dir():
            raise NotFound("These files are no longer here. Upload them again under Data.")
        labels = sorted((folder / "labels").iterdir())
        return Upload(token, sorted((folder / "files").iterdir()), labels[0] if labels else None)

    def discard(self, token: str) -> None:
        """Delete an upload; a second time does nothing."""
        shutil.rmtree(self._folder(token), ignore_errors=True)

    def _folder(self, token: str) -> Path:
        if not _TOKEN.fullmatch(token):
            raise NotFound("There is no such upload.")
        return self.root / f"{self.project_id}-{self.account_id}-{token}"

    def _expire(self) -> None:
        """Everyone's old uploads: whoever comes next tidies up."""
        oldest = time.time() - KEPT_SECONDS
        for folder in self.root.glob("*-*-*"):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _free_name(folder: Path, given: str) -> Path:
    """The person's own file name, which faults are reported under, made harmless."""
    name = _UNSAFE.sub("_", Path(given.replace("\\", "/")).name).lstrip(". ")[-120:] or "file"
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{number}-{name}"
    return path
