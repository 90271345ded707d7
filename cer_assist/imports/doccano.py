"""doccano, old and new: lines with a list of labels, of which it does not say whose they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, clean
from cer_assist.imports.mapping import WHOLE, named_like
from cer_assist.imports.rows import as_text
from cer_assist.imports.tool_parts import Row, one_level, text_of

_APPROVER = "annotation_approver"  # until doccano 1.4
_LABELS = ("label", "labels")
_COMMENTS = ("Comments", "comments")
_SAID_ELSE = ("coder", "confidence", "evidence", "sections", "amends")


def knows(columns: Collection[str], sample: Sequence[Row]) -> bool:
    """By what only doccano has, or by lists of labels in a file that has no other plan."""
    if {"text", "label", "Comments"} <= set(columns) or _APPROVER in columns:
        return True
    return any(_is_numbered(row) for row in sample) or _has_plain_lists(columns, sample)


def _has_plain_lists(columns: Collection[str], sample: Sequence[Row]) -> bool:
    names = list(columns)
    if any(named_like(role, names) for role in _SAID_ELSE):
        return False
    if named_like("level", names) not in _LABELS or named_like("note", names) not in (
        None,
        *_COMMENTS,
    ):
        return False
    lists = [row[key] for row in sample for key in _LABELS if row.get(key) is not None]
    return (
        any(isinstance(row.get(key), str) for row in sample for key in ("text", "data"))
        and all(isinstance(one, list) for one in lists)
        and any(WHOLE.fullmatch(as_text(value)) for one in lists for value in one)
    )


def _is_numbered(row: Row) -> bool:
    """Whether its labels are numbers that doccano gave them, which are no levels."""
    said = row.get("annotations")
    return isinstance(said, list) and any(
        isinstance(one, dict) and {"label", "user"} <= one.keys() for one in said
    )


def read(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    """A document and its level, if it has one."""
    if _is_numbered(row):
        raise InvalidInput(
            "doccano gives numbers of its own in place of the labels: export as “JSONL (Text "
            "label)”, or from a newer doccano."
        )
    name = as_text(row.get("protocol_id") or row.get("id")) or name
    body = next((key for key in ("text", "data") if isinstance(row.get(key), str)), "text")
    labelled = next((key for key in _LABELS if row.get(key) is not None), "label")
    noted = next((key for key in _COMMENTS if row.get(key)), "Comments")
    labels = row.get(labelled)
    if isinstance(labels, str) and "#" in labels:
        labels = labels.split("#")  # CSV joins them so
    level = one_level(labels)
    comments = row.get(noted) or []
    texts = comments if isinstance(comments, list) else [comments]
    note = "\n".join(
        as_text(text.get("text") if isinstance(text, dict) else text) for text in texts
    )
    found = [] if level is None else [PriorLabel(name, "doccano", level, note=clean(note))]
    taken = ("id", "protocol_id", body, labelled, noted, _APPROVER)
    return text_of({**row, "text": row.get(body)}, name, taken), found
