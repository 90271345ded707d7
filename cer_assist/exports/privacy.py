"""Who and what is named in an export is a filter over its data set; by default no coder is.

With masks the texts are read once more at the start: what a protocol holds decides how notes and
quotes about it are masked, and those are written first. Kept are the places, not the texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import Section, content_hash
from cer_assist.exports import numbering, spotting
from cer_assist.exports.columns import (
    COLUMNS,
    LABEL_EVENTS,
    MASKING_REPORT,
    PROTOCOLS,
    Column,
    Table,
)
from cer_assist.exports.dataset import DataSet, Record, Row, Stream
from cer_assist.exports.masking import LINKS, Masker, Moves, Values, moved_places, moved_sections
from cer_assist.exports.numbering import Numbers
from cer_assist.exports.spotting import Kind

REPORT_COLUMNS = (
    Column(
        "protocol_id",
        "text",
        "The protocol's id, as in the other tables; empty: the snapshot's name and notes.",
    ),
    Column("kind", "text", "What was masked.", ", ".join(spotting.KINDS)),
    Column("rule", "text", "How it was found; the manifest explains each."),
    Column(
        "places",
        "integer",
        "In how many places of text, title, details, notes and quotes. The title also begins the "
        "text. The values themselves are in no part of the export.",
    ),
)


@dataclass(frozen=True)
class Choice:
    """What somebody wants of an export."""

    names: bool = False
    masks: frozenset[Kind] = frozenset()
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)  # table -> its columns
    patterns: tuple[str, ...] = ()  # of record numbers, as `numbering` reads them

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", numbering.checked(self.patterns))
        if self.patterns and "record" not in self.masks:
            raise InvalidInput("Patterns are of record numbers: have these masked as well.")

    def told(self, masked: Mapping[str, int]) -> dict[str, Any]:
        """For the audit, with the places masked of each kind."""
        said = self.described()
        left_out = [
            f"{table}.{name}" for table, names in said["left_out"].items() for name in names
        ]
        patterns = {"patterns": ", ".join(self.patterns)} if self.patterns else {}
        return {
            "coders": said["coders"],
            "masked": {kind: masked.get(kind, 0) for kind in said["masked"]} or "nothing",
            "left_out": ", ".join(left_out) or "nothing",
            **patterns,
        }

    def described(self) -> dict[str, Any]:
        """For the manifest."""
        left_out = {table: sorted(names) for table, names in self.without.items() if names}
        patterns = {"patterns": list(self.patterns)} if self.patterns else {}
        return {
            "coders": "names" if self.names else "pseudonyms",
            "masked": [kind for kind in spotting.KINDS if kind in self.masks],
            "left_out": left_out,
            **patterns,
        }


@dataclass(frozen=True)
class Outside:
    """What the project's people and records are called outside."""

    coders: Mapping[str, str]  # user name -> pseudonym
    people: Sequence[str] = ()
    record: Callable[[str], str] = str
    ids: Sequence[str] = ()  # of all protocols, to be found where one text quotes another's


def with_names() -> Choice:
    """Everything as it is stored."""
    return Choice(names=True)


