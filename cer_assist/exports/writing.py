"""Exports are written row by row into a file beside the target, which then takes its place.

So memory stays the same for any size, and a full disk or a kill never leaves half an export.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports import archive, workbook
from cer_assist.exports.columns import FORMAT, FORMAT_VERSION
from cer_assist.exports.dataset import DataSet

Writer = Callable[[Path, DataSet, dict[str, Any]], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: the file's ending, what writes it, and what it is called."""

    ending: str
    write: Writer
    title: str


FORMATS: dict[str, Format] = {
    "csv": Format(".zip", archive.write_csv, "CSV"),
    "jsonl": Format(".zip", archive.write_jsonl, "JSON Lines"),
    "xlsx": Format(".xlsx", workbook.write_xlsx, "Excel"),
}


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The file written, its SHA-256 and how many rows each table has."""

    path: Path
    sha256: str
    rows: dict[str, int]


def write_export(format: str, out: Path, data_set: DataSet) -> ExportResult:
    """Write a data set as one file at `out`."""
    if format not in FORMATS:
        raise InvalidInput(f"There is no export format {format}: choose {', '.join(FORMATS)}.")
    if not out.parent.is_dir():
        raise InvalidInput(f"There is no folder {out.parent}: make it or choose another place.")
    kind = FORMATS[format]
    if out.suffix.lower() != kind.ending:
        raise InvalidInput(
            f"An export as {format} is a {kind.ending} file: end its name in {kind.ending}."
        )
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, **data_set.head}
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        rows = kind.write(unfinished, data_set, head)
        digest = file_sha256(unfinished)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return ExportResult(out, digest, rows)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
