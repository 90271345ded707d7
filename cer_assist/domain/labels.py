"""What a label event says. Events are only ever added: a correction supersedes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What a coder did."""

    label = "label"
    skip = "skip"
    withdraw = "withdraw"  # undo: the coder has no current label again


class Lane(StrEnum):
    """Whose voice an event is: one coder's own reading, or the team's final level.

    In a hidden lane stands what a coder answered without knowing what it was asked for. It counts
    there alone, so that measuring coders changes no level, no queue and no other figure.
    """

    coder = "coder"
    final = "final"
    retest = "retest"  # a protocol that came back unannounced
    check = "check"  # a settled one whose level is known, given as any other


HIDDEN_LANES = (Lane.retest, Lane.check)
OWN_LANES = (Lane.coder, *HIDDEN_LANES)  # what the label page answers, and takes back
# What coders are shown as their own: of a repeat that is the first answer.
SHOWN_LANES = (Lane.coder, Lane.check)


class Exposure(StrEnum):
    """What the coder had seen of others' answers before this event."""

    blind = "blind"
    after_suggestion = "after_suggestion"
    prefilled = "prefilled"
    after_peer = "after_peer"
    unknown = "unknown"  # imported labels whose making we did not witness


class Origin(StrEnum):
    """How an event came in."""

    browser = "browser"
    command = "command"
    imported = "import"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words a coder marked; offsets are code points into the protocol's text."""

    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class PseudonymSource:
    """The export in which a coder is a pseudonym: its project and the head of its audit chain."""

    project: str
    event_id: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PriorLabel:
    """A label that was made elsewhere, or that comes back from one of our exports."""

    external_id: str
    coder: str
    level: int | None
    confidence: int | None = None
    evidence: str = ""
    note: str = ""
    # Filled in when an export of ours returns; None where the source does not know.
    recorded_at: str | None = None
    action: Action = Action.label
    lane: Lane | None = None
    exposure: Exposure = Exposure.unknown
    seconds: float | None = None
    evidence_spans: tuple[Evidence, ...] = field(default=())
    pseudonym_in: PseudonymSource | None = field(default=None, compare=False)
    # Where it was read, for messages; empty for a label made in the program.
    file: str = field(default="", compare=False)
    row: int | None = field(default=None, compare=False)

    @property
    def place(self) -> str:
        """The file and row to name when something is wrong with it."""
        if not self.file:
            return f"label of {self.external_id}"
        return self.file if self.row is None else f"{self.file}, row {self.row}"


# Fewer settled protocols than this teach nothing that could be measured.
MIN_TRAINING_PROTOCOLS = 6
MIN_WORD_PROTOCOLS = 2  # a word of one protocol is that protocol's, not its level's


def event_sha256(fields: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of an event's fields; the audit chain holds this value."""
    body = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def final_level(adjudicated: int | None, coders: Mapping[Any, int]) -> tuple[int | None, str]:
    """The level a protocol counts as and how it came about: adjudicated, agreed, single or none."""
    if adjudicated is not None:
        return adjudicated, "adjudicated"
    levels = set(coders.values())
    if len(levels) != 1:
        return None, "disagreed" if levels else "none"
    return levels.pop(), "agreed" if len(coders) > 1 else "single"
