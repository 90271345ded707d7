"""A Hugging Face data set: Parquet files a split, the label events beside them, and a card."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.exports.archive import MANIFEST, packed_member
from cer_assist.exports.card import EVENTS_FILE, LABEL, card, table_file
from cer_assist.exports.carried import PROTOCOL_NEEDS, needs
from cer_assist.exports.columns import LABEL_EVENTS, PROTOCOLS, Column
from cer_assist.exports.dataset import DataSet, Row
from cer_assist.exports.parquet import write_parquet

DEFAULT_SPLIT, UNSPLIT = "train", "unsplit"
_SPLIT = re.compile(r"\w+")


def split_file(split: str) -> str:
    """Where the rows of a split are."""
    return f"data/{split}-00000-of-00001.parquet"


def write_hugging_face(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """A zip of the folder that `datasets.load_dataset` reads."""
    needs(data_set, "Hugging Face", PROTOCOL_NEEDS)
    columns = (*data_set.tables[PROTOCOLS].columns, LABEL)
    splits, rest = _splits(data_set)
    events = data_set.tables[LABEL_EVENTS]
    parts: dict[str, tuple[Sequence[Column], Iterable[Row]]] = {
        split_file(split): (columns, _Rows(data_set, split, rest)) for split in splits
    }
    parts[EVENTS_FILE] = (events.columns, events.rows)
    for name, table in data_set.tables.items():  # last what tells of masks in the other two
        if name not in (PROTOCOLS, LABEL_EVENTS):
            parts[table_file(name)] = (table.columns, table.rows)
    members: dict[str, Any] = {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name, (names, rows) in parts.items():
            fill = partial(write_parquet, columns=names, rows=rows)
            members[name] = packed_member(target, name, fill)
        body = json.dumps({**head, "members": members}, ensure_ascii=False, indent=2)
        words = {"README.md": card(data_set, head, columns, members), MANIFEST: f"{body}\n"}
        for name, text in words.items():  # not `writestr`, which would write the hour
            with target.open(name, "w") as packed:
                packed.write(text.encode())
    protocols = sum(members[split_file(split)]["rows"] for split in splits)
    return {LABEL_EVENTS: members[EVENTS_FILE]["rows"], PROTOCOLS: protocols}


def _splits(data_set: DataSet) -> tuple[list[str], str]:
    """The splits that there are, and the one of rows without: where nothing was split, train."""
    table = data_set.tables[PROTOCOLS]
    if "split" not in {column.name for column in table.columns}:
        return [DEFAULT_SPLIT], DEFAULT_SPLIT
    named = {row["split"] for row in table.rows}
    rest = UNSPLIT if named - {None} else DEFAULT_SPLIT
    found = sorted({split or rest for split in named})
    for split in found:
        if not _SPLIT.fullmatch(split):
            raise InvalidInput(f"“{split}” cannot be the name of a split: use letters and digits.")
    return found or [DEFAULT_SPLIT], rest


class _Rows:
    """Protocols of a split with their class."""

    def __init__(self, data_set: DataSet, split: str, rest: str) -> None:
        self._rows = data_set.tables[PROTOCOLS].rows
        self._split, self._rest = split, rest
        self._classes = {one.level: place for place, one in enumerate(data_set.levels)}

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            if (row.get("split") or self._rest) == self._split:
                level = row["final_level"]
                yield {**row, "label": None if level is None else self._classes[level]}
