"""The process that touches foreign files. It says what it found and ends.

Started as `python -I`, so neither the environment nor the current folder lends it code.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import IO, Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import compose
from cer_assist.exports.columns import PROTOCOL_COLUMNS, PROTOCOLS
from cer_assist.imports import label_studio, limits, mapping, tools, wire
from cer_assist.imports.results import Preview
from cer_assist.imports.rows import as_text
from cer_assist.imports.session import Session, TooManyFaults, reader_of
from cer_assist.imports.sniff import EXPORT, by_name, identify

_PREVIEW_ROWS = 5
_PREVIEW_CHARACTERS = 500


def _preview(path: Path) -> Preview:
    found = identify(path)
    if found.kind == "export":
        return _export_preview(reader_of(found).read(path))
    if found.kind == "document":
        draft = reader_of(found).read(path)
        protocol = compose(path.stem, draft.title, draft.sections, {})
        row = {"id": protocol.external_id, "title": protocol.title}
        row |= {part.name: protocol.text[part.start : part.end] for part in protocol.sections[1:]}
        return Preview(list(row), [_shortened(row)], {}, draft.encoding, found.name)
    table = reader_of(found).read(path, lambda row, message: None)
    rows = [_shortened(row) for row in table.sample[:_PREVIEW_ROWS]]
    if tool := tools.tool_of(table.columns, table.sample):  # needs no mapping
        return Preview(table.columns, rows, {}, table.encoding, tool.name)
    label_studio.refuse_short_form(table.columns)
    suggested = mapping.suggest(table.columns, table.sample)
    untold = mapping.unread_levels(suggested, table.columns, table.sample)
    notes = [untold] if untold else []
    return Preview(table.columns, rows, suggested, table.encoding, found.name, notes)


def _export_preview(export: Any) -> Preview:
    first = islice(export.rows(PROTOCOLS, lambda row, message: None), _PREVIEW_ROWS)
    rows = [_shortened(row) for _, row in first]
    columns = [column.name for column in PROTOCOL_COLUMNS]
    return Preview(columns, rows, {}, "utf-8", EXPORT.name)


def _send_preview(path: Path, pipe: IO[bytes]) -> None:
    try:
        with limits.bounded_reading(path):
            wire.send(pipe, "preview", asdict(_preview(path)))
    except InvalidInput as error:
        wire.send(pipe, "refused", error.message)


def _shortened(row: Mapping[str, Any]) -> dict[str, str]:
    texts = {key: as_text(value) for key, value in row.items()}
    return {
        key: text if len(text) <= _PREVIEW_CHARACTERS else f"{text[:_PREVIEW_CHARACTERS]}…"
        for key, text in texts.items()
    }


def _load_readers(paths: list[Path]) -> None:
    """Import the readers while files may still be opened for writing (compiled modules)."""
    for path in paths:
        try:
            reader_of(by_name(path))
        except InvalidInput:
            continue  # said again, to the person, when its turn comes


def _paths(request: Mapping[str, Any]) -> Iterator[Path]:
    yield from (Path(name) for name in request["files"])
    if request["labels"]:
        yield Path(request["labels"])


def main() -> None:
    """Answer the one request on standard input."""
    # openpyxl takes numpy in when it is there: 100 ms and 30 MB for nothing in a short life.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    request = json.load(sys.stdin)
    paths = list(_paths(request))
    _load_readers(paths)
    gc.freeze()  # what is loaded stays to the end: the collector need not look at it again
    pipe = sys.stdout.buffer
    limits.confine(paths)
    if request["preview"]:
        _send_preview(paths[0], pipe)
    else:
        session = Session(request, pipe)
        with suppress(TooManyFaults):
            for place, path in enumerate(paths):
                session.file(path, of_labels=place >= len(request["files"]))
            session.end()
    wire.send(pipe, "end", None)
    pipe.flush()
