"""Our own exports come back as what they were: same texts, same labels, same offsets.

A table whose SHA-256 is not the manifest's is refused, because its rows claim things, such as
blind readings, that only this program can know.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel, PseudonymSource
from cer_assist.domain.protocols import ProtocolText
from cer_assist.exports.archive import MANIFEST
from cer_assist.exports.card import EVENTS_FILE
from cer_assist.exports.cells import restored, value_of
from cer_assist.exports.columns import (
    COLUMNS,
    FORMAT,
    FORMAT_VERSION,
    LABEL_EVENTS,
    NEEDED,
    PROTOCOLS,
)
from cer_assist.exports.parquet import read_parquet
from cer_assist.imports.containers import MAX_EXPORT_BYTES, reading
from cer_assist.imports.delimited import numbered_records
from cer_assist.imports.exported_rows import label_of, protocol_of
from cer_assist.imports.jsonlines import json_rows
from cer_assist.imports.limits import check_size
from cer_assist.imports.tables import Report, header

_MAX_MANIFEST = 2**20
_NO_EXPORT = (
    "This is no export of CER Assist: unpack it and import the files in it, one kind at a time."
)
Rows = Iterator[tuple[int, dict[str, Any]]]


def read(path: Path) -> Export:
    """Open an export and check that it is one, whole and unchanged."""
    if path.suffix.lower() == ".xlsx":
        from cer_assist.imports.exported_workbook import WorkbookExport  # openpyxl takes 100 ms

        return WorkbookExport(path)
    check_size(path)
    return PackedExport(path)


class Export(ABC):
    """What every form of export gives: a manifest and numbered rows of each table."""

    manifest: dict[str, Any]

    @abstractmethod
    def part_name(self, table: str) -> str:
        """How a person finds the table in the export."""

    @abstractmethod
    def rows(self, table: str, report: Report) -> Rows:
        """The rows of a table, with values as they were before they were written."""

    def described(self) -> str:
        """Where the export comes from, for the person who imports it."""
        project = self.manifest.get("project", {}).get("slug", "?")
        rubric = self.manifest.get("rubric", {})
        kept = self.manifest.get("snapshot") or {}  # the same at each export: it has no date of one
        made = str(self.manifest.get("created_at") or kept.get("made_at", "?"))
        return (
            f"Export of project {project} of {made[:10]}, "
            f"coded under rubric {rubric.get('id', '?')} version {rubric.get('version', '?')}."
        )

    def pseudonyms(self) -> PseudonymSource | None:
        """Where coders are pseudonyms: what tells their project whose they are."""
        if self.manifest.get("coders") != "pseudonyms":
            return None
        try:
            head = self.manifest["audit"]
            return PseudonymSource(
                str(self.manifest["project"]["slug"]), int(head["event_id"]), str(head["sha256"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(_NO_EXPORT) from error

    def left_out(self, table: str) -> frozenset[str]:
        """The columns that the manifest says were left out on purpose."""
        said = self.manifest.get("left_out", {})
        names = said.get(table, ()) if isinstance(said, dict) else ()
        return frozenset(map(str, names))

    def protocols(self, report: Report) -> Iterator[tuple[int, ProtocolText]]:
        """Every protocol with its row."""
        for number, row in self.rows(PROTOCOLS, report):
            try:
                yield number, protocol_of(row)
            except InvalidInput as error:
                report(number, error.message)

    def labels(self, report: Report) -> Iterator[PriorLabel]:
        """Every event, in the order it was recorded."""
        source = self.pseudonyms()
        for number, row in self.rows(LABEL_EVENTS, report):
            try:
                yield replace(label_of(row), row=number, pseudonym_in=source)
            except InvalidInput as error:
                report(number, error.message)


def checked_manifest(manifest: Any) -> dict[str, Any]:
    """The manifest, if it is one of ours that we understand."""
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidInput(_NO_EXPORT)
    if manifest.get("format_version") != FORMAT_VERSION:
        raise InvalidInput(
            f"The export is of form {manifest.get('format_version')}, this program reads form "
            f"{FORMAT_VERSION}: import it with the version of CER Assist that made it."
        )
    return manifest


def check_columns(table: str, names: Collection[str], left_out: frozenset[str]) -> None:
    """A column that was renamed or removed would come back as empty: refuse."""
    wanted = [column.name for column in COLUMNS[table] if not column.is_new]
    missing = [name for name in wanted if name not in names]
    for name in missing:
        if name in left_out and name in NEEDED[table]:
            raise InvalidInput(
                f"The export was made without the column {name} of {table}, which an import needs: "
                "export with it."
            )
        if name not in left_out:
            raise InvalidInput(f"The table {table} lacks the column {name}: import the original.")


class PackedExport(Export):
    """CSV or JSON Lines in a zip, or in the folder it was unpacked to."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        if self._folder is None:
            with reading("ZIP"):
                self._archive = zipfile.ZipFile(path)
            if sum(entry.file_size for entry in self._archive.infolist()) > MAX_EXPORT_BYTES:
                raise InvalidInput("The export would unpack to more than 1 GB: import it unpacked.")
        with self._open(MANIFEST) as file:
            self.manifest = checked_manifest(_json(file.read(_MAX_MANIFEST)))
        members = self.manifest.get("members", {})
        self._suffix = next(
            (one for one in ("csv", "parquet") if f"{PROTOCOLS}.{one}" in members), "jsonl"
        )
        splits = [name for name in members if name.startswith("data/")]
        self._parts = {table: [self.part_name(table)] for table in COLUMNS}
        if splits:  # a Hugging Face data set
            self._suffix = "parquet"
            self._parts = {PROTOCOLS: splits, LABEL_EVENTS: [EVENTS_FILE]}
        for name in (name for names in self._parts.values() for name in names):
            self._check(name, members)

    def part_name(self, table: str) -> str:
        """The member's name."""
        return f"{table}.{self._suffix}"

    def _open(self, name: str) -> IO[bytes]:
        try:
            if self._folder is not None:
                return (self._folder / name).open("rb")
            return self._archive.open(name)
        except (KeyError, FileNotFoundError) as error:
            missing = _NO_EXPORT if name == MANIFEST else f"The export lacks {name}: export anew."
            raise InvalidInput(missing) from error

    def _check(self, name: str, members: Mapping[str, Any]) -> None:
        with reading("ZIP"), self._open(name) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        if found != members.get(name, {}).get("sha256"):
            raise InvalidInput(
                f"{name} was changed after it was exported: import the export as it was made, "
                "or import that table alone as a table of texts or labels."
            )

    def rows(self, table: str, report: Report) -> Rows:
        """The rows of a member."""
        for name in self._parts[table]:
            yield from self._rows_of(name, table, report)

    def _rows_of(self, name: str, table: str, report: Report) -> Rows:
        with reading("ZIP"), self._open(name) as file:
            if self._suffix == "parquet":
                yield from _parquet_rows(file.read(), table, self.left_out(table))
                return
            stream = io.TextIOWrapper(file, encoding="utf-8", newline="")
            left_out = self.left_out(table)
            empty = dict.fromkeys(left_out)
            if self._suffix == "jsonl":
                check_columns(
                    table, {column.name for column in COLUMNS[table]} - left_out, left_out
                )
                found = json_rows(stream, report)
            else:
                found = _csv_rows(stream, table, left_out, report)
            for number, row in found:
                yield number, empty | row


