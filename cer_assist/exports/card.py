"""The card of a Hugging Face data set: what programs read first, then what people must know.

It says what anyone needs before they train with it: whether texts are invented, who labelled what
under which rubric, what readers had seen, and that nobody has set a licence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from cer_assist.exports.columns import LABEL_EVENTS, PROTOCOLS, Column, Kind
from cer_assist.exports.dataset import DataSet

LABEL = Column("label", "integer", "The final level as a class, the lowest 0; empty: none is set.")
_DTYPES: dict[Kind, str] = {
    "integer": "int64", "number": "float64", "text": "string", "json": "string",
    "boolean": "bool", "timestamp": "timestamp[us, tz=UTC]", "time": "string",
}  # fmt: skip


def table_file(name: str) -> str:
    """Where a table that is not split is."""
    return f"{name}/train-00000-of-00001.parquet"


EVENTS_FILE = table_file(LABEL_EVENTS)


def card(
    data_set: DataSet,
    head: Mapping[str, Any],
    columns: Sequence[Column],
    members: Mapping[str, Any],
) -> str:
    """README.md: what programs read between the dashes, what people read below."""
    data = {name: said for name, said in members.items() if name.startswith("data/")}
    names = [f"{one.level}: {one.name}" for one in data_set.levels]
    beside = {
        table: {table_file(table): members[table_file(table)]}
        for table in data_set.tables
        if table != PROTOCOLS
    }
    front = {
        "pretty_name": head["project"]["name"],
        "task_categories": ["text-classification"],
        "configs": [
            {"config_name": "protocols", "default": True, "data_files": _files(data)},
            *({"config_name": name, "data_files": _files(said)} for name, said in beside.items()),
        ],
        "dataset_info": [
            _info("protocols", columns, data, names),
            *(
                _info(name, data_set.tables[name].columns, said, names)
                for name, said in beside.items()
            ),
        ],
    }
    matter = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    return f"---\n{matter}---\n\n{_words(data_set, head)}"


def _files(members: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"split": _split_of(name), "path": name} for name in members]


def _split_of(name: str) -> str:
    return name.partition("/")[2].partition("-")[0]


def _info(
    config: str, columns: Sequence[Column], members: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    features = [{"name": column.name, "dtype": _dtype(column, names)} for column in columns]
    splits = [
        {"name": _split_of(name), "num_bytes": said["bytes"], "num_examples": said["rows"]}
        for name, said in members.items()
    ]
    return {"config_name": config, "features": features, "splits": splits}


def _dtype(column: Column, names: Sequence[str]) -> Any:
    if column is LABEL:
        return {"class_label": {"names": {str(place): name for place, name in enumerate(names)}}}
    return _DTYPES[column.kind]


def _words(data_set: DataSet, head: Mapping[str, Any]) -> str:
    project, rubric, snapshot = head["project"], head["rubric"], head.get("snapshot")
    made = head["created_at"] if snapshot is None else snapshot["made_at"]
    source = "" if snapshot is None else f"snapshot {snapshot['number']} of "
    invented = (
        "The texts are invented." if project["is_synthetic"]
        else "The texts are those of real protocols: see who may have them before you pass them on."
    )  # fmt: skip
    levels = "\n".join(
        f"- {one.level} ({place} in `label`): {' '.join(one.name.split())}. "
        f"{' '.join(one.definition.split())}"
        for place, one in enumerate(data_set.levels)
    )
    sources = head.get("counts", {}).get("sources")
    return f"""# {project["name"]}

Study protocols and the level of each on an ordinal scale, exported by CER Assist on
{made[:10]} from {source}project {project["slug"]}. {invented}

## Levels

By rubric {rubric["id"]} version {rubric["version"]} (SHA-256 {rubric["sha256"]}); the rows
say which version each label was given under.

{levels}

## How they came about

`protocols` has a row a protocol. `final_level` is what it counts as, `label` the same as a
class, and `final_from` says how it came about: adjudicated by a lead, agreed by several
coders, given by a single one, or none because they disagreed or nobody has answered. A level
of a single reader is one person's judgement.
{_counted(head["counts"]) if sources else ""}
`{LABEL_EVENTS}` has a row for everything that was done, what was later replaced or taken back
included, with who and when. `exposure` says what the coder had seen before answering: *blind*
nothing, *after_suggestion* and *prefilled* the model's level, *after_peer* somebody else's
answer, *unknown* where the answer was made elsewhere. Labels that followed a suggestion are
no independent evidence of how good suggestions are.

`suggestion_level` is a model's, not a person's. Rows with `is_fenced` true are a random
sample on which models are measured: teach no model with them.

## Licence

Nobody has set one.
"""


def _counted(counts: Mapping[str, Any]) -> str:
    """Where a snapshot's levels come from; they rest on the readings that it holds."""
    sources = ", ".join(f"{name} {n:,}" for name, n in counts["sources"].items())
    seen = ", ".join(f"{name} {n:,}" for name, n in counts["settled_seen"].items())
    return f"""
In this snapshot: {sources}. Levels other than adjudicated ones rest on the label events that
its filters chose (`level_events`). Adjudicators had been shown (`settled_seen`): {seen}.
"""
