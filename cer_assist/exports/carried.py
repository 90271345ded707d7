"""What a tool's own format has no place for travels beside it, so that nothing is lost on the way.

Each protocol takes along, under one key that the tool passes through, its columns but the text and
all its events, superseded ones too, with a SHA-256 that shows whether someone changed them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Lane, PseudonymSource
from cer_assist.exports.cells import compact_json
from cer_assist.exports.columns import COLUMNS, FORMAT_VERSION, LABEL_EVENTS, PROTOCOLS
from cer_assist.exports.dataset import DataSet, Record, Row

KEY = "cer_assist"
_SORTED = json.JSONEncoder(sort_keys=True).encode
# A further answer of a protocol that stands above: its level, who gave it and when.
REPEATS, BY, AT = "repeats", "by", "at"
_CHANGED = (
    "What CER Assist wrote beside the text was changed after the export: import the file as it was "
    "made, or take the field cer_assist out of it."
)


def carried(record: Record) -> dict[str, Any]:
    """All of a protocol but its text, and all its events; what is empty is left out."""
    body: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "protocol": {k: v for k, v in record.protocol.items() if v is not None and k != "text"},
        "events": [
            {key: value for key, value in event.items() if value is not None}
            for event in record.events
        ],
    }
    if record.coders_in is not None:
        body["coders_in"] = _told(record.coders_in)
    if record.masked is not None:
        body["masked"] = [
            {name: row[name] for name in ("kind", "rule", "places")} for row in record.masked
        ]
    return {**body, "sha256": _digest(body)}


@lru_cache(1)
def _told(source: PseudonymSource) -> dict[str, Any]:
    return asdict(source)


def uncarried(found: Any, text: str) -> Record:
    """The record again, with the text that the tool's own field holds."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise InvalidInput(_CHANGED) from error
    if not isinstance(found, dict) or not {"protocol", "events"} <= found.keys():
        raise InvalidInput(_CHANGED)
    if found.get("version") != FORMAT_VERSION:
        raise InvalidInput("Another release of CER Assist wrote this: import it with that release.")
    if _digest({key: value for key, value in found.items() if key != "sha256"}) != found["sha256"]:
        raise InvalidInput(_CHANGED)
    names = {table: [column.name for column in columns] for table, columns in COLUMNS.items()}
    protocol = dict.fromkeys(names[PROTOCOLS]) | found["protocol"] | {"text": text}
    events = [dict.fromkeys(names[LABEL_EVENTS]) | event for event in found["events"]]
    source = found.get("coders_in")
    return Record(protocol, events, None if source is None else PseudonymSource(**source))


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_SORTED(body).encode()).hexdigest()


def current(record: Record) -> list[Row]:
    """The newest answer of each coder and of the team, in the order given.

    What was taken back is none. Answers to what came unannounced are shown in no tool as a reading:
    there they would count twice.
    """
    newest: dict[tuple[str, str], Row] = {}
    for event in record.events:
        if event["lane"] in (Lane.coder, Lane.final):
            newest[event["coder"], event["lane"]] = event
    said = [event for event in newest.values() if event["action"] != Action.withdraw]
    return sorted(said, key=lambda event: event["event_id"])


def levels_of(record: Record) -> list[Row]:
    """The current answers that give a level."""
    return [event for event in current(record) if event["action"] == Action.label]


def made(event: Row) -> str:
    """When an answer was given, here or where it was imported from."""
    return str(event["made_at"] or event["recorded_at"])


def seconds_of(event: Row) -> int:
    """The same in seconds since 1970."""
    return int(dt.datetime.fromisoformat(made(event)).timestamp())


def voice_of(event: Row) -> str:
    """Who speaks; a final level is the team's, whoever set it."""
    return str(event["lane"] if event["lane"] == Lane.final else event["coder"])


def named(data_set: DataSet) -> dict[int, str]:
    """What each level is called."""
    return {one.level: one.name for one in data_set.levels}


def needs(
    data_set: DataSet, name: str, protocols: Sequence[str] = (), events: Sequence[str] = ()
) -> None:
    """Refuse when a column was left out that the format cannot do without."""
    for table, wanted in ((PROTOCOLS, protocols), (LABEL_EVENTS, events)):
        there = {column.name for column in data_set.tables[table].columns}
        for column in wanted:
            if column not in there:
                raise InvalidInput(
                    f"{name} needs the column {column} of {table}: leave it in, or choose CSV."
                )


PROTOCOL_NEEDS = ("protocol_id", "title", "text", "final_level")
EVENT_NEEDS = ("event_id", "coder", "lane", "action", "level", "made_at", "recorded_at")


def records(data_set: DataSet, name: str) -> Iterator[Record]:
    """The records, once it is sure that they have what every tool's format needs."""
    needs(data_set, name, PROTOCOL_NEEDS, EVENT_NEEDS)
    source = _source(data_set.head)
    for record in data_set.records:
        yield replace(record, coders_in=source)


def _source(head: Mapping[str, Any]) -> PseudonymSource | None:
    """What tells the project that pseudonyms are its own, as the manifest of tables does."""
    if head.get("coders") != "pseudonyms":
        return None
    at = head["audit"]
    return PseudonymSource(head["project"]["slug"], at["event_id"], at["sha256"])


def line(value: Any) -> str:
    """One line of JSON."""
    return compact_json(value) + "\n"
