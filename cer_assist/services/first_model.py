"""What a project lacks before a model can learn from its labels, said where people look for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cer_assist.domain.labels import MIN_TRAINING_PROTOCOLS
from cer_assist.services import queue_order, training_data

MIN_LEVELS = 2


@dataclass(frozen=True, slots=True)
class FirstModel:
    """How far the labels are from the first model that learns from them."""

    labels: int  # protocols with a settled level, near-copies counted once
    levels: int  # with a label
    without: list[int]  # levels that have no label yet

    @property
    def more_labels(self) -> int:
        """How many are missing at least."""
        return max(0, MIN_TRAINING_PROTOCOLS - self.labels, MIN_LEVELS - self.levels)


def missing(session: Session, project_id: int, scale: Collection[int]) -> FirstModel:
    """What the settled labels amount to."""
    settled = training_data.settled_levels(session, project_id)
    clusters = queue_order.cluster_numbers(session, project_id)
    different = {clusters.get(key, key) for key in settled}
    there = set(settled.values())
    return FirstModel(len(different), len(there), levels_without(scale, there))


def levels_without(scale: Collection[int], levels: Collection[int]) -> list[int]:
    """The levels of a scale that have no label."""
    return [level for level in scale if level not in levels]
