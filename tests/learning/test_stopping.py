"""Forecasts hold the truth about as often as they say, on curves whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from cer_assist.domain.errors import InvalidInput
from cer_assist.learning import stopping
from cer_assist.learning.stopping import Point

LABELS = np.array([10, 25, 40, 63, 100, 156])


def true_curve(
    labels: np.ndarray | float, asymptote: float, drop: float, power: float
) -> np.ndarray:
    return asymptote - drop * (np.asarray(labels, float) / LABELS[0]) ** -power


def measured(generator: np.random.Generator, curve: tuple[float, float, float]) -> list[Point]:
    """Points as nested measurements err: each keeps most of the error of the one before."""
    error, points = 0.0, []
    for at, labels in enumerate(LABELS):
        deviation = 0.8 / np.sqrt(labels)
        kept = np.sqrt(LABELS[at - 1] / labels) if at else 0.0
        error = kept**2 * error + deviation * np.sqrt(1 - kept**2) * generator.normal()
        value = float(true_curve(labels, *curve)) + error
        half = 1.96 * deviation
        points.append(Point(int(labels), value, value - half, value + half, int(labels)))
    return points


def random_curve(generator: np.random.Generator) -> tuple[float, float, float]:
    return (
        generator.uniform(0.6, 0.95),
        generator.uniform(0.1, 0.6),
        generator.uniform(0.3, 1.2),
    )


def test_forecasts_hold_the_truth_about_nine_times_in_ten() -> None:
    generator = np.random.default_rng(0)
    of_labels, of_band = [], []
    for _ in range(150):
        curve = random_curve(generator)
        curves = stopping.fit_curves(measured(generator, curve))
        wanted = float(true_curve(300, *curve))  # reached at 300 labels: 144 more
        found = stopping.forecast(curves, wanted, now=156, left=2000)
        low, high = (np.inf if found[k] is None else found[k] for k in ("low", "high"))
        of_labels.append(low <= 144 <= high)
        later = stopping.place(curves, 300)
        of_band.append(later["low"] <= wanted <= later["high"])
    assert 0.84 <= np.mean(of_labels) <= 1.0
    assert 0.84 <= np.mean(of_band) <= 0.98


def exact(curve: tuple[float, float, float], error: float = 0.01) -> list[Point]:
    values = true_curve(LABELS, *curve)
    return [
        Point(int(n), float(v), float(v) - error, float(v) + error, 100)
        for n, v in zip(LABELS, values, strict=True)
    ]


def test_a_curve_that_is_seen_clearly_is_forecast_near_the_truth() -> None:
    curve = (0.9, 0.5, 0.6)
    curves = stopping.fit_curves(exact(curve))
    wanted = float(true_curve(240, *curve))
    found = stopping.forecast(curves, wanted, now=156, left=1000)
    assert found["low"] <= 84 <= (found["high"] or np.inf)
    assert 40 <= found["more"] <= 140
    assert found["chance"] > 0.9
    assert found["reached"] < 0.3


def test_what_cannot_be_reached_is_said_to_be_out_of_reach() -> None:
    curves = stopping.fit_curves(exact((0.6, 0.3, 1.2)))
    found = stopping.forecast(curves, 0.9, now=156, left=500)
    assert (found["more"], found["high"]) == (None, None)
    assert found["chance"] < 0.01


def test_what_has_been_reached_needs_no_label() -> None:
    curves = stopping.fit_curves(exact((0.9, 0.4, 1.0)))
    found = stopping.forecast(curves, 0.5, now=156, left=500)
    assert (found["more"], found["low"], found["high"]) == (0, 0, 0)
    assert found["reached"] > 0.99


def test_no_more_labels_are_promised_than_are_left() -> None:
    curves = stopping.fit_curves(exact((0.9, 0.5, 0.4)))
    wanted = float(true_curve(400, 0.9, 0.5, 0.4))
    assert stopping.forecast(curves, wanted, now=156, left=20)["more"] is None
    assert stopping.forecast(curves, wanted, now=156, left=2000)["more"] is not None


def test_three_numbers_of_labels_are_too_few_however_often_they_were_measured() -> None:
    points = exact((0.8, 0.3, 0.7))[:3]
    with pytest.raises(InvalidInput, match=r"4 measured versions .* there are 3"):
        stopping.fit_curves([*points, *points])


@pytest.mark.parametrize(("curve", "is_flat"), [((0.8, 0.3, 1.5), True), ((0.9, 0.6, 0.3), False)])
def test_flat_is_a_curve_whose_next_labels_bring_nothing(
    curve: tuple[float, float, float], is_flat: bool
) -> None:
    found = stopping.next_gain(stopping.fit_curves(exact(curve)), now=156, left=500)
    assert found["flat"] is is_flat
    assert found["low"] <= found["value"] <= found["high"]
    true_gain = float(true_curve(206, *curve) - true_curve(156, *curve))
    assert found["low"] - 0.005 <= true_gain <= found["high"] + 0.005


def test_wide_intervals_do_not_let_a_curve_be_called_flat() -> None:
    wide = exact((0.8, 0.3, 1.5), error=0.3)
    assert not stopping.next_gain(stopping.fit_curves(wide), now=40, left=500)["flat"]


def test_expected_wrong_levels_are_held_by_their_interval_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    held = []
    for _ in range(200):
        probabilities = generator.dirichlet(np.full(5, 0.5), size=300)
        decided = probabilities.argmax(axis=1)
        truth = (generator.random((300, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
        wrong = stopping.expected_wrong(probabilities, decided, 0.0)["expected"]
        held.append(wrong["low"] <= (truth != decided).sum() <= wrong["high"])
    assert 0.9 <= np.mean(held) <= 0.99


def test_expected_wrong_levels_add_up_by_level_and_distance() -> None:
    probabilities = np.array([[0.7, 0.1, 0.2], [0.0, 1.0, 0.0], [0.5, 0.3, 0.2]])
    found = stopping.expected_wrong(probabilities, np.array([0, 1, 1]), 0.0)
    assert found["expected"]["value"] == pytest.approx(0.3 + 0.0 + 0.7)
    assert found["distance"]["value"] == pytest.approx(0.1 + 0.4 + 0.7)
    assert found["by_level"] == pytest.approx([0.3, 0.7, 0.0])


def test_percentages_that_are_not_to_be_trusted_widen_the_interval() -> None:
    probabilities = np.tile([0.8, 0.2], (1000, 1))
    decided = np.zeros(1000, int)
    sure, unsure = (
        stopping.expected_wrong(probabilities, decided, off)["expected"] for off in (0.0, 0.1)
    )
    assert sure["high"] - sure["low"] < 60
    assert unsure["high"] == pytest.approx(200 + 1.96 * 100, abs=10)
    assert unsure["low"] < 20


def test_few_measured_documents_leave_percentages_in_doubt() -> None:
    assert stopping.shared_error(0.02, 0.5, 100) == pytest.approx(0.05)
    assert stopping.shared_error(0.09, 0.5, 100) == pytest.approx(0.09)


def test_nothing_unread_means_nothing_wrong() -> None:
    found = stopping.expected_wrong(np.zeros((0, 5)), np.zeros(0, int), 0.1)
    assert found["expected"] == {"value": 0.0, "low": 0.0, "high": 0.0}
