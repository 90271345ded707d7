"""What replays add up to, worked out by hand."""

import numpy as np
import pytest

from cer_assist.learning.curves import crossing, summary
from cer_assist.learning.simulation import MEASURES, Round


def rounds_of(*values: float) -> list[Round]:
    return [
        Round(10 * (at + 1), dict.fromkeys(MEASURES, value), [value, None], [at + 1, 9 * at + 9])
        for at, value in enumerate(values)
    ]


RUNS = {
    "random": [rounds_of(0.2, 0.4, 0.6), rounds_of(0.0, 0.2, 0.4)],
    "margin": [rounds_of(0.2, 0.6, 0.8), rounds_of(0.0, 0.2, 0.4)],
}


def test_areas_are_compared_seed_by_seed() -> None:
    found = summary(RUNS, [*rounds_of(0.5), *rounds_of(0.5)])
    assert found["random"]["area"]["value"] == pytest.approx((0.4 + 0.2) / 2)
    assert found["margin"]["area"]["value"] == pytest.approx((0.55 + 0.2) / 2)
    assert found["margin"]["ahead_of_random"]["value"] == pytest.approx(0.075)
    assert found["margin"]["macro_f1_area"]["value"] == pytest.approx((0.55 + 0.2) / 2)
    assert found["margin"]["macro_f1_ahead_of_random"]["value"] == pytest.approx(0.075)
    assert "ahead_of_random" not in found["random"]
    assert [point["labels"] for point in found["margin"]["curve"]] == [10, 20, 30]
    assert found["margin"]["curve"][1]["recall"] == [pytest.approx(0.4), None]


def test_labels_needed_are_read_from_the_mean_curve() -> None:
    found = summary(RUNS, [*rounds_of(0.4), *rounds_of(0.4)])
    # Random has .1, .3, .5 on average and margin .1, .4, .6; 95 % of .4 is .38.
    random, margin = (found[name]["labels_needed"]["95%"] for name in ("random", "margin"))
    assert random["value"] == pytest.approx(20 + 10 * 0.08 / 0.2)
    assert margin["value"] == pytest.approx(10 + 10 * 0.28 / 0.3)
    assert found["margin"]["of_random"]["95%"]["value"] == pytest.approx(
        margin["value"] / random["value"]
    )
    assert 10 <= margin["low"] <= margin["value"] <= margin["high"] <= 30
    assert margin["reached"] == 1.0
    assert found["margin"]["labels_needed"]["90%"]["value"] < margin["value"]


def test_what_the_budget_does_not_reach_is_said_to_be_unknown() -> None:
    found = summary(RUNS, [*rounds_of(0.9), *rounds_of(0.9)])
    needed = found["random"]["labels_needed"]["95%"]
    assert (needed["value"], needed["reached"]) == (None, 0.0)
    assert found["margin"]["of_random"]["95%"]["value"] is None


def test_a_round_that_was_good_by_luck_is_averaged_with_the_worse_one_after_it() -> None:
    labels = np.array([10.0, 20.0, 30.0, 40.0])
    assert crossing(labels, np.array([0.2, 0.6, 0.4, 0.8]), 0.55) == pytest.approx(
        30 + 10 * 0.05 / 0.3
    )
    assert crossing(labels, np.array([0.5, 0.6, 0.7, 0.8]), 0.5) == 10
    assert crossing(labels, np.array([0.5, 0.6, 0.7, 0.8]), 0.81) == np.inf
