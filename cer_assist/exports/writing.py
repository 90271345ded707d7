"""Exports are written row by row into a file beside the target, which then takes its place.

So memory stays the same for any size, and a full disk or a kill never leaves half an export.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports import archive, workbook
from cer_assist.exports.columns import FORMAT, FORMAT_VERSION, Table

Writer = Callable[[Path, Mapping[str, Table], dict[str, Any]], dict[str, int]]
# Format name -> the file's ending and what writes it.
FORMATS: dict[str, tuple[str, Writer]] = {
    "csv": (".zip", archive.write_csv),
    "jsonl": (".zip", archive.write_jsonl),
    "xlsx": (".xlsx", workbook.write_xlsx),
}


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The file written, its SHA-256 and how many rows each table has."""

    path: Path
    sha256: str
    rows: dict[str, int]


def write_export(
    format: str,
    out: Path,
    tables: Mapping[str, Table],
    manifest: Mapping[str, Any],
) -> ExportResult:
    """Write tables with their data dictionary and manifest as one file at `out`."""
    if format not in FORMATS:
        raise InvalidInput(f"There is no export format {format}: choose {', '.join(FORMATS)}.")
    if not out.parent.is_dir():
        raise InvalidInput(f"There is no folder {out.parent}: make it or choose another place.")
    ending, write = FORMATS[format]
    if out.suffix.lower() != ending:
        raise InvalidInput(f"An export as {format} is a {ending} file: end its name in {ending}.")
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, **manifest}
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        rows = write(unfinished, tables, head)
        digest = file_sha256(unfinished)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return ExportResult(out, digest, rows)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
