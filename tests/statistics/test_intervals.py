"""Intervals hold the truth about as often as they say, and say when they cannot."""

from __future__ import annotations

import numpy as np
import pytest

from cer_assist.statistics.agreement import SHARES, agreement, per_level
from cer_assist.statistics.bootstrap import figure, resampled_sums
from cer_assist.statistics.coefficients import COEFFICIENTS, measured
from cer_assist.statistics.sums import summed
from tests.statistics.examples import krippendorff_c, latent, of_table


def held(units: int, coders: int, *, copies: int = 1, repeats: int = 300) -> dict[str, float]:
    """How often intervals of small samples hold what a very large one has."""
    generator = np.random.default_rng(0)
    large = summed(latent(generator, 200_000, coders), 5)
    truth = {name: measured(large, name)[0] for name in COEFFICIENTS}
    hits: dict[str, list[bool]] = {name: [] for name in COEFFICIENTS}
    for seed in range(repeats):
        readings = np.tile(latent(generator, units, coders), (copies, 1))
        for name, found in agreement(readings, 5, seed=seed, resamples=300).items():
            hits[name].append(found["low"] <= truth[name] <= found["high"])
    return {name: float(np.mean(values)) for name, values in hits.items()}


def test_intervals_of_60_units_hold_the_truth() -> None:
    shares = held(60, 3)
    # Three readings of a unit vary less than Wilson's trials: these are on the safe side.
    for name in SHARES:
        assert shares.pop(name) >= 0.93, name
    for name, share in shares.items():
        assert 0.9 <= share <= 0.98, name


def test_shares_near_1_of_few_units_have_honest_intervals() -> None:
    """Where resampling held the truth in half of the samples."""
    assert held(15, 2)["within_one"] >= 0.93


def test_an_interval_without_width_is_none() -> None:
    """None of them agreed on level 0: that is no certainty that nobody ever would."""
    apart = np.array([[0, 1], [1, 0]] * 10 + [[2, 2]] * 10)
    found = per_level(apart, 3, seed=0)
    assert (found[0]["value"], found[0]["low"], found[0]["high"]) == (0.0, None, None)
    assert (found[2]["value"], found[2]["low"], found[2]["high"]) == (1.0, None, None)


def test_units_counted_twice_make_intervals_that_are_too_narrow() -> None:
    shares = held(60, 3, copies=2)
    assert max(share for name, share in shares.items() if name not in SHARES) < 0.9


def test_fewer_than_30_units_are_few() -> None:
    assert held(15, 2)["ac2"] < 0.87 < held(30, 2)["ac2"]


def test_the_interval_of_a_share_is_the_normal_one() -> None:
    found = agreement(of_table(((400, 100), (100, 400))), 2, seed=0)["percent"]
    half = 1.96 * np.sqrt(0.8 * 0.2 / 1000)
    assert (found["low"], found["high"]) == pytest.approx((0.8 - half, 0.8 + half), abs=0.003)
    assert (found["value"], found["n"]) == (0.8, 1000)


def test_a_seed_decides_the_intervals_and_nothing_else() -> None:
    first, again, other = (agreement(krippendorff_c(), 5, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first["kappa"]["low"] != other["kappa"]["low"]
    assert first["kappa"]["value"] == other["kappa"]["value"]


def test_resamples_have_as_many_units_and_each_as_often() -> None:
    sizes = np.array([1, 2, 7])
    sums = resampled_sums(np.eye(3), sizes, seed=0, resamples=4000)
    assert sums[0].tolist() == [1, 2, 7]
    assert (sums.sum(axis=1) == 10).all()
    assert sums[1:].mean(axis=0) == pytest.approx(sizes, abs=0.1)
    assert sums[1:].var(axis=0) == pytest.approx(sizes * (1 - sizes / 10), rel=0.1)


def test_what_is_drawn_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = summed(krippendorff_c(), 5, seed=3, resamples=50)
    monkeypatch.setattr("cer_assist.statistics.bootstrap._COUNTS", 30)
    parts = summed(krippendorff_c(), 5, seed=3, resamples=50)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize(("undefined", "is_told"), [(0, True), (5, True), (6, False), (100, False)])
def test_no_interval_where_more_than_one_in_twenty_resamples_is_undefined(
    undefined: int, is_told: bool
) -> None:
    drawn = np.linspace(0, 1, 100)
    drawn[:undefined] = np.nan
    found = figure(np.array([0.5, *drawn]))
    assert found["value"] == 0.5
    assert (found["low"] is not None) is is_told
    assert (found["high"] is not None) is is_told


def test_a_single_unit_that_differs_leaves_kappa_without_an_interval() -> None:
    # 36 of 100 resamples do not draw it: they know one level only.
    found = agreement(of_table(((29, 1), (0, 0))), 2, seed=0)
    assert found["kappa"]["value"] == pytest.approx(0, abs=1e-12)
    assert (found["kappa"]["low"], found["kappa"]["high"]) == (None, None)
    assert found["percent"]["low"] < found["percent"]["value"] < found["percent"]["high"]
