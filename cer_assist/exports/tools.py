"""What other labelling tools and text classifiers read: one function a format says what is in it.

Every one gives what the tool's own export has, so that the tool reads it as its own, and carries
the rest beside it (`carried.py`). What each keeps is in docs/export-formats.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cer_assist.domain.labels import Action, Lane
from cer_assist.exports.archive import BUFFER
from cer_assist.exports.carried import (
    AT,
    BY,
    KEY,
    REPEATS,
    carried,
    current,
    levels_of,
    line,
    made,
    named,
    records,
    seconds_of,
    voice_of,
)
from cer_assist.exports.cells import compact_json
from cer_assist.exports.dataset import DataSet, Record, Row

Item = dict[str, Any]


def write_lines(out: Path, lines: Iterable[str]) -> dict[str, int]:
    """One JSON object a line."""
    count = 0
    with out.open("w", BUFFER, encoding="utf-8", newline="") as file:
        for one in lines:
            file.write(one)
            count += 1
    return {"items": count}


def write_doccano(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """doccano: a document a line with the level it counts as; each reader's is carried."""
    return write_lines(out, map(line, doccano(data_set)))


def doccano(data_set: DataSet) -> Iterator[Item]:
    """A document with its label, comments, and what doccano keeps as metadata."""
    for number, record in enumerate(records(data_set, "doccano"), start=1):
        level = record.protocol["final_level"]
        yield {
            "id": number,
            "text": record.protocol["text"],
            "label": [] if level is None else [str(level)],
            "Comments": [event["note"] for event in current(record) if event.get("note")],
            "protocol_id": record.protocol["protocol_id"],
            KEY: carried(record),
        }