def left_out_but(chosen: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """What is left out when only some columns of some tables are wanted."""
    wanted = {table: frozenset(known_columns(table, names)) for table, names in chosen.items()}
    return {table: frozenset(_names(table)) - names for table, names in wanted.items()}


def left_out(names: Sequence[str]) -> dict[str, frozenset[str]]:
    """Columns to leave out wherever they are; `table.column` means that table alone."""
    without: dict[str, set[str]] = {table: set() for table in COLUMNS}
    for name in names:
        table, _, column = name.rpartition(".")
        tables = [one for one in COLUMNS if column in _names(one) and table in ("", one)]
        if not tables:
            raise InvalidInput(f"No table has a column {name}: `data_dictionary` lists them.")
        for one in tables:
            without[one].add(column)
    return {table: frozenset(found) for table, found in without.items() if found}


def known_columns(table: str, names: Sequence[str]) -> Sequence[str]:
    """The names, if all are columns of the table."""
    if table not in COLUMNS:
        raise InvalidInput(f"There is no table {table}: choose {' or '.join(COLUMNS)}.")
    unknown = [name for name in names if name not in _names(table)]
    if unknown:
        raise InvalidInput(f"The table {table} has no column {unknown[0]}.")
    if not names:
        raise InvalidInput(f"Choose at least one column of the table {table}.")
    return names


def _names(table: str) -> list[str]:
    return [column.name for column in COLUMNS[table]]


def filtered(data_set: DataSet, choice: Choice, outside: Outside) -> DataSet:
    """The data set as it may leave."""
    seen = _Seen(choice, outside)
    if choice.masks:
        seen.read(data_set.tables[PROTOCOLS].rows)
    change = {LABEL_EVENTS: seen.event, PROTOCOLS: seen.protocol}
    tables = {
        name: _changed(table, change[name], choice.without.get(name, frozenset()))
        if name in change
        else table
        for name, table in data_set.tables.items()
    }
    head = {**seen.head(data_set.head), **choice.described()}
    if choice.masks:
        head["masking_rules"] = seen.rules()
        tables[MASKING_REPORT] = Table(REPORT_COLUMNS, Stream(seen.report))
    return replace(
        data_set,
        head=head,
        tables=tables,
        records=Stream(lambda: seen.records(data_set)),
        masked=seen.places,
        people=None,
    )


def _changed(table: Table, change: Callable[[Row], Row], without: frozenset[str]) -> Table:
    columns = tuple(column for column in table.columns if column.name not in without)
    if not columns:
        raise InvalidInput("Leave at least one column of each table in.")
    return Table(columns, Stream(lambda: map(change, table.rows)))


class _Seen:
    """Rows as they leave, and what is known of the protocols that they are about."""

    def __init__(self, choice: Choice, outside: Outside) -> None:
        self._choice = choice
        self._outside = outside
        self._masker = Masker(choice.masks, outside.people, Numbers(choice.patterns, outside.ids))
        self._record = cache(outside.record) if "record" in choice.masks else str
        self._known: dict[str, tuple[Values, Moves]] = {}
        self._around: dict[str, dict[str, Any]] = {}  # titles and details, which are short
        self._counts: dict[str | None, Counter[tuple[Kind, str]]] = {}  # None: of the snapshot
        self._told: set[int] = set()  # events whose notes are counted: rows may be read twice

    def read(self, protocols: Any) -> None:
        """Find what every protocol holds."""
        for row in protocols:
            values, moves = self._masker.values_of(row)
            title = self._masker.text(row["title"] or "", values)
            details = self._masker.metadata(row["metadata"] or {}, values)
            self._known[row["protocol_id"]] = values, moves
            self._around[row["protocol_id"]] = {"title": title, "metadata": details}
            self._counts[row["protocol_id"]] = values.counts
            values.counts = Counter()

    def head(self, head: Row) -> Row:
        """The manifest as it leaves: a snapshot's name and notes are remarks among colleagues."""
        made = head.get("snapshot")
        if not (made and self._choice.masks):
            return head
        values, names = Values(), ("name", "notes")
        for name in names:  # who is named in one is found in the other
            self._masker.text(made[name], values, colleagues=True)
        values.counts.clear()
        said = {name: self._masker.text(made[name], values, colleagues=True) for name in names}
        self._counts[None] = values.counts
        return {**head, "snapshot": {**made, **said, "asked": {**made["asked"], **said}}}

    def protocol(self, row: Row) -> Row:
        """A protocol as it leaves."""
        changed = dict(row)
        if not self._choice.names:
            levels = row["coder_levels"]
            changed["coder_levels"] = {self._coder(name): levels[name] for name in levels}
        if self._choice.masks:
            self._mask_protocol(changed)
        return self._reduced(PROTOCOLS, changed)

    def event(self, row: Row) -> Row:
        """A label event as it leaves."""
        changed = dict(row)
        if not self._choice.names:
            changed["coder"], changed["coder_name"] = self._coder(row["coder"]), None
        if self._choice.masks:
            self._mask_event(changed)
        return self._reduced(LABEL_EVENTS, changed)

    def records(self, data_set: DataSet) -> Iterator[Record]:
        """Protocols with their events as they leave."""
        for record in data_set.records:
            events = tuple(self.event(row) for row in record.events)
            name = record.protocol["protocol_id"]
            masked = tuple(self._report_of(name)) if self._choice.masks else None
            yield Record(self.protocol(record.protocol), events, masked=masked)

    def report(self) -> Iterator[Row]:
        """How often each rule found something in each protocol."""
        for name in self._counts:
            yield from self._report_of(name)

    def _report_of(self, name: str | None) -> Iterator[Row]:
        said = None if name is None else self._record(name)
        for (kind, rule), places in sorted(self._counts[name].items()):
            yield {"protocol_id": said, "kind": kind, "rule": rule, "places": places}

    def places(self) -> dict[str, int]:
        """How many places of each kind were masked in what was read so far."""
        found: Counter[str] = Counter()
        for counts in self._counts.values():
            for (kind, _), places in counts.items():
                found[kind] += places
        return dict(found)

    def rules(self) -> dict[str, str]:
        """What each rule of the report takes for what."""
        return spotting.rules_of(self._choice.masks)

    def _reduced(self, table: str, row: dict[str, Any]) -> Row:
        for name in self._choice.without.get(table, ()):
            row.pop(name, None)
        return row

    def _coder(self, name: str) -> str:
        try:
            return self._outside.coders[name]
        except KeyError as error:  # labelled between the drawing of numbers and the reading
            raise InvalidInput("Somebody new has just labelled: export once more.") from error

    def _mask_protocol(self, row: dict[str, Any]) -> None:
        name = row["protocol_id"]
        values, moves = self._known[name]
        row |= self._around[name]
        row["sections"] = moved_sections(moves, row["sections"], self._other(values))
        row["text"] = moves.text(row["text"])
        sections = [Section(*part) for part in row["sections"]]
        row["content_sha256"] = content_hash(row["text"], sections)
        for link in ("protocol_id", *LINKS):
            if row.get(link):
                row[link] = self._record(row[link])
        values.counts.clear()

    def _mask_event(self, row: dict[str, Any]) -> None:
        name = row["protocol_id"]
        values, moves = self._known[name]
        other = self._other(values)
        row["evidence_places"] = moved_places(moves, row["evidence_places"] or [], other)
        row["evidence"] = evidence_lines(row["evidence_places"])
        row["note"] = other(row["note"] or "")
        row["protocol_id"] = self._record(name)
        if row["event_id"] not in self._told:
            self._told.add(row["event_id"])
            self._counts[name] += values.counts
        values.counts.clear()

    def _other(self, values: Values) -> Callable[[str], str]:
        return lambda text: self._masker.text(text, values, colleagues=True) if text else text


def evidence_lines(places: Sequence[Mapping[str, Any]]) -> str:
    """The passages, one a line."""
    return "\n".join(" ".join(str(place["quote"]).split()) for place in places)
