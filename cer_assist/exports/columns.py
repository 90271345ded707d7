"""Every column of every export is defined here once: writers, data dictionary and import use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

FORMAT = "cer-assist-export"
FORMAT_VERSION = 1
LABEL_EVENTS, PROTOCOLS, MASKING_REPORT = "label_events", "protocols", "masking_report"

Kind = Literal["integer", "number", "text", "json", "boolean", "timestamp", "time"]
# How kinds were named and written before Parquet and JSON had them as what they are, and what was
# said of columns then.
_UNTYPED: Mapping[Kind, Kind] = {"boolean": "text", "timestamp": "time"}
_SAID = {"seconds": "Seconds from showing the protocol to the answer."}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what kind of value it holds, what it means, which values occur."""

    name: str
    kind: Kind
    meaning: str
    values: str = ""
    is_new: bool = False  # exports of earlier releases, which come back as well, lack it


@dataclass(frozen=True)
class Table:
    """Columns and the rows to write under them, each row a dict by column name."""

    columns: tuple[Column, ...]
    rows: Iterable[Mapping[str, Any]]


_RUBRIC = (
    Column("rubric_id", "text", "Which rubric the level belongs to."),
    Column("rubric_version", "integer", "Version of that rubric."),
    Column("rubric_sha256", "text", "SHA-256 of the rubric's exact text.", "64 hex digits"),
)
_FENCED = Column(
    "is_fenced",
    "boolean",
    "Whether the protocol is in the fenced sample, on which models are measured: teach no "
    "model with it. Not told of protocols that nobody has answered.",
    "true, false or empty",
    is_new=True,
)
_SUGGESTION = (
    Column("suggestion_probability", "number", "The model's probability of that level.", "0 to 1"),
    Column("model_version", "integer", "Number of the model version that made the suggestion."),
)

LABEL_EVENT_COLUMNS = (
    Column("event_id", "integer", "Number of the event; later events have higher numbers."),
    Column("protocol_id", "text", "The protocol's id, as imported."),
    Column(
        "coder",
        "text",
        "The coder's pseudonym, the same in every export of the project; the user name where the "
        "manifest says `coders: names`.",
        "coder-01 or a user name",
    ),
    Column("coder_name", "text", "The coder's name as shown; empty with pseudonyms."),
    Column(
        "lane",
        "text",
        "Whose voice it is: one coder's reading, the team's final level, or a coder's answer to "
        "what came back unannounced or was an attention check, which counts nowhere else.",
        "coder, final, retest, check",
    ),
    Column(
        "action",
        "text",
        "What was done: a level given, the protocol skipped, or a level taken back.",
        "label, skip, withdraw",
    ),
    Column("level", "integer", "The level given; empty unless the action is label."),
    Column("confidence", "integer", "How sure the coder was, 3 the surest.", "1, 2, 3 or empty"),
    Column("evidence", "text", "The words the coder marked, one passage a line."),
    Column(
        "evidence_places",
        "json",
        "The same with places: characters (Unicode code points) into the column text of the table "
        "protocols, end exclusive. An imported quote not found in the text has no place.",
        '[{"start", "end", "quote"}]',
    ),
    Column("note", "text", "The coder's note; with action skip the reason."),
    *_RUBRIC,
    Column(
        "exposure",
        "text",
        "What the coder had seen of others' answers to this protocol before.",
        "blind, after_suggestion, prefilled, after_peer, unknown (made outside this program)",
    ),
    Column(
        "arm",
        "text",
        "Whether the reading had a suggestion or by lot went without one; empty where no lot was "
        "drawn. It tells of this program's queue, so an import leaves it out.",
        "suggestion, none or empty",
        is_new=True,
    ),
    Column(
        "reason",
        "text",
        "Of a final level: why the readings differed; empty where they agreed or it was imported.",
        "rubric_gap, overlooked_text, ambiguous_text, slip or empty",
        is_new=True,
    ),
    Column("suggestion_level", "integer", "The suggestion standing when the level was given."),
    *_SUGGESTION,
    Column(
        "seconds",
        "number",
        "Seconds that this step took: from showing the protocol to the answer or, of an answer "
        "changed once the suggestion was seen, from then on.",
    ),
    Column("supersedes", "integer", "The event_id that this event replaces, if any."),
    Column("recorded_at", "timestamp", "When the event was stored, UTC.", "ISO 8601"),
    Column(
        "made_at", "timestamp", "When it was made elsewhere, if it was imported, UTC.", "ISO 8601"
    ),
    Column("origin", "text", "How the event came in.", "browser, command, import"),
    _FENCED,
    Column("label_sha256", "text", "SHA-256 of the event, as in the audit chain.", "64 hex digits"),
)

