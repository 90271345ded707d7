"""Whose figures stand for a version, and whether a measured one replaces another."""

from __future__ import annotations

from typing import Any

import pytest

from cer_assist.services import quality
from cer_assist.store.tables import ModelVersion


def figures(value: float, low: float, high: float) -> dict[str, Any]:
    return {"qwk": {"value": value, "low": low, "high": high}, "n": 40}


OLD = figures(0.55, 0.40, 0.70)


@pytest.mark.parametrize(
    ("new", "labels", "old", "old_labels", "expected"),
    [
        (0.10, 10, None, 0, True),
        (0.60, 45, OLD, 40, True),
        (0.45, 45, OLD, 40, True),
        (0.31, 45, OLD, 40, True),
        (0.29, 45, OLD, 40, False),
        (0.29, 119, OLD, 40, False),
        (0.29, 120, OLD, 40, True),
    ],
)
def test_a_clearly_worse_version_is_not_used(
    new: float, labels: int, old: dict[str, Any] | None, old_labels: int, expected: bool
) -> None:
    previous = None
    if old is not None:
        previous = ModelVersion(number=3, metrics=old, label_count=old_labels)
    used, why = quality.decide(figures(new, new - 0.1, new + 0.1), labels, previous)
    assert used is expected
    assert why


def test_a_version_that_learnt_on_refers_to_the_last_measured_one() -> None:
    first = ModelVersion(number=12, label_count=280, metrics=OLD)
    second = ModelVersion(
        number=13, label_count=285, metrics=quality.learnt_on(first, 285, {"n": 5, "right": 2})
    )
    third = ModelVersion(
        number=14, label_count=290, metrics=quality.learnt_on(second, 290, {"n": 10, "right": 6})
    )
    own, referred = quality.measured(first), quality.measured(third)
    assert own is not None
    assert (own.is_own, own.since, own.figures) == (True, 0, OLD)
    assert referred is not None
    assert (referred.is_own, referred.version, referred.labels, referred.since) == (
        False,
        12,
        280,
        10,
    )
    assert referred.figures == OLD
    assert "qwk" not in third.metrics  # nobody takes them for its own
    assert third.metrics["not_measured"] == (
        "Not measured itself: it learnt on from version 13. "
        "Measured at version 12 on 280 labelled protocols; 10 labels since"
    )
    assert third.metrics["judged"] == {"n": 10, "right": 6}


def test_a_measured_version_is_held_against_the_figures_that_stand_for_the_one_in_use() -> None:
    first = ModelVersion(number=3, label_count=40, metrics=OLD)
    on = ModelVersion(number=4, label_count=45, metrics=quality.learnt_on(first, 45, {"n": 5}))
    used, why = quality.decide(figures(0.1, 0.0, 0.2), 50, on)
    assert not used
    assert "below that of version 3" in why


def test_what_was_never_measured_has_no_figures() -> None:
    bare = ModelVersion(number=1, label_count=0, metrics={"not_measured": "from the rubric"})
    assert quality.measured(bare) is None
    on = quality.learnt_on(bare, 10, {"n": 0, "right": 0})
    assert quality.measured(ModelVersion(number=2, label_count=10, metrics=on)) is None
