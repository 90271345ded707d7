"""Exported tables as pyarrow, pandas, datasets and openpyxl read them: every column of every row.

What is expected are the rows themselves, as JSON: values, and which kind each column has.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

Expected = dict[str, Any]
Values = list[Any]
_ARROW = {"integer": "int64", "number": "double", "text": "string", "json": "string",
          "boolean": "bool", "timestamp": "timestamp[us, tz=UTC]"}  # fmt: skip
_TRUTHS = {"true": True, "false": False, None: None}
_TYPED = {"boolean": _TRUTHS.__getitem__,
          "timestamp": lambda said: said and dt.datetime.fromisoformat(said)}  # fmt: skip
_OF_FORM = {"parquet": _TYPED, "jsonl": {"boolean": _TYPED["boolean"]}, "csv": {}}
_DATASETS = {**_ARROW, "number": "float64"}


def check(found: Any, wanted: Any, what: str) -> None:
    """Say what differs."""
    if found != wanted:
        raise SystemExit(f"{what}: found {str(found)[:400]}, wanted {str(wanted)[:400]}")


def pyarrow(folder: Path, wanted: Expected) -> int:
    """Both tables with their types."""
    import pyarrow.parquet as parquet

    with zipfile.ZipFile(folder / "parquet.zip") as archive:
        for name, kinds in wanted["columns"].items():
            table = parquet.read_table(io.BytesIO(archive.read(f"{name}.parquet")))
            types = {field.name: str(field.type) for field in table.schema}
            check(types, {column: _ARROW[kind] for column, kind in kinds.items()}, f"{name}: types")
            _compare(table.to_pydict(), name, wanted, _TYPED)
    return _rows(wanted)


def datasets(folder: Path, wanted: Expected) -> int:
    """The folder as `load_dataset` reads it, offline, class names included."""
    from datasets import load_dataset

    kinds = wanted["columns"]["protocols"] | {"label": "integer"}
    classes = [one["class"] for one in wanted["protocols"]]
    with tempfile.TemporaryDirectory() as place:
        with zipfile.ZipFile(folder / "hugging-face.zip") as archive:
            archive.extractall(place)
        made = load_dataset(place, "protocols", cache_dir=f"{place}/cache")["train"]
        check(made.features["label"].names, wanted["names"], "names of classes")
        check(made["label"][:], classes, "classes")
        types = {name: feature.dtype for name, feature in made.features.items()}
        check(types, {name: _DATASETS[kind] for name, kind in kinds.items()}, "types")
        _compare(made.remove_columns("label").to_dict(), "protocols", wanted, _TYPED)
        events = load_dataset(place, "label_events", cache_dir=f"{place}/cache")["train"]
        _compare(events.to_dict(), "label_events", wanted, _TYPED)
    return _rows(wanted)


def pandas(folder: Path, wanted: Expected) -> int:
    """Parquet with nulls, times with their zone, CSV as its dictionary says, and JSON Lines."""
    import pandas as pd

    for form in ("parquet", "csv", "jsonl"):
        with zipfile.ZipFile(folder / f"{form}.zip") as archive:
            for name, kinds in wanted["columns"].items():
                data = io.BytesIO(archive.read(f"{name}.{form}"))
                if form == "parquet":
                    table = pd.read_parquet(data, dtype_backend="numpy_nullable")
                elif form == "csv":
                    table = pd.read_csv(data, dtype=str, keep_default_na=False)
                    table = table.apply(lambda cells, of=kinds: _of_csv(cells, of[cells.name]))
                    check(list(table), list(kinds), f"csv {name}: columns")
                    _times(pd, table, name, wanted)
                else:
                    lines = data.read().decode().split("\n")[:-1]
                    table = pd.DataFrame(map(json.loads, lines), columns=list(kinds), dtype=object)
                columns = {one: _nulls(pd, table[one]) for one in table}
                _compare(columns, name, wanted, _OF_FORM[form], blank=form == "csv")
    _redcap(pd, folder, wanted)
    return _rows(wanted)


def _nulls(pd: Any, cells: Iterable[Any]) -> Values:
    return [cell if isinstance(cell, list | dict) or not pd.isna(cell) else None for cell in cells]


def _of_csv(cells: Any, kind: str) -> Any:
    """The values as the data dictionary's rule gives them back."""
    read = {"integer": int, "number": float, "json": json.loads}.get(kind, str)
    texts = (cell.removeprefix("'") for cell in cells)
    return cells.__class__([read(text) if text else None for text in texts], dtype=object)


