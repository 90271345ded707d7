"""What the readers of other tools' files share: the text of a row, and labels that are levels."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.protocols import ProtocolText, clean, compose
from cer_assist.exports.carried import KEY
from cer_assist.imports.mapping import WHOLE
from cer_assist.imports.rows import TEXT_SECTION, as_text

Row = Mapping[str, Any]
# Prodigy's own, which say nothing of the text.
_INTERNAL = ("_input_hash", "_task_hash", "_view_id", "_session_id", "_annotator_id", "_timestamp")


def level_of(value: Any) -> int:
    """A label that is a level; any other is refused."""
    match = WHOLE.fullmatch(as_text(value).strip())
    if match is None:
        raise InvalidInput(
            f"The label “{clean(as_text(value))[:40]}” is no level: labels must be the numbers of "
            "the scale. Marked words, other questions and yes/no labels cannot be imported."
        )
    return int(match[1])


def one_level(values: Any) -> int | None:
    """The level of a list of labels; none of an empty one."""
    if not isinstance(values, list):
        values = [values] if values not in (None, "") else []
    if len(values) > 1:
        raise InvalidInput(f"The row has {len(values)} labels, a protocol has one level: keep one.")
    return level_of(values[0]) if values else None


def text_of(fields: Row, name: str, taken: Collection[str]) -> ProtocolText:
    """The protocol of a row; what has no part in the tool's format is kept as metadata."""
    body = fields.get("text")
    if not isinstance(body, str):
        strings = {key: value for key, value in fields.items() if isinstance(value, str)}
        key = max(strings, key=lambda one: len(strings[one]), default="text")
        body, taken = strings.get(key, ""), {*taken, key}
    details = {
        clean(key): said
        for key, value in fields.items()
        if key not in (*taken, *_INTERNAL, "text", "title", KEY) and (said := clean(as_text(value)))
    }
    title = as_text(fields.get("title"))
    return compose(name, title, [(TEXT_SECTION, body)], details)
