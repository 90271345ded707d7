"""What the label page's templates are given: they show no more of the model than the card has."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from cer_assist.services.card import Card
from cer_assist.services.label_events import Recorded
from cer_assist.services.reading import ModelLine
from cer_assist.store.types import now
from cer_assist.views.marked_text import Marks, ReadSection, is_title, read_sections


@dataclass(frozen=True, slots=True)
class View:
    """What the card's templates are given."""

    card: Card | None
    sections: list[ReadSection]
    evidence: list[list[int]]
    undo: Recorded | None
    scale: tuple[int, ...]
    model: ModelLine | None
    policy: str
    some_go_without: bool  # of the project's readings, by lot
    slug: str
    rubric_version_id: int  # in use; on a page that was opened earlier another one may stand
    open_pool: bool  # the queue gives more than what is assigned
    training_due: bool  # nothing follows until the coder has qualified
    remarks: list[list[Any]]  # the coder's own on the model's words, see `views.remarks`
    confidence: ClassVar[dict[int, str]] = {1: "unsure", 2: "fairly sure", 3: "sure"}

    @property
    def titled(self) -> bool:
        """Whether the first section is the heading."""
        return bool(self.sections) and is_title(self.sections[0])

    @property
    def ago(self) -> str:
        """How long ago the coder's newest event was."""
        latest = self.card.latest if self.card else None
        return _ago(now() - latest.recorded_at) if latest else ""

    @staticmethod
    def new_key() -> str:
        """An idempotency key for a form that is sent without JavaScript."""
        return secrets.token_urlsafe(18)

    def summary(self) -> dict[str, Any]:
        """What the script wants to know besides the card's HTML."""
        return {
            "protocol_id": self.card.protocol.id if self.card else None,
            "model": asdict(self.model) if self.model else None,
            "rubric_version_id": self.rubric_version_id,
        }


def sections_of(card: Card) -> tuple[list[ReadSection], list[list[int]]]:
    """The text with the marks this coder may see, and their own marks' offsets."""
    protocol = card.protocol
    marks = card.draft.evidence if card.draft else []
    # An imported quote that is not in the text word for word has no place to be shown at.
    evidence = [[mark["start"], mark["end"]] for mark in marks if "start" in mark]
    spans = [(start, end) for start, end in evidence]
    found = card.suggestion
    shown = Marks(evidence=spans)
    if found:
        shown = Marks(found.words, found.sentences, spans, found.sections)
    return read_sections(protocol.text, protocol.sections, shown), evidence


def _ago(passed: dt.timedelta) -> str:
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    if hours < 24:
        return f"{hours} h ago"
    return "yesterday" if hours < 48 else f"{hours // 24} days ago"