def _times(pd: Any, table: Any, name: str, wanted: Expected) -> None:
    """Every moment is the very one, to the microsecond, in UTC."""
    for column, kind in wanted["columns"][name].items():
        if kind == "timestamp":
            found = pd.to_datetime(table[column], format="ISO8601", utc=True)
            moments = [None if pd.isna(one) else one.to_pydatetime() for one in found]
            said = [row[column] for row in wanted["rows"][name]]
            right = [None if one is None else dt.datetime.fromisoformat(one) for one in said]
            check(moments, right, f"{name}.{column} as moments")


def _redcap(pd: Any, folder: Path, wanted: Expected) -> None:
    """Merged levels, and of each reader's record who said what when."""
    with zipfile.ZipFile(folder / "redcap.zip") as archive, archive.open("records.csv") as file:
        records = pd.read_csv(file, dtype=str, keep_default_na=False)
    of_reader = records["record_id"].str.contains(r"--\d+$")
    levels = ["" if one["level"] is None else str(one["level"]) for one in wanted["protocols"]]
    check(list(records[~of_reader]["level"]), levels, "merged levels")
    names = ["protocol_id", "coder", "level", "made_at"]
    readers = records[of_reader][names]
    found = sorted(tuple(cell.removeprefix("'") for cell in row) for row in readers.to_numpy())
    said = [one for one in wanted["answers"] if one["lane"] == "coder" and one["level"] is not None]
    right = sorted(
        (one["protocol"], one["who"], str(one["level"]), one["made"][:19].replace("T", " "))
        for one in said
    )
    check(found, right, "readers")


def openpyxl(folder: Path, wanted: Expected) -> int:
    """The workbook's sheets; what goes on in further columns is joined."""
    from openpyxl import load_workbook
    from openpyxl.utils.escape import unescape

    book = load_workbook(folder / "xlsx.xlsx")
    for name, kinds in wanted["columns"].items():
        head, *rows = book[name].iter_rows(values_only=True)
        columns: dict[str, Values] = {}
        for column, kind in kinds.items():
            own = [at for at, said in enumerate(head) if _base(said, kinds) == column]
            cells = [[row[at] for at in own if row[at] is not None] for row in rows]
            is_number = kind in ("integer", "number")
            columns[column] = [
                (parts[0] if is_number else unescape("".join(map(str, parts)))) if parts else None
                for parts in cells
            ]
        _compare(columns, name, wanted, blank=True)
    return _rows(wanted)


def _base(heading: str, kinds: Mapping[str, str]) -> str:
    """Which column a heading goes on."""
    first, _, number = heading.rpartition("_")
    return first if heading not in kinds and number.isdigit() else heading


def _compare(
    columns: Mapping[str, Sequence[Any]],
    table: str,
    wanted: Expected,
    typed: Mapping[str, Any] = MappingProxyType({}),
    *,
    blank: bool = False,
) -> None:
    """Every column; `typed`: what a kind is there.

    `blank`: the format knows no difference between no text and an empty one.
    """
    kinds = wanted["columns"][table]
    check(list(columns), list(kinds), f"{table}: columns")
    for name, values in columns.items():
        found = [
            json.loads(value) if kinds[name] == "json" and isinstance(value, str) else value
            for value in values
        ]
        right = [row[name] for row in wanted["rows"][table]]
        if kinds[name] in typed:
            right = list(map(typed[kinds[name]], right))
        if blank:
            found, right = ([None if one == "" else one for one in some] for some in (found, right))
        check(found, right, f"{table}.{name}")


def _rows(wanted: Expected) -> int:
    return sum(map(len, wanted["rows"].values()))


TABLES = {"datasets": datasets, "pyarrow": pyarrow, "pandas": pandas, "openpyxl": openpyxl}
