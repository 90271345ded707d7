"""Choices of columns that are made often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cer_assist.exports.columns import LABEL_EVENTS, PROTOCOLS
from cer_assist.exports.privacy import left_out, left_out_but

EVERYTHING, SHARING, LABELS, CHOSEN = "everything", "sharing", "labels", "chosen"
_RUBRIC = ("rubric_id", "rubric_version", "rubric_sha256")
_LABEL = ("event_id", "protocol_id", "coder", "lane", "action", "level", "confidence")
_WHEN = ("exposure", "supersedes", "recorded_at", "made_at", "origin")
_LEVEL = ("protocol_id", "final_level", "final_from", "n_coders", "coder_levels")
# Name -> what it is called and what it leaves out of which table.
PRESETS: dict[str, tuple[str, dict[str, frozenset[str]]]] = {
    EVERYTHING: ("Everything", {}),
    SHARING: (
        "For sharing: no notes, evidence, texts, titles or details",
        left_out(["note", "evidence", "evidence_places", "text", "sections", "title", "metadata"]),
    ),
    LABELS: (
        "Labels only",
        left_out_but({LABEL_EVENTS: (*_LABEL, *_RUBRIC, *_WHEN), PROTOCOLS: (*_LEVEL, *_RUBRIC)}),
    ),
}


def without(
    preset: str, only: Mapping[str, Sequence[str]], names: Sequence[str]
) -> dict[str, frozenset[str]]:
    """What a preset leaves out, and besides all but some columns of a table, and single ones."""
    dropped = dict(PRESETS[preset][1])
    for more in (left_out_but(only), left_out(names)):
        for table, some in more.items():
            dropped[table] = dropped.get(table, frozenset()) | some
    return dropped
