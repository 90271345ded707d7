"""Our own export for REDCap: the merged records carry everything, readers' records repeat it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cer_assist.exports.carried import KEY
from cer_assist.exports.tabular_tools import DICTIONARY, RECORDS, REPORT
from cer_assist.imports.containers import reading
from cer_assist.imports.delimited import numbered_records
from cer_assist.imports.limits import check_size
from cer_assist.imports.tables import NumberedRow, Report, Table, bounded, header, peek


def is_redcap(path: Path) -> bool:
    """Whether a zip is an export of ours for REDCap."""
    if path.is_dir():
        return False
    check_size(path)
    with reading("ZIP"), zipfile.ZipFile(path) as archive:
        return {RECORDS, DICTIONARY} == {*archive.namelist()} - {REPORT}


def read(path: Path, report: Report) -> Table:
    """The merged records."""
    sample, rows = peek(bounded(_rows(path, report)), 5)
    columns = list(sample[0][1]) if sample else []
    return Table(columns, rows, [row for _, row in sample])


def _rows(path: Path, report: Report) -> Iterator[NumberedRow]:
    with reading("ZIP"), zipfile.ZipFile(path) as archive, archive.open(RECORDS) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        records = numbered_records(csv.reader(text, strict=True), report)
        _, first = next(records, (1, []))
        names = header(first)
        for number, cells in records:
            row = dict(zip(names, cells, strict=False))
            if row.get(KEY):
                yield number, row
