"""Labels made elsewhere come as a table of their own: one row a coder and protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.imports.rows import as_text, prior_label
from cer_assist.imports.tables import Report, Table

_COLUMNS = {
    "protocol_id": ("protocolid", "id", "externalid", "protocol", "studyid", "documentid"),
    "coder": ("coder", "annotator", "reader", "rater", "reviewer", "user"),
    "level": ("level", "label", "rating", "code"),
    "confidence": ("confidence", "certainty"),
    "evidence": ("evidence", "quote"),
    "note": ("note", "notes", "comment", "comments"),
}
_REQUIRED = ("protocol_id", "coder", "level")


def read_labels(table: Table, report: Report) -> Iterator[PriorLabel]:
    """Every usable row; the others are reported with their number."""
    columns = _find_columns(table.columns)
    seen: dict[tuple[str, str], int] = {}
    for number, row in table.rows:
        try:
            label = _label(row, columns)
        except InvalidInput as error:
            report(number, error.message)
            continue
        before = seen.setdefault((label.external_id, label.coder), number)
        if before == number:
            yield replace(label, row=number)
        else:
            report(
                number,
                f"{label.coder} already has a level for {label.external_id} in row {before}: "
                "keep one of them.",
            )


def _find_columns(columns: list[str]) -> dict[str, str]:
    plain = {re.sub(r"[\W_]+", "", column.casefold()): column for column in columns}
    found = {
        role: next((plain[name] for name in names if name in plain), "")
        for role, names in _COLUMNS.items()
    }
    missing = [role for role in _REQUIRED if not found[role]]
    if missing:
        raise InvalidInput(
            f"The labels need a column {' and a column '.join(missing)}; "
            f"found: {', '.join(columns)}."
        )
    return {role: column for role, column in found.items() if column}


def _label(row: Mapping[str, Any], columns: Mapping[str, str]) -> PriorLabel:
    cells = {role: as_text(row.get(column)) for role, column in columns.items()}
    external_id = cells["protocol_id"].strip()
    if not external_id:
        raise InvalidInput("The protocol id is missing: fill in the protocol_id column.")
    return prior_label(external_id, cells["level"], cells)