def write_prodigy(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """Prodigy: an example a line for each current answer, unread protocols once without one."""
    return write_lines(out, prodigy(data_set))


def prodigy(data_set: DataSet) -> Iterator[str]:
    """Answers of the interface `choice`; what is carried stands in a protocol's first example.

    Lines, not objects: what a protocol's examples share, its text above all, is written out once.
    """
    options = [{"id": str(level), "text": name} for level, name in named(data_set).items()]
    slug = data_set.head["project"]["slug"]
    for record in records(data_set, "Prodigy"):
        task = {
            "text": record.protocol["text"],
            "meta": {"id": record.protocol["protocol_id"]},
            "options": options,
            "_input_hash": _number(record.protocol["text"]),
            "_task_hash": _number(record.protocol["protocol_id"], record.protocol["text"]),
            "_view_id": "choice",
            "config": {"choice_style": "single"},
        }
        shared = compact_json(task)[:-1]
        beside: Any = carried(record)
        answers = current(record)
        for event in answers:
            answer = _prodigy_answer(event, slug)
            again = {REPEATS: event["level"], BY: voice_of(event), AT: answer["_timestamp"]}
            yield f"{shared},{line(answer | {KEY: beside or again})[1:]}"
            beside = None
        if not answers:
            yield f"{shared},{line({KEY: beside})[1:]}"


def _prodigy_answer(event: Row, slug: str) -> Item:
    accepted = event["action"] == Action.label
    answer: Item = {
        "accept": [str(event["level"])] if accepted else [],
        "answer": "accept" if accepted else "ignore",
        "_session_id": f"{slug}-{voice_of(event)}",
        "_annotator_id": f"{slug}-{voice_of(event)}",
        "_timestamp": seconds_of(event),
    }
    return answer | ({"note": event["note"]} if event.get("note") else {})


def _number(*parts: str) -> int:
    """A number of 31 bits that is the same for the same texts, as Prodigy tells tasks apart."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def write_argilla(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """Argilla 2, flat: a record a line with every reader's response and the suggestion."""
    return write_lines(out, map(line, argilla(data_set)))


def argilla(data_set: DataSet) -> Iterator[Item]:
    """Responses and who gave them stand in lists beside each other."""
    for record in records(data_set, "Argilla"):
        said, protocol = levels_of(record), record.protocol
        suggested = protocol.get("suggestion_level")
        yield {
            "id": protocol["protocol_id"],
            "text": protocol["text"],
            "level.responses": [str(event["level"]) for event in said],
            "level.responses.users": [voice_of(event) for event in said],
            "level.responses.status": ["submitted" for _ in said],
            "level.suggestion": None if suggested is None else str(suggested),
            "level.suggestion.score": protocol.get("suggestion_probability"),
            "level.suggestion.agent": _version(protocol),
            KEY: carried(record),
        }


def _version(protocol: Row) -> str | None:
    number = protocol.get("model_version")
    return None if number is None else f"v{number}"


def write_spacy(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """spaCy textcat: a protocol a line, with a category a level."""
    return write_lines(out, map(line, spacy(data_set)))


def spacy(data_set: DataSet) -> Iterator[Item]:
    """One category is 1, the others 0; of an unsettled protocol there are none."""
    levels = [str(level) for level in named(data_set)]
    for record in records(data_set, "spaCy"):
        level = record.protocol["final_level"]
        cats = {} if level is None else {name: float(name == str(level)) for name in levels}
        yield {
            "text": record.protocol["text"],
            "cats": cats,
            "meta": {
                "id": record.protocol["protocol_id"],
                "by": [voice_of(event) for event in levels_of(record)],
                "at": [made(event) for event in levels_of(record)],
                KEY: carried(record),
            },
        }


def write_label_studio(out: Path, data_set: DataSet, head: dict[str, Any]) -> dict[str, int]:
    """Label Studio: one array of tasks with annotations and predictions."""
    count = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write("[")
        for count, task in enumerate(label_studio(data_set), start=1):
            file.write(",\n" if count > 1 else "\n")
            file.write(line(task)[:-1])
        file.write("\n]\n")
    return {"tasks": count}


def label_studio(data_set: DataSet) -> Iterator[Item]:
    """A task with an annotation of each current answer; the final level is the ground truth."""
    for number, record in enumerate(records(data_set, "Label Studio"), start=1):
        text = record.protocol["text"]
        yield {
            "id": number,
            "data": {
                "text": text,
                "protocol_id": record.protocol["protocol_id"],
                "title": record.protocol["title"],
                KEY: carried(record),
            },
            "annotations": [_annotation(event) for event in current(record)],
            "predictions": _predictions(record),
        }


def _annotation(event: Row) -> Item:
    """People by name: a number would be whoever has it in that Label Studio."""
    skipped = event["action"] == Action.skip
    return {
        "id": event["event_id"],
        "completed_by": {"email": voice_of(event)},
        "lead_time": event.get("seconds"),
        "was_cancelled": skipped,
        "ground_truth": event["lane"] == Lane.final,
        "created_at": made(event),
        "result": [] if skipped else [_choice(event["level"]), *_results(event)],
    }


def _choice(level: int) -> Item:
    value = {"choices": [str(level)]}
    return {"from_name": "level", "to_name": "text", "type": "choices", "value": value}


def _results(event: Row) -> Iterator[Item]:
    """Marked words and the note, for those whose labelling form has such controls."""
    for place in event.get("evidence_places") or ():
        if "start" in place:
            value = {"start": place["start"], "end": place["end"], "text": place["quote"],
                     "labels": ["evidence"]}  # fmt: skip
            yield {"from_name": "evidence", "to_name": "text", "type": "labels", "value": value}
    if event.get("note"):
        value = {"text": [event["note"]]}
        yield {"from_name": "note", "to_name": "text", "type": "textarea", "value": value}


def _predictions(record: Record) -> list[Item]:
    level = record.protocol.get("suggestion_level")
    if level is None:
        return []
    score = record.protocol.get("suggestion_probability")
    version = _version(record.protocol)
    return [{"model_version": version, "score": score, "result": [_choice(level)]}]
