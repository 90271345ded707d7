"""ASReview's table and REDCap's records with their data dictionary."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Lane
from cer_assist.exports.archive import BUFFER
from cer_assist.exports.carried import KEY, carried, levels_of, made, named, records
from cer_assist.exports.cells import compact_json, csv_cells, csv_line, neutralised
from cer_assist.exports.columns import COLUMNS, MASKING_REPORT
from cer_assist.exports.dataset import DataSet, Record, Row

INCLUDE_FROM = "include_from"  # of the head: from which level on ASReview's reader is to include
DEFAULT_INCLUDE_FROM = 4
ASREVIEW_COLUMNS = (
    "title", "abstract", "authors", "year", "doi", "url", "included", "protocol_id", "final_level",
    KEY,
)  # fmt: skip


def write_asreview(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """A row a protocol; included is whether its level is at least the asked one."""
    known = [one.level for one in data_set.levels]
    bound = head.get(INCLUDE_FROM, min(DEFAULT_INCLUDE_FROM, max(known)))
    if bound not in known[1:]:
        raise InvalidInput(
            f"Protocols can be included from level {known[1]} to {known[-1]} on, not {bound}."
        )
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_line(ASREVIEW_COLUMNS))
        count = 0
        for record in records(data_set, "ASReview"):
            file.write(csv_line(_asreview_row(record, bound)))
            count += 1
    return {"protocols": count}


def _asreview_row(record: Record, bound: int) -> list[Any]:
    said = record.protocol
    level, details = said["final_level"], said.get("metadata") or {}
    known = [details.get(name) or "" for name in ("authors", "year", "doi", "url")]
    return [
        neutralised(said["title"]),
        neutralised(said["text"]),
        *map(neutralised, known),
        "" if level is None else int(level >= bound),
        neutralised(said["protocol_id"]),
        "" if level is None else level,
        compact_json(carried(record)),
    ]


RECORDS, DICTIONARY, REPORT = "records.csv", "data_dictionary.csv", f"{MASKING_REPORT}.csv"
# REDCap's own headings, in its order.
DICTIONARY_HEADINGS = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
_FORM = "cer_label"
_STAMP = "datetime_seconds_ymd"


def write_redcap(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """Records and dictionary in a zip: readers as <id>--1, <id>--2, what was settled as <id>."""
    fields = _fields(data_set)
    report = data_set.tables.get(MASKING_REPORT)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as target:
        with target.open(DICTIONARY, "w") as packed:
            _table(packed, DICTIONARY_HEADINGS, _dictionary(data_set, fields))
        with target.open(RECORDS, "w", force_zip64=True) as packed:
            names = [field[0] for field in fields]
            count = _table(packed, names, _redcap_rows(data_set, names))
        if report is not None:
            with target.open(REPORT, "w") as packed:
                names = [column.name for column in report.columns]
                _table(packed, names, map(csv_cells(report.columns), report.rows))
    return {"records": count}


def _table(packed: Any, header: Sequence[str], rows: Iterator[Sequence[Any]]) -> int:
    text = io.TextIOWrapper(io.BufferedWriter(packed, BUFFER), encoding="utf-8", newline="")
    text.write(csv_line(header))
    count = 0
    for row in rows:
        text.write(csv_line(row))
        count += 1
    text.close()
    return count


# Field name, type, validation, label.
_FIELDS = (
    ("record_id", "text", "", "Record"),
    ("protocol_id", "text", "", "Protocol"),
    ("title", "notes", "", "Title"),
    ("level", "radio", "", "Level"),
    ("final_from", "text", "", "How the level came about"),
    ("coder", "text", "", "Coder"),
    ("made_at", "text", _STAMP, "When the level was given, UTC"),
    ("confidence", "text", "integer", "How sure the coder was, 3 the surest"),
    ("evidence", "notes", "", "Words the coder marked"),
    ("note", "notes", "", "Note"),
    ("exposure", "text", "", "What the coder had seen of others' answers"),
    ("seconds", "text", "number", "Seconds from showing to the answer"),
    ("suggestion_level", "text", "integer", "Level the model suggested"),
    ("suggestion_probability", "text", "number", "Probability of that level"),
    ("model_version", "text", "integer", "Version of the model"),
    ("rubric_version", "text", "integer", "Version of the rubric"),
    ("protocol_text", "notes", "", "Text"),
    (KEY, "notes", "", "For importing into CER Assist again: do not edit"),
)


def _fields(data_set: DataSet) -> list[tuple[str, str, str, str]]:
    """All but those whose column was left out of both tables."""
    known = {column.name for columns in COLUMNS.values() for column in columns}
    there = {column.name for table in data_set.tables.values() for column in table.columns}
    return [field for field in _FIELDS if field[0] not in known - there]


def _dictionary(data_set: DataSet, fields: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    choices = " | ".join(
        f"{level}, {re.sub(r'[|]', '/', name)}" for level, name in named(data_set).items()
    )
    for name, kind, validation, label in fields:
        row = dict.fromkeys(DICTIONARY_HEADINGS, "")
        row["Variable / Field Name"], row["Form Name"] = name, _FORM
        row["Field Type"], row["Field Label"] = kind, label
        row["Text Validation Type OR Show Slider Number"] = validation
        if kind == "radio":
            row["Choices, Calculations, OR Slider Labels"] = choices
        yield list(row.values())


def _redcap_rows(data_set: DataSet, names: Sequence[str]) -> Iterator[list[Any]]:
    """The merged record first: REDCap keeps the order, and it holds the text."""
    for record in records(data_set, "REDCap"):
        if "--" in record.protocol["protocol_id"]:
            raise InvalidInput(
                f"REDCap takes what follows -- in {record.protocol['protocol_id']} for the number "
                "of a reader: choose another format, or import the protocols under other ids."
            )
        yield _cells(_merged(record))
        readers = [event for event in levels_of(record) if event["lane"] == Lane.coder]
        for number, event in enumerate(readers, start=1):
            yield _cells(_reader(record.protocol, event, number))


def _cells(row: dict[str, Any]) -> list[Any]:
    return [*(_NO_CELLS | row).values()]


_NO_CELLS: dict[str, Any] = {field[0]: None for field in _FIELDS}


def _merged(record: Record) -> dict[str, Any]:
    said = record.protocol
    finals = [event for event in levels_of(record) if event["lane"] == Lane.final]
    by = _answer(finals[-1]) if finals else {}
    return {
        **by,
        "record_id": neutralised(said["protocol_id"]),
        "protocol_id": neutralised(said["protocol_id"]),
        "title": neutralised(said["title"]),
        "level": said["final_level"],
        "final_from": said.get("final_from"),
        "suggestion_level": said.get("suggestion_level"),
        "suggestion_probability": said.get("suggestion_probability"),
        "model_version": said.get("model_version"),
        "rubric_version": said.get("rubric_version"),
        "protocol_text": neutralised(said["text"]),
        KEY: compact_json(carried(record)),
    }


def _reader(protocol: Row, event: Row, number: int) -> dict[str, Any]:
    name = neutralised(protocol["protocol_id"])
    return {"record_id": f"{name}--{number}", "protocol_id": name, **_answer(event)}


def _answer(event: Row) -> dict[str, Any]:
    return {
        "level": event["level"],
        "coder": neutralised(event["coder"]),
        "made_at": made(event)[:19].replace("T", " "),
        "confidence": event.get("confidence"),
        "seconds": event.get("seconds"),
        "rubric_version": event.get("rubric_version"),
        "suggestion_level": event.get("suggestion_level"),
        "suggestion_probability": event.get("suggestion_probability"),
        "model_version": event.get("model_version"),
        "exposure": event.get("exposure"),
        "evidence": neutralised(event.get("evidence") or ""),
        "note": neutralised(event.get("note") or ""),
    }
