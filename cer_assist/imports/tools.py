"""Files of other tools are known by their columns; what is no level is refused, not guessed.

Our own exports in those formats carry everything (exports/carried.py) and come back as they were.
What someone answered in the tool meanwhile comes in beside it, as an answer like any other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, PriorLabel
from cer_assist.domain.protocols import ProtocolText, clean
from cer_assist.exports.carried import AT, BY, KEY, REPEATS, uncarried
from cer_assist.exports.cells import restored
from cer_assist.exports.dataset import Record
from cer_assist.imports import added, doccano, label_studio
from cer_assist.imports.exported_rows import label_of, protocol_of
from cer_assist.imports.rows import as_text
from cer_assist.imports.tool_parts import Row, level_of, one_level, text_of

_READER = re.compile(r"--\d+$")
_TEXTS = ("text", "protocol_text", "abstract")


@dataclass(frozen=True)
class Item:
    """A row: its protocol, its labels, and of our own exports the number each event had."""

    protocol: ProtocolText
    labels: list[PriorLabel]
    numbers: list[int] = field(default_factory=list)
    unsubmitted: Counter[str] = field(default_factory=Counter)  # what the row holds but answers


Read = Callable[[Row, str], tuple[ProtocolText, list[PriorLabel]]]
Added = Callable[[Row, added.Labels, Record], list[PriorLabel]]


@dataclass(frozen=True)
class Tool:
    """A tool: its name, how its files are known, what a row says and what of it is not ours."""

    name: str
    knows: Callable[[Collection[str], Sequence[Row]], bool]
    read: Read | None = None
    added: Added | None = None
    unsubmitted: Callable[[Row], Counter[str]] | None = None

    @property
    def prefix(self) -> str:
        """Under which name somebody comes in of whom the tool says no more."""
        return self.name.lower().replace(" ", "-")

    @property
    def told(self) -> str:
        """What whoever imports is told of it."""
        if self.added is not None:
            return f"read as {self.name} writes it."
        return (
            "read as CER Assist wrote it; what was added or changed in other columns is left out."
        )


def tool_of(columns: Collection[str], sample: Sequence[Row]) -> Tool | None:
    """Whose file this is, if it is one of a tool we know."""
    for tool in TOOLS:
        if tool.knows(columns, sample):
            return tool
    return None


def has_carried(sample: Sequence[Row]) -> bool:
    """Whether CER Assist wrote it."""
    return any(_carried(row) for row in sample)


def is_reader_of_redcap(row: Row) -> bool:
    """A reader's record, which repeats what its merged record carries."""
    return not row.get(KEY) and bool(_READER.search(as_text(row.get("record_id"))))


def read_item(tool: Tool, row: Row, name: str) -> Item:
    """What a row says; `name` is the id of one that has none."""
    found = _item(tool, row, name)
    if tool.unsubmitted is None:
        return found
    return replace(found, unsubmitted=tool.unsubmitted(row))


def _item(tool: Tool, row: Row, name: str) -> Item:
    beside = _carried(row)
    if not beside:
        if tool.read is None:
            raise InvalidInput(f"A row of {tool.name} lacks the field {KEY}: export anew.")
        return Item(*tool.read(row, name))
    if tool.read and isinstance(beside, dict) and REPEATS in beside:
        protocol, found = tool.read(row, name)
        ours = (beside.get(BY, ""), beside[REPEATS], beside.get(AT))
        new = [label for label in found if not added.repeats(row, label, *ours)]
        return Item(protocol, [added.under_tool(label, None, tool.prefix) for label in new])
    in_table = isinstance(beside, str)  # CSV
    text = next(t for key in _TEXTS if (t := _place(row).get(key)) is not None)
    record = uncarried(beside, restored(text) if in_table else text)
    protocol = protocol_of(record.protocol)
    labels = [replace(label_of(event), pseudonym_in=record.coders_in) for event in record.events]
    numbers = [int(event["event_id"]) for event in record.events]
    if tool.read and tool.added:
        for label in tool.added(row, tool.read(row, protocol.external_id)[1], record):
            theirs = replace(label, external_id=protocol.external_id)
            labels.append(added.under_tool(theirs, record, tool.prefix))
    return Item(protocol, labels, numbers)


