"""Exports are written row by row into a file beside the target, which then takes its place.

So memory stays the same for any size, and a full disk or a kill never leaves half an export.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports import archive, hugging_face, tabular_tools, tools, workbook
from cer_assist.exports.columns import FORMAT, FORMAT_VERSION
from cer_assist.exports.dataset import DataSet

Writer = Callable[[Path, DataSet, dict[str, Any]], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: the file's ending, what writes it, what it is called and what it is for."""

    ending: str
    write: Writer
    title: str
    purpose: str


FORMATS: dict[str, Format] = {
    "csv": Format(".zip", archive.write_csv, "CSV", "Everything, as tables for any program."),
    "jsonl": Format(".zip", archive.write_jsonl, "JSON Lines", "Everything, for scripts."),
    "xlsx": Format(".xlsx", workbook.write_xlsx, "Excel", "Everything, as sheets of a workbook."),
    "redcap": Format(
        ".zip",
        tabular_tools.write_redcap,
        "REDCap",
        "Records with a data dictionary: readers as --1 and --2, what counts as merged record.",
    ),
    "parquet": Format(
        ".zip",
        archive.write_parquet_tables,
        "Parquet",
        "Everything, as typed tables for R, pandas, Polars or DuckDB.",
    ),
    "hugging-face": Format(
        ".zip",
        hugging_face.write_hugging_face,
        "Hugging Face",
        "Everything, as a data set folder with its card.",
    ),
    "spacy": Format(
        ".jsonl", tools.write_spacy, "spaCy", "Texts with a category a level, to train with."
    ),
    "asreview": Format(
        ".csv",
        tabular_tools.write_asreview,
        "ASReview",
        "Protocols to screen: included where the final level is 4 or higher.",
    ),
    "doccano": Format(
        ".jsonl", tools.write_doccano, "doccano", "A document a line with its final level."
    ),
    "label-studio": Format(
        ".json",
        tools.write_label_studio,
        "Label Studio",
        "Tasks with an annotation of each reader, and the suggestion as prediction.",
    ),
    "prodigy": Format(
        ".jsonl", tools.write_prodigy, "Prodigy", "An example for each reader's answer."
    ),
    "argilla": Format(
        ".jsonl", tools.write_argilla, "Argilla", "Records with all responses and the suggestion."
    ),
}
GROUPS: dict[str, tuple[str, ...]] = {
    "For this program": ("csv", "jsonl", "xlsx"),
    "For statistics": ("redcap", "parquet"),
    "For machine learning": ("hugging-face", "spacy"),
    "For other labelling tools": ("asreview", "doccano", "label-studio", "prodigy", "argilla"),
}


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The file written, its SHA-256, how many rows each table has, and what was done to them."""

    path: Path
    sha256: str
    rows: dict[str, int]
    masked: Mapping[str, int] = field(default_factory=dict)  # places of each kind
    options: Mapping[str, Any] = field(default_factory=dict)  # the format's own


def write_export(
    format: str, out: Path, data_set: DataSet, options: Mapping[str, Any] | None = None
) -> ExportResult:
    """Write a data set as one file at `out`; options are the format's own."""
    if format not in FORMATS:
        raise InvalidInput(f"There is no export format {format}: choose {', '.join(FORMATS)}.")
    if not out.parent.is_dir():
        raise InvalidInput(f"There is no folder {out.parent}: make it or choose another place.")
    kind = FORMATS[format]
    if out.suffix.lower() != kind.ending:
        raise InvalidInput(
            f"An export as {format} is a {kind.ending} file: end its name in {kind.ending}."
        )
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, **data_set.head, **(options or {})}
    with taking_its_place(out) as unfinished:
        rows = kind.write(unfinished, data_set, head)
        digest = file_sha256(unfinished)
    return ExportResult(out, digest, rows, data_set.masked(), options or {})


@contextmanager
def taking_its_place(out: Path) -> Iterator[Path]:
    """A file beside `out` that takes its place once it is whole; nobody else may read it."""
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
