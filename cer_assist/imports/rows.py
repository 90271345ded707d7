"""One row of a table becomes one protocol, and a label when it carries a level."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import PriorLabel
from cer_assist.domain.protocols import ProtocolText, clean, compose
from cer_assist.imports.mapping import SECTION, WHOLE

DEFAULT_CODER = "imported"
TEXT_SECTION = "Text"


def as_text(value: Any) -> str:
    """What a cell or a JSON value says, as text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


class RowReader:
    """Reads rows of one file by one mapping."""

    def __init__(self, mapping: Mapping[str, str], file_stem: str) -> None:
        self.mapping = mapping
        self._stem = file_stem
        self._sections = [
            (role.removeprefix(SECTION), column)
            for role, column in mapping.items()
            if role.startswith(SECTION)
        ]
        self._used = frozenset(mapping.values())
        if not self._sections and "text" not in mapping and "sections" not in mapping:
            raise InvalidInput("No column holds the text: say which one does (text=COLUMN).")

    def _value(self, role: str, row: Mapping[str, Any]) -> str:
        column = self.mapping.get(role)
        return as_text(row.get(column)) if column is not None else ""

    def protocol(self, number: int, row: Mapping[str, Any]) -> ProtocolText:
        """Compose the protocol of this row; columns without a role are its metadata."""
        identity = self._value("id", row) if "id" in self.mapping else f"{self._stem}-{number}"
        metadata = {
            clean(key): text
            for key, value in row.items()
            if key not in self._used and (text := clean(as_text(value)))
        }
        made = compose(identity, self._value("title", row), list(self._parts(row)), metadata)
        amends = clean(self._value("amends", row))
        return replace(made, amends=amends) if amends else made

    def _parts(self, row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        sections = row.get(self.mapping.get("sections", ""))
        if sections is not None:
            yield from named_texts(sections)
        for name, column in self._sections:
            yield name, as_text(row.get(column))
        if "text" in self.mapping:
            yield TEXT_SECTION, self._value("text", row)

    def label(self, protocol: ProtocolText, row: Mapping[str, Any]) -> PriorLabel | None:
        """The label this row carries, or None where its level is blank."""
        if "level" not in self.mapping:
            return None
        fields = {
            role: self._value(role, row) for role in ("coder", "confidence", "evidence", "note")
        }
        value = row.get(self.mapping["level"])
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else as_text(value or None)
        level = as_text(value).strip()
        fields["coder"] = fields["coder"].strip() or DEFAULT_CODER
        return prior_label(protocol.external_id, level, fields) if level else None


def named_texts(sections: Any) -> Iterator[tuple[str, str]]:
    """Sections as {name: text}, or as a list of {name, text} or [name, text]."""
    if isinstance(sections, dict):
        for name, text in sections.items():
            yield name or TEXT_SECTION, as_text(text)
        return
    for part in sections if isinstance(sections, list) else [sections]:
        if isinstance(part, dict) and "text" in part:
            yield (
                as_text(part.get("name") or part.get("title")) or TEXT_SECTION,
                as_text(part["text"]),
            )
        elif isinstance(part, list) and len(part) == 2:
            yield as_text(part[0]), as_text(part[1])
        else:
            raise InvalidInput(
                "The sections cannot be read: write them as an object of names and texts."
            )


def prior_label(external_id: str, level: str, fields: Mapping[str, str]) -> PriorLabel:
    """Check one label's cells; messages name the column at fault."""
    coder = clean(fields.get("coder", ""))
    if not coder:
        raise InvalidInput("The coder is missing: fill in the coder column.")
    return PriorLabel(
        external_id=external_id,
        coder=coder,
        level=_whole("level", level),
        confidence=_confidence(fields.get("confidence", "")),
        evidence=clean(fields.get("evidence", "")),
        note=clean(fields.get("note", "")),
    )


def _whole(name: str, cell: str) -> int:
    match = WHOLE.fullmatch(cell.strip())
    if match is None:
        raise InvalidInput(f"The {name} “{clean(cell)[:40]}” is not a whole number: correct it.")
    return int(match[1])


def _confidence(cell: str) -> int | None:
    if not cell.strip():
        return None
    value = _whole("confidence", cell)
    if value not in (1, 2, 3):
        raise InvalidInput(
            f"The confidence {value} is not 1, 2 or 3: correct it or leave it blank."
        )
    return value