def _parquet_rows(data: bytes, table: str, left_out: frozenset[str]) -> Rows:
    columns = {column.name: column for column in COLUMNS[table]}
    kinds = {name: column.kind for name, column in columns.items()}
    kinds["label"] = "integer"  # a Hugging Face data set's class
    for number, row in enumerate(read_parquet(data, kinds), start=1):
        if number == 1:
            check_columns(table, row.keys(), left_out)
        yield (
            number,
            dict.fromkeys(left_out)
            | {
                name: json.loads(value) if kinds.get(name) == "json" and value else value
                for name, value in row.items()
                if name in columns
            },
        )


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(_NO_EXPORT) from error


def _csv_rows(
    stream: io.TextIOWrapper, table: str, left_out: frozenset[str], report: Report
) -> Rows:
    records = numbered_records(csv.reader(stream, strict=True), report)
    _, names = next(records, (1, []))
    columns = {column.name: column for column in COLUMNS[table]}
    wanted = [columns.get(name) for name in header(names)]
    check_columns(table, names, left_out)
    for number, cells in records:
        try:
            yield (
                number,
                {
                    column.name: value_of(column, restored(cell))
                    for column, cell in zip(wanted, cells, strict=True)
                    if column is not None
                },
            )
        except ValueError as error:
            report(number, f"The row cannot be read ({error}): export anew.")
