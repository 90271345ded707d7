"""Labels that stand beside protocols in a CSV: protocol_id, coder, level, and what was quoted."""

from __future__ import annotations

import csv
from pathlib import Path

from cer_assist.domain.errors import InvalidInput


def read_levels(path: Path, coder: str) -> dict[str, int]:
    """One coder's levels by protocol id."""
    try:
        return {r["protocol_id"]: int(r["level"]) for r in _rows(path, coder) if r["level"]}
    except ValueError as error:
        raise InvalidInput(f"{path.name}: a level is not a whole number ({error}).") from error


def read_quotes(path: Path, coder: str) -> dict[str, str]:
    """What one coder quoted as evidence, by protocol id; empty where the file has no evidence."""
    return {r["protocol_id"]: r["evidence"] for r in _rows(path, coder) if r.get("evidence")}


def _rows(path: Path, coder: str) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"protocol_id", "coder", "level"} <= rows[0].keys():
        raise InvalidInput(f"{path.name} needs the columns protocol_id, coder and level.")
    mine = [row for row in rows if row["coder"] == coder]
    if not mine:
        known = ", ".join(sorted({row["coder"] for row in rows}))
        raise InvalidInput(f"{path.name} has no labels of coder {coder}: choose one of {known}.")
    return mine