PROTOCOL_COLUMNS = (
    Column("protocol_id", "text", "The protocol's id, as imported."),
    Column("title", "text", "Its title."),
    Column("final_level", "integer", "The level the protocol counts as; empty where none is set."),
    Column(
        "final_from",
        "text",
        "How the final level came about.",
        "adjudicated, agreed (several coders), single (one coder), disagreed, none",
    ),
    Column("n_coders", "integer", "How many coders have a current level on it."),
    Column("coder_levels", "json", "Each coder's current level.", '{"coder": level}'),
    Column("suggestion_level", "integer", "The level the current model suggests."),
    *_SUGGESTION,
    _RUBRIC[0],
    Column(
        "rubric_version",
        "integer",
        "Version that the level was read by, the oldest of several; of no level the one in use.",
    ),
    _RUBRIC[2],
    _FENCED,
    Column("content_sha256", "text", "SHA-256 of text and sections.", "64 hex digits"),
    Column(
        "sections",
        "json",
        "The text's sections in characters (Unicode code points), end exclusive.",
        "[[name, start, end]]",
    ),
    Column("text", "text", "The protocol's whole text, exactly as coders read it."),
    Column("metadata", "json", "Everything else that was imported with it.", '{"name": "value"}'),
    Column(
        "version_of",
        "text",
        "The protocol_id of the version before it. Each version has the labels given for its text.",
        is_new=True,
    ),
    Column(
        "version_number",
        "integer",
        "Which version of its study it is, of a copy that of what it copies; empty: it is linked "
        "to no other protocol.",
        is_new=True,
    ),
    Column(
        "superseded_by",
        "text",
        "The protocol_id of the next version, if this one counts as superseded.",
        is_new=True,
    ),
    Column(
        "copy_of",
        "text",
        "The protocol_id that is read in its place, if a lead found it to be a copy.",
        is_new=True,
    ),
)

COLUMNS = {LABEL_EVENTS: LABEL_EVENT_COLUMNS, PROTOCOLS: PROTOCOL_COLUMNS}
# Without these an export of ours does not come back; any other column may be left out of it.
NEEDED = {
    LABEL_EVENTS: frozenset(
        ("protocol_id", "coder", "lane", "action", "level", "exposure", "recorded_at", "made_at")
    ),
    PROTOCOLS: frozenset(("protocol_id", "title", "content_sha256", "sections", "text")),
}

DICTIONARY_COLUMNS = (
    Column("table", "text", "Which table."),
    Column("column", "text", "Which column."),
    Column("kind", "text", "integer, number, text, json, boolean or timestamp."),
    Column("meaning", "text", "What it says."),
    Column("values", "text", "Which values occur."),
)
# Said in the dictionary of each format, because a reader of the file must undo it.
RULES = {
    "csv": "UTF-8, separated by commas. A text that begins with = + - @ ' or with a tab or line "
    "break, or with one of their full-width forms, has one ' put before it, so that no spreadsheet "
    "takes it for a formula: remove one leading ' to get the text back.",
    "jsonl": "UTF-8, one JSON object a line; empty values are null; nothing is altered.",
    "parquet": "Integers, numbers, texts, truth values and moments in UTC; empty values are null. "
    "Values of kind json are JSON texts; nothing is altered.",
    "xlsx": "All texts are text cells, never formulas. A text too long for one cell goes on in "
    "columns named with _2, _3 …: join them in order. _x0009_ and the like stand for characters "
    "that the format cannot hold.",
}
_UNTYPED_PARQUET = (
    "Integers, numbers and texts; empty values are null. Times are ISO 8601 texts, values of kind "
    "json are JSON texts; nothing is altered."
)


def untyped(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Columns as earlier releases had them: a snapshot made by these keeps its bytes."""
    return tuple(
        replace(
            one,
            kind=_UNTYPED.get(one.kind, one.kind),
            meaning=_SAID.get(one.name, one.meaning),
        )
        for one in columns
    )


def _rule(tables: Mapping[str, Table], file_format: str) -> str:
    kinds = {column.kind for table in tables.values() for column in table.columns}
    is_untyped = file_format == "parquet" and "time" in kinds
    return _UNTYPED_PARQUET if is_untyped else RULES[file_format]


def dictionary_rows(tables: Mapping[str, Table], file_format: str) -> list[dict[str, str]]:
    """The data dictionary: the format's own rule first, then every column of every table."""
    rule = {
        "table": "(all)",
        "column": "(all)",
        "kind": "rule",
        "meaning": _rule(tables, file_format),
        "values": "",
    }
    return [
        rule,
        *(
            {
                "table": name,
                "column": column.name,
                "kind": column.kind,
                "meaning": column.meaning,
                "values": column.values,
            }
            for name, table in tables.items()
            for column in table.columns
        ),
    ]
