"""Files of other tools are known by their columns; what is no level is refused, not guessed.

Our own exports in those formats carry everything (exports/carried.py) and come back as they were.
What someone answered in the tool meanwhile comes in beside it, as an answer like any other.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Evidence, PriorLabel
from cer_assist.domain.protocols import ProtocolText, clean, compose
from cer_assist.exports.carried import AT, BY, KEY, REPEATS, uncarried
from cer_assist.exports.cells import restored
from cer_assist.exports.dataset import Record
from cer_assist.imports import added
from cer_assist.imports.exported_rows import label_of, protocol_of
from cer_assist.imports.mapping import WHOLE
from cer_assist.imports.rows import TEXT_SECTION, as_text

Row = Mapping[str, Any]
_OURS = ("_input_hash", "_task_hash", "_view_id", "_session_id", "_annotator_id", "_timestamp")
_READER = re.compile(r"--\d+$")
_TEXTS = ("text", "protocol_text", "abstract")


@dataclass(frozen=True)
class Item:
    """A row: its protocol, its labels, and of our own exports the number each event had."""

    protocol: ProtocolText
    labels: list[PriorLabel]
    numbers: list[int] = field(default_factory=list)


Read = Callable[[Row, str], tuple[ProtocolText, list[PriorLabel]]]
Added = Callable[[Row, added.Labels, Record], list[PriorLabel]]


@dataclass(frozen=True)
class Tool:
    """A tool: its name, how its files are known, what a row says and what of it is not ours."""

    name: str
    knows: Callable[[Collection[str], Sequence[Row]], bool]
    read: Read | None = None
    added: Added | None = None

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


def level_of(value: Any) -> int:
    """A label that is a level; any other is refused."""
    match = WHOLE.fullmatch(as_text(value).strip())
    if match is None:
        raise InvalidInput(
            f"The label “{clean(as_text(value))[:40]}” is no level: labels must be the numbers of "
            "the scale. Marked words, other questions and yes/no labels cannot be imported."
        )
    return int(match[1])


def _one(values: Any) -> int | None:
    """The level of a list of labels; none of an empty one."""
    if not isinstance(values, list):
        values = [values] if values not in (None, "") else []
    if len(values) > 1:
        raise InvalidInput(f"The row has {len(values)} labels, a protocol has one level: keep one.")
    return level_of(values[0]) if values else None


def _text(fields: Row, name: str, taken: Collection[str]) -> ProtocolText:
    """The protocol of a row; what has no part in the tool's format is kept as metadata."""
    body = fields.get("text")
    if not isinstance(body, str):
        strings = {key: value for key, value in fields.items() if isinstance(value, str)}
        key = max(strings, key=lambda one: len(strings[one]), default="text")
        body, taken = strings.get(key, ""), {*taken, key}
    details = {
        clean(key): said
        for key, value in fields.items()
        if key not in (*taken, *_OURS, "text", "title", KEY) and (said := clean(as_text(value)))
    }
    title = as_text(fields.get("title"))
    return compose(name, title, [(TEXT_SECTION, body)], details)


def _doccano(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    name = as_text(row.get("protocol_id") or row.get("id")) or name
    labels = row.get("label")
    if isinstance(labels, str) and "#" in labels:
        labels = labels.split("#")  # CSV joins them so
    level = _one(labels)
    comments = row.get("Comments") or []
    texts = comments if isinstance(comments, list) else [comments]
    note = "\n".join(
        as_text(text.get("text") if isinstance(text, dict) else text) for text in texts
    )
    found = [] if level is None else [PriorLabel(name, "doccano", level, note=clean(note))]
    return _text(row, name, ("id", "protocol_id", "label", "Comments")), found


def _prodigy(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    name = as_text((meta or {}).get("id") or row.get("id") or row.get("_input_hash")) or name
    taken = ("id", "meta", "options", "accept", "label", "answer", "config", "note")
    protocol = _text({**row, **(meta or {})}, name, taken)
    answer = row.get("answer")
    if answer is None:
        return protocol, []
    if answer not in ("accept", "ignore"):
        raise InvalidInput(
            f"The answer “{as_text(answer)[:40]}” says what it is not, which is no level: "
            "take the row out."
        )
    level = _one(row.get("accept", row.get("label"))) if answer == "accept" else None
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


def _label_studio(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    data = row["data"]
    name = as_text(data.get("protocol_id") or data.get("id") or row.get("id")) or name
    protocol = _text(data, name, ("id", "protocol_id"))
    said = row.get("annotations") or row.get("completions") or []
    return protocol, [_annotation(one, name) for one in said]


def _annotation(said: Row, name: str) -> PriorLabel:
    results = said.get("result") or []
    chosen = [one["value"]["choices"] for one in results if one.get("type") == "choices"]
    skipped = bool(said.get("was_cancelled"))
    if not skipped and len(chosen) != 1:
        kinds = ", ".join(sorted({as_text(one.get("type")) for one in results})) or "nothing"
        raise InvalidInput(
            f"An annotation holds {kinds} instead of one choice, which is no level: take it out."
        )
    marked = [one["value"] for one in results if one.get("type") in ("labels", "hypertextlabels")]
    notes = [
        as_text(text)
        for one in results
        if one.get("type") == "textarea"
        for text in one["value"]["text"]
    ]
    return PriorLabel(
        name,
        _person(said),
        None if skipped else _one(chosen[0]),
        note=clean("\n".join(notes)),
        recorded_at=_checked_time(said.get("created_at")),
        action=Action.skip if skipped else Action.label,
        seconds=said.get("lead_time"),
        evidence_spans=tuple(
            Evidence(int(one["start"]), int(one["end"]), as_text(one.get("text"))) for one in marked
        ),
    )


def _person(said: Row) -> str:
    """Who it was: Label Studio gives a number, or with it an address."""
    who = said.get("completed_by")
    if isinstance(who, dict):
        who = who.get("email") or who.get("id")
    if who is None:
        return added.LABEL_STUDIO
    return f"{added.LABEL_STUDIO}-{who}" if isinstance(who, int) else clean(as_text(who))


def _checked_time(at: Any) -> str | None:
    if not at:
        return None
    try:
        dt.datetime.fromisoformat(at)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"The time “{as_text(at)[:40]}” cannot be read: correct it.") from error
    return str(at)


def _argilla(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    questions = [key.removesuffix(_RESPONSES) for key in row if key.endswith(_RESPONSES)]
    if len(questions) != 1:
        raise InvalidInput("Argilla records need exactly one question, which asks for the level.")
    asked = questions[0] + _RESPONSES
    name = as_text(row.get("id")) or name
    protocol = _text(row, name, ("id", *(key for key in row if key.startswith(questions[0] + "."))))
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


def _knows_tasks(columns: Collection[str], sample: Sequence[Row]) -> bool:
    return "data" in columns and any(isinstance(row.get("data"), dict) for row in sample)


def _knows_ours(columns: Collection[str], sample: Sequence[Row]) -> bool:
    return has_carried(sample)


ASREVIEW_LABELS = ("included", "asreview_label", "label_included")
TOOLS = (
    Tool("Label Studio", _knows_tasks, _label_studio, added.in_label_studio),
    Tool("Argilla", _knows_argilla, _argilla, added.in_argilla),
    Tool("Prodigy", _has("text", "_input_hash"), _prodigy, added.in_prodigy),
    Tool("Prodigy", _has("text", "answer"), _prodigy, added.in_prodigy),
    Tool("doccano", _has("text", "label", "Comments"), _doccano, added.in_doccano),
    Tool("export of CER Assist", _knows_ours),
)
