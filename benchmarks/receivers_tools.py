"""Files for labelling tools and text classifiers, read by their own loaders: who, what, when."""

from __future__ import annotations

import json
import tempfile
import uuid
from pathlib import Path
from typing import Any

from receivers_tables import Expected, check


def asreview(folder: Path, wanted: Expected) -> int:
    """ASReview's own reader of data files, labels included."""
    from asreview.data.loader import load_records

    records = load_records(folder / "asreview.csv", dataset_id="cer")
    said = wanted["protocols"]
    check([one.included for one in records], [one["included"] for one in said], "included")
    found = [one.abstract.removeprefix("'") for one in records]
    check(found, [one["text"] for one in said], "texts")
    return len(records)


def label_studio(folder: Path, wanted: Expected) -> int:
    """Label Studio's converter, which turns tasks into a flat table."""
    from label_studio_sdk.converter import Converter

    config = (
        '<View><Text name="text" value="$text"/><Choices name="level" toName="text">'
        + "".join(f'<Choice value="{level}"/>' for level in wanted["levels"])
        + "</Choices></View>"
    )
    with tempfile.TemporaryDirectory() as place:
        made = Converter(config, place, download_resources=False)
        made.convert_to_json_min(str(folder / "label-studio.json"), place, is_dir=False)
        rows = json.loads((Path(place) / "result.json").read_text("utf-8"))
    answers = {one["event"]: one for one in wanted["answers"] if one["level"] is not None}
    found = {row["annotation_id"]: row for row in rows if "level" in row}
    check(sorted(found), sorted(answers), "annotations")
    for key, row in found.items():
        said = answers[key]
        right = (said["protocol"], said["voice"], str(said["level"]), said["made"], said["seconds"])
        names = ("protocol_id", "annotator", "level", "created_at", "lead_time")
        check(tuple(row[name] for name in names), right, f"annotation {key}")
    return len(rows)


def argilla(folder: Path, wanted: Expected) -> int:
    """Argilla's own classes, filled from our lines, write the same lines themselves."""
    import argilla as rg
    from argilla.records._io import GenericIO

    lines = (folder / "argilla.jsonl").read_text("utf-8").split("\n")[:-1]
    rows = [json.loads(line) for line in lines]
    made = [_argilla_record(rg, row) for row in rows]
    for row, theirs in zip(rows, GenericIO.to_list(made, flatten=True), strict=True):
        ours = {key: value for key, value in row.items() if key != "cer_assist"}
        ours["level.responses.users"] = [_uuid(one) for one in ours["level.responses.users"]]
        there = {key: theirs.get(key) or None for key in ours}
        check(there, {key: value or None for key, value in ours.items()}, "record")
    found = [(one.id, str(each.user_id), each.value) for one in made for each in one.responses]
    given = [one for one in wanted["answers"] if one["level"] is not None]
    right = [(one["protocol"], _uuid(one["voice"]), str(one["level"])) for one in given]
    check(sorted(found), sorted(right), "responses")
    return len(made)


def _argilla_record(rg: Any, row: dict[str, Any]) -> Any:
    """Users are known to Argilla by number."""
    users, status = row["level.responses.users"], row["level.responses.status"]
    said = zip(row["level.responses"], users, status, strict=True)
    suggestions = []
    if row["level.suggestion"] is not None:
        score, agent = row["level.suggestion.score"], row["level.suggestion.agent"]
        suggestions = [rg.Suggestion("level", row["level.suggestion"], score=score, agent=agent)]
    return rg.Record(
        id=row["id"],
        fields={"text": row["text"]},
        responses=[
            rg.Response("level", value, uuid.UUID(_uuid(who)), status=state)
            for value, who, state in said
        ],
        suggestions=suggestions,
    )


def _uuid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def spacy(folder: Path, wanted: Expected) -> int:
    """spaCy's reader of lines and its examples, in which a text categorizer sees our categories."""
    import spacy as library
    from spacy.training import Example
    from srsly import read_jsonl

    rows = list(read_jsonl(folder / "spacy.jsonl"))
    given = [one for one in wanted["answers"] if one["level"] is not None]
    told = [list(pair) for r in rows for pair in zip(r["meta"]["by"], r["meta"]["at"], strict=True)]
    check(sorted(told), sorted([one["voice"], one["made"]] for one in given), "who and when")
    nlp = library.blank("en")
    categorizer = nlp.add_pipe("textcat")
    settled = [(one["text"], one["level"]) for one in wanted["protocols"] if one["level"]]
    of = [row for row in rows if row["cats"]]
    examples = [Example.from_dict(nlp.make_doc(r["text"]), {"cats": r["cats"]}) for r in of]
    nlp.initialize(lambda: examples)
    check(sorted(categorizer.labels), [str(level) for level in wanted["levels"]], "categories")
    found = [max(example.reference.cats, key=example.reference.cats.get) for example in examples]
    check(found, [str(level) for _, level in settled], "levels")
    check([row["text"] for row in of], [text for text, _ in settled], "texts")
    return len(rows)


def doccano(folder: Path, wanted: Expected) -> int:
    """doccano's reader of JSON Lines: text, label, and what it keeps as metadata."""
    from backend.data_import.pipeline.parsers import JSONLParser
    from backend.data_import.pipeline.readers import FileName, Reader

    name = str(folder / "doccano.jsonl")
    reader = Reader([FileName(name, "doccano.jsonl", "doccano.jsonl")], JSONLParser("utf_8"))
    rows = [row for batch in reader.batch(1_000) for row in batch.to_dict(orient="records")]
    check(reader.errors, [], "faults")
    levels = [one["level"] for one in wanted["protocols"]]
    check([row["label"] for row in rows], [[str(one)] if one else [] for one in levels], "labels")
    check([row["text"] for row in rows], [one["text"] for one in wanted["protocols"]], "texts")
    events = [event for row in rows for event in row["cer_assist"]["events"]]
    found = sorted((one["event_id"], one["coder"], one["recorded_at"]) for one in events)
    rows_of = wanted["rows"]["label_events"]
    right = sorted((one["event_id"], one["coder"], one["recorded_at"]) for one in rows_of)
    check(found, right, "who and when, in its metadata")
    return len(rows)


TOOLS = {
    "asreview": asreview, "label-studio-sdk": label_studio, "argilla": argilla, "spacy": spacy,
    "doccano": doccano,
}  # fmt: skip
