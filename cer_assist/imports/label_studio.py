"""Label Studio's tasks: who said what when is read from its full JSON and from nothing shorter."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.labels import Action, Evidence, PriorLabel
from cer_assist.domain.protocols import ProtocolText, clean
from cer_assist.exports.carried import KEY
from cer_assist.imports import added
from cer_assist.imports.rows import as_text
from cer_assist.imports.tool_parts import Row, one_level, text_of


def knows(columns: Collection[str], sample: Sequence[Row]) -> bool:
    """Tasks keep what they are about in an object of its own."""
    return "data" in columns and any(isinstance(row.get("data"), dict) for row in sample)


def refuse_short_form(columns: Collection[str]) -> None:
    """Refuse its CSV and TSV, and JSON-MIN saved as lines: whose and when is hard to tell there."""
    if {"annotation_id", "annotator", "lead_time"} <= set(columns):
        raise InvalidInput(
            "This is Label Studio's short form, which has a row an answer and does not say which "
            "question is which: export as JSON (not CSV, TSV or JSON-MIN)."
        )


def unsubmitted(row: Row) -> Counter[str]:
    """Levels in a task that nobody has submitted; the prediction in a task of ours is ours."""
    kinds = ("drafts",) if KEY in row["data"] else ("drafts", "predictions")
    return Counter({kind: count for kind in kinds if (count := len(row.get(kind) or []))})


def read(row: Row, name: str) -> tuple[ProtocolText, list[PriorLabel]]:
    """A task and all its annotations."""
    data = row["data"]
    name = as_text(data.get("protocol_id") or data.get("id") or row.get("id")) or name
    protocol = text_of(data, name, ("id", "protocol_id"))
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
        None if skipped else one_level(chosen[0]),
        note=clean("\n".join(notes)),
        recorded_at=_answered_at(said),
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


def _answered_at(said: Row) -> str | None:
    """When it was last changed: it is that answer which comes in, not the one that it replaced."""
    times = [_checked_time(said.get(name)) for name in ("created_at", "updated_at")]
    return max((at for at in times if at is not None), key=_instant, default=None)


def _checked_time(at: Any) -> str | None:
    if not at:
        return None
    try:
        _instant(at)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"The time “{as_text(at)[:40]}” cannot be read: correct it.") from error
    return str(at)


def _instant(at: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(at)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
