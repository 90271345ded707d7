"""What settles a disagreement: who may, in which order they come, what is said of the cause.

Level distance comes first, for a wrong one costs most there; among equals, what surprises the model
most, for that is where readers or the rubric went astray rather than a text of the usual kind.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from enum import StrEnum


class Act(StrEnum):
    """What an adjudicator did."""

    decide = "decide"
    propose = "propose"  # the first of two adjudicators: it waits for the second
    send_back = "send_back"  # the coders read it again
    take_back = "take_back"  # the adjudicator's own decision


class Reason(StrEnum):
    """Why the readings differed."""

    rubric_gap = "rubric_gap"
    overlooked_text = "overlooked_text"
    ambiguous_text = "ambiguous_text"
    slip = "slip"


class Track(StrEnum):
    """Where a protocol stands for adjudicators."""

    near = "near"  # readings one level apart
    far = "far"  # two or more
    sent_back = "sent-back"  # a coder is to answer again
    agreed = "agreed"  # nothing to settle, but the project wants each confirmed


# A key, a name and a hint for each reason, in the order of the page.
REASONS = {
    Reason.rubric_gap: ("g", "Rubric gap", "the rubric does not say what counts here"),
    Reason.overlooked_text: ("o", "Overlooked text", "a reader missed a passage that decides"),
    Reason.ambiguous_text: ("a", "Ambiguous text", "the protocol can be read both ways"),
    Reason.slip: ("s", "Slip", "a reader meant another level"),
}
# A suggestion's probability may be stored as 0; that surprises much, not endlessly.
LEAST_PROBABILITY = 1e-4


def track_of(levels: Sequence[int], *, is_sent_back: bool) -> Track:
    """The track of a protocol whose readings are these levels."""
    if is_sent_back:
        return Track.sent_back
    distance = max(levels) - min(levels)
    if distance == 0:
        return Track.agreed
    return Track.near if distance == 1 else Track.far


def surprise(probabilities: Sequence[float], lowest: int, levels: Sequence[int]) -> float:
    """How little the model expected what was said: mean of -log p over the given levels."""
    said = [max(probabilities[level - lowest], LEAST_PROBABILITY) for level in levels]
    return sum(-math.log(p) for p in said) / len(said)


def urgency(distance: int, surprised: float | None, protocol_id: int) -> tuple[float, ...]:
    """Sorts the list: far apart first, then what surprises the model; what it never saw last."""
    return (-distance, surprised is None, -(surprised or 0.0), protocol_id)


def in_drawn_order(protocol_id: int, adjudicator_id: int, coders: Iterable[int]) -> list[int]:
    """Coders as A, B, …: by chance for each protocol and adjudicator, the same each time."""

    def drawn(coder: int) -> str:
        return hashlib.sha256(f"{protocol_id}:{adjudicator_id}:{coder}".encode()).hexdigest()

    return sorted(coders, key=drawn)


def may_settle(
    adjudicator: int, coders: Iterable[int], leaders: Iterable[int], wanted: int
) -> bool:
    """Whether someone may settle what these coders said; a party only if nobody else is there."""
    parties = set(coders)
    return adjudicator not in parties or len(set(leaders) - parties) < wanted
