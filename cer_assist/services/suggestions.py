"""What the model says of one protocol, with the words behind it, as a page shows it.

It is the suggestion that a version made for coders, or where there is none, what the version in use
said on request (`explanations`); that one may know the protocol's level, and is never served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cer_assist.services.models import IN_USE, current_version_id
from cer_assist.services.quality import WEAK_BELOW
from cer_assist.store.tables import Explanation, Highlight, ModelVersion, Suggestion
from cer_assist.store.tables.models import Marks
from cer_assist.store.types import table_of


class WordMark(NamedTuple):
    """A word of the text as the model sees it."""

    start: int
    end: int
    weight: float  # share in what speaks for the suggested level
    attention: float
    adds: tuple[float, ...]  # to the log-odds of each level


class SectionMass(NamedTuple):
    """A section's share in what speaks for the suggested level, and in the attention."""

    start: int
    end: int
    weight: float
    attention: float


class Look(NamedTuple):
    """A word of a sentence and how much it looks at each of the sentence's words."""

    sentence: int  # its rank among those that speak most for the level
    start: int
    end: int
    at: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """What the model says of a protocol; its words may still be on their way."""

    id: int | None  # none of what was said on request
    version_id: int
    level: int
    probabilities: list[float]
    version_number: int
    label_count: int
    weak_below: float | None
    evidence_strength: float | None
    words: list[WordMark]
    sentences: list[tuple[int, int, float]]
    sections: list[SectionMass]
    looks: list[Look]  # empty but for models with self-attention
    has_learnt: bool = False  # from the level that this protocol has

    @property
    def has_words(self) -> bool:
        """Whether its words were weighed, whatever came of it."""
        return self.evidence_strength is not None

    @property
    def is_weak(self) -> bool:
        """Whether random words would carry it as well, or nobody knows that they would not."""
        if self.evidence_strength is None or self.weak_below is None:
            return True
        return self.evidence_strength < self.weak_below


_suggestion, _version = table_of(Suggestion), table_of(ModelVersion)
_explanation = table_of(Explanation)
_parts = {part: table_of(Highlight).alias(part.value) for part in Marks}
_of_version = (_version.c.number, _version.c.label_count, _version.c.metrics[WEAK_BELOW].as_float())
_VIEW = (
    select(
        _suggestion.c.id,
        _version.c.id,
        _suggestion.c.level,
        _suggestion.c.probabilities,
        *_of_version,
        _parts[Marks.words].c.evidence_strength,
        *(table.c.words for table in _parts.values()),
    )
    .join(_version, _version.c.id == _suggestion.c.model_version_id)
    .where(_suggestion.c.id == bindparam("suggestion"))
)
for _part, _table in _parts.items():
    _VIEW = _VIEW.outerjoin(
        _table, (_table.c.suggestion_id == _suggestion.c.id) & (_table.c.method == _part)
    )
_CURRENT = select(_suggestion.c.id).where(
    _suggestion.c.model_version_id == IN_USE, _suggestion.c.protocol_id == bindparam("protocol")
)
_ON_REQUEST = (
    select(_version.c.id, *_of_version, _explanation.c.said)
    .join(_version, _version.c.id == _explanation.c.model_version_id)
    .where(
        _explanation.c.model_version_id == bindparam("version"),
        _explanation.c.protocol_id == bindparam("protocol"),
        _explanation.c.said.is_not(None),
    )
)


def suggestion_view(session: Session, suggestion_id: int | None) -> SuggestionView | None:
    """A suggestion with its words and the version it comes from."""
    row = session.execute(_VIEW, {"suggestion": suggestion_id}).first()
    if row is None:
        return None
    values, parts = row[: -len(Marks)], row[-len(Marks) :]
    return SuggestionView(*values, **_marks(*(part or [] for part in parts)))


def current_suggestion_id(session: Session, project_id: int, protocol_id: int) -> int | None:
    """What the version in use suggests for a protocol, if it was scored."""
    where = {"project": project_id, "protocol": protocol_id}
    found: int | None = session.execute(_CURRENT, where).scalar()
    return found


def view_on_request(session: Session, project_id: int, protocol_id: int) -> SuggestionView | None:
    """What the version in use said of a protocol because someone asked."""
    version_id = current_version_id(session, project_id)
    where = {"version": version_id, "protocol": protocol_id}
    row = session.execute(_ON_REQUEST, where).first()
    if row is None:
        return None
    of_version, number, label_count, weak_below, said = row
    return SuggestionView(
        None,
        of_version,
        said["level"],
        said["probabilities"],
        number,
        label_count,
        weak_below,
        said["evidence_strength"],
        **_marks(*(said[part] for part in Marks)),
        has_learnt=said["has_learnt"],
    )


def _marks(
    words: list[Any], sentences: list[Any], sections: list[Any], gatherings: list[Any]
) -> dict[str, Any]:
    return {
        "words": [_word_mark(row) for row in words],
        "sentences": [(start, end, weight) for start, end, weight in sentences],
        "sections": [SectionMass(*row) for row in sections],
        "looks": [_look(row) for row in gatherings],
    }


def _look(row: list[Any]) -> Look:
    sentence, start, end, *at = row
    return Look(sentence, start, end, tuple(at))


def _word_mark(row: list[Any]) -> WordMark:
    start, end, weight, attention, *adds = row
    return WordMark(start, end, weight, attention, tuple(adds))
