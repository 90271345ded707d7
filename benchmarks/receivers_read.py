"""Reads every exported file with the receiving program's own loader and compares the rows.

Runs in the environment of requirements-receivers.lock, which has nothing of ours: what is expected
comes as JSON beside the files. Each reader fails with what differs.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tempfile
import uuid
import zipfile
from pathlib import Path
from typing import Any

Expected = dict[str, Any]


def check(found: Any, wanted: Any, what: str) -> None:
    """Say what differs."""
    if found != wanted:
        raise SystemExit(f"{what}: found {str(found)[:400]}, wanted {str(wanted)[:400]}")


def datasets(folder: Path, wanted: Expected) -> int:
    """The folder as `load_dataset` reads it, class names included."""
    from datasets import load_dataset

    with tempfile.TemporaryDirectory() as place:
        with zipfile.ZipFile(folder / "hugging-face.zip") as archive:
            archive.extractall(place)
        made = load_dataset(place, "protocols", cache_dir=f"{place}/cache")["train"]
        check(made["text"][:], [one["text"] for one in wanted["protocols"]], "texts")
        check(made["label"][:], [one["class"] for one in wanted["protocols"]], "classes")
        check(made.features["label"].names, wanted["names"], "names of classes")
        events = load_dataset(place, "label_events", cache_dir=f"{place}/cache")["train"]
        for name in ("coder", "level", "note", "recorded_at"):
            check(events[name][:], [one[name] for one in wanted["events"]], name)
    return len(made)


def pyarrow(folder: Path, wanted: Expected) -> int:
    """Both tables with their types."""
    import pyarrow.parquet as parquet

    with tempfile.TemporaryDirectory() as place:
        with zipfile.ZipFile(folder / "parquet.zip") as archive:
            archive.extractall(place)
        events = parquet.read_table(f"{place}/label_events.parquet")
        check(str(events.schema.field("level").type), "int64", "type of level")
        for name in ("coder", "level", "note", "seconds", "recorded_at"):
            check(events[name].to_pylist(), [one[name] for one in wanted["events"]], name)
        texts = parquet.read_table(f"{place}/protocols.parquet")["text"].to_pylist()
    check(texts, [one["text"] for one in wanted["protocols"]], "texts")
    return len(texts)


def pandas(folder: Path, wanted: Expected) -> int:
    """Parquet, and REDCap's records with each reader's level."""
    import pandas as pd

    with zipfile.ZipFile(folder / "redcap.zip") as archive, archive.open("records.csv") as file:
        records = pd.read_csv(file, dtype=str, keep_default_na=False)
    merged = records[~records["record_id"].str.contains("--")]
    levels = ["" if one["level"] is None else str(one["level"]) for one in wanted["protocols"]]
    check(list(merged["level"]), levels, "merged levels")
    readers = records[records["record_id"].str.contains("--")]
    said = sorted(zip(readers["coder"], readers["level"], strict=True))
    check(said, sorted((who, str(level)) for who, level in wanted["readers"]), "readers")
    return len(records)


def openpyxl(folder: Path, wanted: Expected) -> int:
    """The workbook's sheet of events."""
    from openpyxl import load_workbook

    sheet = load_workbook(folder / "xlsx.xlsx", read_only=True)["label_events"]
    head, *rows = sheet.iter_rows(values_only=True)
    at = head.index("level")
    check([row[at] for row in rows], [one["level"] for one in wanted["events"]], "levels")
    return len(rows)


def asreview(folder: Path, wanted: Expected) -> int:
    """ASReview's own reader of data files, labels included."""
    from asreview.data.loader import load_records

    records = load_records(folder / "asreview.csv", dataset_id="cer")
    check(len(records), len(wanted["protocols"]), "records")
    found = [one.included for one in records]
    check(found, [one["included"] for one in wanted["protocols"]], "included")
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
    found = sorted((row["protocol_id"], row["level"]) for row in rows if "level" in row)
    check(found, sorted((one, str(level)) for one, level in wanted["answers"]), "answers")
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
    found = [(one.id, response.value) for one in made for response in one.responses]
    check(sorted(found), sorted((a, str(b)) for a, b in wanted["levels_given"]), "responses")
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
    """spaCy's examples, in which a text categorizer sees our categories."""
    import spacy as library
    from spacy.training import Example

    nlp = library.blank("en")
    categorizer = nlp.add_pipe("textcat")
    lines = (folder / "spacy.jsonl").read_text("utf-8").split("\n")[:-1]
    rows = [row for row in map(json.loads, lines) if row["cats"]]
    examples = [Example.from_dict(nlp.make_doc(r["text"]), {"cats": r["cats"]}) for r in rows]
    nlp.initialize(lambda: examples)
    check(sorted(categorizer.labels), [str(level) for level in wanted["levels"]], "categories")
    settled = [one["level"] for one in wanted["protocols"] if one["level"] is not None]
    found = [max(example.reference.cats, key=example.reference.cats.get) for example in examples]
    check(found, [str(level) for level in settled], "levels")
    return len(rows)


READERS = {
    "datasets": datasets, "pyarrow": pyarrow, "pandas": pandas, "openpyxl": openpyxl,
    "asreview": asreview, "label-studio-sdk": label_studio, "argilla": argilla, "spacy": spacy,
}  # fmt: skip


def main() -> None:
    """Arguments: the folder with the files, then the programs to ask, all when none is named."""
    folder = Path(sys.argv[1])
    wanted = json.loads((folder / "wanted.json").read_text("utf-8"))
    for name in sys.argv[2:] or READERS:
        count = READERS[name](folder, wanted)
        print(f"{name} {importlib.metadata.version(name)}: {count} rows read as they were written")


if __name__ == "__main__":
    main()
