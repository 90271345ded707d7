"""Rows of an export become protocols and labels again; every value is checked, none is mended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Evidence, Exposure, Lane, PriorLabel
from cer_assist.domain.protocols import ProtocolText, Section

Row = Mapping[str, Any]


def protocol_of(row: Row) -> ProtocolText:
    """The protocol with its very offsets; its content must have the hash the export gives."""
    try:
        sections = tuple(
            Section(str(name), int(start), int(end)) for name, start, end in row["sections"]
        )
        metadata = {str(key): str(value) for key, value in (row["metadata"] or {}).items()}
        protocol = ProtocolText(
            str(row["protocol_id"]),
            str(row["title"]),
            str(row["text"]),
            sections,
            metadata,
            amends=str(row.get("version_of") or ""),
            copy_of=str(row.get("copy_of") or ""),
            superseded_by=str(row.get("superseded_by") or ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInput(f"The protocol cannot be read ({error!r}): export anew.") from error
    if protocol.content_hash != row.get("content_sha256"):
        raise InvalidInput(
            f"Text or sections of {protocol.external_id} were changed after the export: "
            "import it as it was made."
        )
    return protocol


def label_of(row: Row) -> PriorLabel:
    """The label with who, when and under which exposure it was made.

    Not by which lot: `arm` belongs to a serving, and what was put before whom elsewhere is no part
    of this project's queue. What the coder had seen is in the exposure.
    """
    try:
        places = row["evidence_places"] or []
        spans = [
            Evidence(int(p["start"]), int(p["end"]), str(p["quote"]))
            for p in places
            if "start" in p
        ]
        unplaced = [str(place["quote"]) for place in places if "start" not in place]
        return PriorLabel(
            external_id=str(row["protocol_id"]),
            coder=str(row["coder"]),
            level=_whole(row["level"]),
            confidence=_whole(row["confidence"]),
            evidence="\n".join(unplaced),
            note=str(row["note"] or ""),
            recorded_at=_instant(row["made_at"] or row["recorded_at"]),
            action=Action(row["action"]),
            lane=Lane(row["lane"]),
            exposure=Exposure(row["exposure"]),
            seconds=None if row["seconds"] is None else float(row["seconds"]),
            evidence_spans=tuple(spans),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"The label cannot be read ({error!r}): export anew.") from error


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _instant(text: str) -> str:
    dt.datetime.fromisoformat(text)  # raises ValueError when it is none
    return text
