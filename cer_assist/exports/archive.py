"""CSV, JSON Lines, Parquet: a zip of tables, data dictionary and manifest with their SHA-256."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from cer_assist.exports.cells import compact_json, csv_cells, csv_line, truth
from cer_assist.exports.columns import DICTIONARY_COLUMNS, Column, Table, dictionary_rows
from cer_assist.exports.dataset import DataSet
from cer_assist.exports.parquet import write_parquet

MANIFEST = "manifest.json"
_PACKING_LEVEL = 3  # a tenth larger than 6, twice as fast
BUFFER = 2**18
Rows = Iterable[Mapping[str, Any]]
Fill = Callable[[io.TextIOWrapper, Sequence[Column], Rows], int]


def write_csv(out: Path, data_set: DataSet, manifest: dict[str, Any]) -> dict[str, int]:
    """One CSV file a table."""
    return _write(out, data_set.tables, manifest, "csv", _fill_csv)


def write_jsonl(out: Path, data_set: DataSet, manifest: dict[str, Any]) -> dict[str, int]:
    """One JSON Lines file a table."""
    return _write(out, data_set.tables, manifest, "jsonl", _fill_jsonl)


def write_parquet_tables(out: Path, data_set: DataSet, manifest: dict[str, Any]) -> dict[str, int]:
    """One Parquet file a table."""
    return _write(out, data_set.tables, manifest, "parquet", None)


def _write(
    out: Path, tables: Mapping[str, Table], manifest: dict[str, Any], suffix: str, fill: Fill | None
) -> dict[str, int]:
    dictionary = Table(DICTIONARY_COLUMNS, dictionary_rows(tables, suffix))
    members: dict[str, dict[str, Any]] = {}
    packing = zipfile.ZIP_STORED if fill is None else zipfile.ZIP_DEFLATED  # Parquet packs itself
    with zipfile.ZipFile(out, "w", packing, compresslevel=_PACKING_LEVEL) as target:
        for name, table in {**tables, "data_dictionary": dictionary}.items():
            members[f"{name}.{suffix}"] = packed_member(
                target, f"{name}.{suffix}", partial(_fill_table, table, fill)
            )
        body = json.dumps({**manifest, "members": members}, ensure_ascii=False, indent=2)
        # Not `writestr`: it would write the hour, and the same data would be another file.
        with target.open(MANIFEST, "w") as packed:
            packed.write(f"{body}\n".encode())
    return {name: members[f"{name}.{suffix}"]["rows"] for name in tables}


def _fill_table(table: Table, fill: Fill | None, file: BinaryIO) -> int:
    if fill is None:
        return write_parquet(file, table.columns, table.rows)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    rows = fill(text, table.columns, table.rows)
    text.detach()
    return rows


def packed_member(
    target: zipfile.ZipFile, name: str, fill: Callable[[BinaryIO], int]
) -> dict[str, Any]:
    """Write one member; gives what the manifest says of it."""
    with target.open(name, "w", force_zip64=True) as packed:
        hashed = _Hashed(packed)
        buffer = io.BufferedWriter(hashed, BUFFER)
        rows = fill(cast(BinaryIO, buffer))
        buffer.close()
    return {"rows": rows, "bytes": hashed.length, "sha256": hashed.digest.hexdigest()}


class _Hashed(io.RawIOBase):
    """Passes bytes on and hashes them on the way."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.digest = hashlib.sha256()
        self.length = 0

    def writable(self) -> bool:
        """True: it is there to be written to."""
        return True

    def write(self, data: Any) -> int:
        """Hash and pass on."""
        self._target.write(data)
        self.digest.update(data)
        self.length += len(data)
        return len(data)


def _fill_csv(text: io.TextIOWrapper, columns: Sequence[Column], rows: Rows) -> int:
    cells = csv_cells(columns)
    text.write(csv_line(column.name for column in columns))
    count = 0
    for row in rows:
        text.write(csv_line(cells(row)))
        count += 1
    return count


def _fill_jsonl(text: io.TextIOWrapper, columns: Sequence[Column], rows: Rows) -> int:
    names = [column.name for column in columns]
    truths = [column.name for column in columns if column.kind == "boolean"]
    count = 0
    for row in rows:
        said = {name: row[name] for name in names}
        for name in truths:
            said[name] = truth(said[name])
        text.write(f"{compact_json(said)}\n")
        count += 1
    return count