def _place(row: Row) -> Row:
    data = row.get("data")
    return data if isinstance(data, dict) else row


def _carried(row: Row) -> Any:
    meta = row.get("meta")
    inner = meta.get(KEY) if isinstance(meta, dict) else None
    return row.get(KEY) or _place(row).get(KEY) or inner


def _prodigy(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    name = as_text((meta or {}).get("id") or row.get("id") or row.get("_input_hash")) or name
    taken = ("id", "meta", "options", "accept", "label", "answer", "config", "note")
    protocol = text_of({**row, **(meta or {})}, name, taken)
    answer = row.get("answer")
    if answer is None:
        return protocol, []
    if answer not in ("accept", "ignore"):
        raise InvalidInput(
            f"The answer “{as_text(answer)[:40]}” says what it is not, which is no level: "
            "take the row out."
        )
    level = one_level(row.get("accept", row.get("label"))) if answer == "accept" else None
    if answer == "accept" and level is None:
        raise InvalidInput("The answer is accepted, but no level is chosen: take the row out.")
    who = as_text(row.get("_annotator_id") or row.get("_session_id")) or "prodigy"
    at = row.get("_timestamp")
    label = PriorLabel(
        name,
        clean(who),
        level,
        note=clean(as_text(row.get("note"))),
        recorded_at=None if at is None else _from_seconds(at),
        action=Action.label if level is not None else Action.skip,
    )
    return protocol, [label]


def _from_seconds(at: Any) -> str:
    try:
        return dt.datetime.fromtimestamp(float(at), dt.UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise InvalidInput(f"The time “{as_text(at)[:40]}” cannot be read: correct it.") from error


def _argilla(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    questions = [key.removesuffix(_RESPONSES) for key in row if key.endswith(_RESPONSES)]
    if len(questions) != 1:
        raise InvalidInput("Argilla records need exactly one question, which asks for the level.")
    asked = questions[0] + _RESPONSES
    name = as_text(row.get("id")) or name
    protocol = text_of(
        row, name, ("id", *(key for key in row if key.startswith(questions[0] + ".")))
    )
    said = row[asked] or []
    users = row.get(f"{asked}.users") or ["argilla"] * len(said)
    status = row.get(f"{asked}.status") or ["submitted"] * len(said)
    found = [
        PriorLabel(name, clean(as_text(who)), level_of(value))
        for value, who, state in zip(said, users, status, strict=True)
        if state == "submitted"
    ]
    return protocol, found


_RESPONSES = ".responses"


def _has(*names: str) -> Callable[[Collection[str], Sequence[Row]], bool]:
    return lambda columns, sample: set(names) <= set(columns)


def _knows_argilla(columns: Collection[str], sample: Sequence[Row]) -> bool:
    return any(column.endswith(_RESPONSES) for column in columns)


def _knows_ours(columns: Collection[str], sample: Sequence[Row]) -> bool:
    return has_carried(sample)


ASREVIEW_LABELS = ("included", "asreview_label", "label_included")
TOOLS = (
    Tool(
        "Label Studio",
        label_studio.knows,
        label_studio.read,
        added.in_label_studio,
        label_studio.unsubmitted,
    ),
    Tool("Argilla", _knows_argilla, _argilla, added.in_argilla),
    Tool("Prodigy", _has("text", "_input_hash"), _prodigy, added.in_prodigy),
    Tool("Prodigy", _has("text", "answer"), _prodigy, added.in_prodigy),
    Tool("doccano", doccano.knows, doccano.read, added.in_doccano),
    Tool("export of CER Assist", _knows_ours),
)
