"""One import inside the child: every file, every fault, and which ids were seen where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import IO, Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, compose
from cer_assist.exports.columns import LABEL_EVENTS, PROTOCOLS
from cer_assist.imports import label_studio, limits, mapping, tools, wire
from cer_assist.imports.labels import read_labels
from cer_assist.imports.results import RowError
from cer_assist.imports.rows import RowReader
from cer_assist.imports.sniff import Format, identify, stem
from cer_assist.imports.tables import Table

_BATCH = 200


def reader_of(found: Format) -> Any:
    """The module that reads this format; imported only now, because some take 100 ms."""
    return import_module(f"cer_assist.imports.{found.module}")


class TooManyFaults(Exception):
    """No further file is read."""


class Session:
    """One import: what was asked, what was seen so far, and the pipe to tell it to."""

    def __init__(self, request: Mapping[str, Any], pipe: IO[bytes]) -> None:
        self._mapping: dict[str, str] = request["mapping"]
        self._pipe = pipe
        self._file = Path()
        self._part = ""  # of an export: the table being read
        self._errors = 0
        self._altered = 0
        self._ids: dict[str, tuple[str, int | None]] = {}

    def report(self, row: int | None, message: str) -> None:
        """Tell of one fault; a thousand are enough for anyone."""
        self._errors += 1
        if self._errors > limits.MAX_ERRORS:
            self._send_error(None, "There are more faults than these: correct them first.")
            raise TooManyFaults
        self._send_error(row, message)

    def _send_error(self, row: int | None, message: str) -> None:
        wire.send(self._pipe, "error", asdict(RowError(self._place(), row, message)))

    def _place(self) -> str:
        return f"{self._file.name}/{self._part}" if self._part else self._file.name

    def file(self, path: Path, *, of_labels: bool = False) -> None:
        """Read one file; whatever is wrong with it becomes an error, and the next file follows."""
        self._file, self._part = path, ""
        wire.send(self._pipe, "file", path.name)
        self._pipe.flush()  # the parent names this file should the process end here
        try:
            with limits.bounded_reading(path):
                self._read(path, of_labels)
        except InvalidInput as error:
            self.report(None, error.message)

    def end(self) -> None:
        """What is told once of all files: hundreds of PDFs may hold such characters."""
        if self._altered:
            self._note(
                f"Protocols whose text held control characters or halves of characters, which are "
                f"taken out, or U+0085, U+2028 or U+2029, which become line breaks: "
                f"{self._altered:,}."
            )

    def _read(self, path: Path, of_labels: bool) -> None:
        found = identify(path)
        if of_labels and found.kind != "table":
            raise InvalidInput("Labels are read from CSV, TSV, XLSX or JSONL: save them as such.")
        if of_labels:
            self._labels(reader_of(found).read(path, self.report))
        elif found.kind == "table":
            self._table(reader_of(found).read(path, self.report))
        elif found.kind == "export":
            self._export(reader_of(found).read(path))
        else:
            self._document(path, reader_of(found).read(path))

    def _document(self, path: Path, draft: Any) -> None:
        protocol = compose(path.stem, draft.title, draft.sections, {})
        if draft.encoding not in (None, "utf-8"):  # hundreds of such files may come at once
            self._note(f"{path.name}: read as {draft.encoding}.")
        if self._is_new(protocol, None):
            self._send_protocols([protocol])

    def _table(self, table: Table) -> None:
        self._table_notes(table)
        tool = tools.tool_of(table.columns, table.sample)
        if tool and (tools.has_carried(table.sample) or not self._mapping):
            self._tool(table, tool)
            return
        if not self._mapping:
            label_studio.refuse_short_form(table.columns)
        reader = self._reader(table)
        protocols: list[ProtocolText] = []
        labels: list[PriorLabel] = []
        number = 0
        for number, row in table.rows:
            try:
                protocol = reader.protocol(number, row)
                label = reader.label(protocol, row)
            except InvalidInput as error:
                self.report(number, error.message)
                continue
            if self._is_new(protocol, number):
                protocols.append(protocol)
                if label is not None:
                    labels.append(replace(label, row=number))
            if len(protocols) >= _BATCH:
                self._send_protocols(protocols)
                protocols.clear()
        if number == 0 and self._errors == 0:
            raise InvalidInput("The file has no rows below its header: choose another one.")
        self._send_protocols(protocols)
        self._send_labels(labels)

    def _reader(self, table: Table) -> RowReader:
        """What reads the rows; what their columns were not taken for is told."""
        if any(column in tools.ASREVIEW_LABELS for column in table.columns):
            self._note(
                f"{self._file.name}: what ASReview included is no level; it is kept as a detail."
            )
        roles = mapping.complete(self._mapping, table.columns, table.sample)
        if untold := mapping.unread_levels(roles, table.columns, table.sample):
            self._note(f"{self._file.name}: {untold}")
        if "id" not in roles:
            self._note(f"{self._file.name}: no id column; ids are file name and row number.")
        return RowReader(roles, stem(self._file))

    def _tool(self, table: Table, tool: tools.Tool) -> None:
        """What another tool exported; ours in its form come back as they were."""
        self._note(f"{self._file.name}: {tool.told}")
        texts: dict[str, int] = {}  # id -> hash of how its text ends
        batch: list[ProtocolText] = []
        ours: dict[tuple[int, str], PriorLabel] = {}  # a tool may copy into a row what is carried
        new: list[PriorLabel] = []
        unsubmitted: Counter[str] = Counter()
        for number, row in table.rows:
            if tool.added is None and tools.is_reader_of_redcap(row):
                continue
            try:
                found = tools.read_item(tool, row, f"{stem(self._file)}-{number}")
            except InvalidInput as error:
                self.report(number, error.message)
                continue
            is_first = found.protocol.external_id not in texts
            if not self._is_of_tool(found.protocol, number, texts):
                continue
            batch += [found.protocol] if is_first else []
            if len(batch) == _BATCH:
                self._send_protocols(batch)
                batch.clear()
            said = [replace(label, row=number) for label in found.labels]
            for place, label in zip(found.numbers, said, strict=False):
                ours.setdefault((place, label.external_id), label)
            new += said[len(found.numbers) :]
            unsubmitted.update(found.unsubmitted)
        self._send_protocols(batch)
        if ours and new:
            self._note(
                f"{self._file.name}: answered in {tool.name} after the export: {_whose(new)}."
            )
        self._unsubmitted_notes(unsubmitted)
        self._send_batches([*(ours[key] for key in sorted(ours)), *new])

    def _unsubmitted_notes(self, counts: Counter[str]) -> None:
        for kind, count in sorted(counts.items()):
            self._note(f"{self._file.name}: {kind} not taken as labels: {count:,}.")

    def _export(self, export: Any) -> None:
        """Protocols and labels of one of our own exports, exactly as they were."""
        self._note(export.described())
        self._part = export.part_name(PROTOCOLS)
        batch: list[ProtocolText] = []
        for number, protocol in export.protocols(self.report):
            if self._is_new(protocol, number):
                batch.append(protocol)
            if len(batch) >= _BATCH:
                self._send_protocols(batch)
                batch.clear()
        self._send_protocols(batch)
        self._part = export.part_name(LABEL_EVENTS)
        labels = export.labels(self.report)
        while some := list(islice(labels, _BATCH)):
            self._send_labels(some)

    def _is_of_tool(self, protocol: ProtocolText, row: int, texts: dict[str, int]) -> bool:
        """Whether the row counts; a tool may have several for a text, one an answer."""
        end = hash(protocol.text[-1000:])
        if protocol.external_id not in texts:
            if not self._is_new(protocol, row):
                return False
            texts[protocol.external_id] = end
            return True
        if texts[protocol.external_id] != end:
            self.report(row, f"The id {protocol.external_id} has another text further up.")
            return False
        return True

    def _labels(self, table: Table) -> None:
        self._table_notes(table)
        self._send_labels(list(read_labels(table, self.report)))

    def _is_new(self, protocol: ProtocolText, row: int | None) -> bool:
        here = (self._place(), row)
        before = self._ids.setdefault(protocol.external_id, here)
        if before is here:
            return True
        place = before[0] if before[1] is None else f"row {before[1]} of {before[0]}"
        self.report(
            row, f"The id {protocol.external_id} is already used by {place}: ids must differ."
        )
        return False

    def _table_notes(self, table: Table) -> None:
        for note in table.notes:
            self._note(note)
        if table.encoding:
            self._note(f"{self._file.name}: read as {table.encoding}.")

    def _note(self, text: str) -> None:
        wire.send(self._pipe, "note", text)

    def _send_protocols(self, protocols: list[ProtocolText]) -> None:
        self._altered += sum(protocol.is_altered for protocol in protocols)
        wire.send(self._pipe, "protocols", *wire.pack_protocols(protocols))

    def _send_batches(self, labels: list[PriorLabel]) -> None:
        for start in range(0, len(labels), _BATCH):
            self._send_labels(labels[start : start + _BATCH])

    def _send_labels(self, labels: list[PriorLabel]) -> None:
        place = self._place()
        found = [wire.pack_label(replace(label, file=place)) for label in labels]
        wire.send(self._pipe, "labels", found)


def _whose(labels: list[PriorLabel]) -> str:
    counts = sorted(Counter(label.coder for label in labels).items())
    return ", ".join(f"{who} ({count})" for who, count in counts)
