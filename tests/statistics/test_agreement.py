"""What must not matter does not, and what is undefined is None."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from cer_assist.domain.precision import wilson
from cer_assist.statistics.agreement import SHARES, agreement, pairwise, per_level
from cer_assist.statistics.coefficients import COEFFICIENTS, measured
from cer_assist.statistics.sums import summed
from tests.statistics.examples import krippendorff_c, latent, of_table, tables


def values(readings: np.ndarray, levels: int) -> dict[str, float]:
    sums = summed(readings, levels)
    return {name: float(measured(sums, name)[0]) for name in COEFFICIENTS}


@given(tables())
@settings(deadline=None)
def test_names_order_and_direction_change_nothing(table: tuple[np.ndarray, int]) -> None:
    readings, levels = table
    found = values(readings, levels)
    generator = np.random.default_rng(0)
    reversed_scale = np.where(readings < 0, -1, levels - 1 - readings)
    unread = np.full((3, readings.shape[1]), -1)
    for same in (
        generator.permutation(readings),
        generator.permutation(readings, axis=1),
        reversed_scale,
        np.vstack([readings, unread]),
        np.hstack([readings, np.full((len(readings), 1), -1)]),  # a coder who read nothing
    ):
        assert values(same, levels) == pytest.approx(found, abs=1e-9, nan_ok=True)


def test_the_order_of_units_does_not_change_the_intervals_either() -> None:
    readings = latent(np.random.default_rng(0), 50, 3)
    assert agreement(readings, 5, seed=0) == agreement(readings[::-1], 5, seed=0)


def test_a_pair_of_coders_who_agree_is_1_and_who_never_do_is_not() -> None:
    same = np.repeat(np.arange(5), 4)
    assert values(np.stack([same, same], axis=1), 5) == pytest.approx(
        dict.fromkeys(COEFFICIENTS, 1.0)
    )
    turned = values(np.stack([same, 4 - same], axis=1), 5)
    assert turned["kappa_quadratic"] == pytest.approx(-1)
    assert turned["alpha_interval"] < -0.9


def test_one_level_only_is_no_evidence_that_levels_are_told_apart() -> None:
    found = agreement(np.full((40, 3), 2), 5, seed=0)
    for name, figure in found.items():
        shares = {"value": 1.0, "low": wilson(1.0, 40)[0], "high": 1.0}
        wanted = shares if name in SHARES else dict.fromkeys(shares)
        assert figure == wanted | {"n": 40}, name


def test_a_coder_who_always_says_the_same_agrees_by_chance() -> None:
    readings = np.stack([np.arange(40) % 5, np.full(40, 2)], axis=1)
    found = agreement(readings, 5, seed=0)
    for name in ("kappa", "kappa_linear", "kappa_quadratic"):
        assert found[name]["value"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "readings",
    [
        np.zeros((0, 3), int),
        np.full((4, 3), -1),
        np.array([[0, 1, -1]]),  # one unit
        np.array([[0, 1, -1], [2, -1, -1], [-1, 3, -1]]),  # only one of them read twice
        np.array([[0], [1], [2]]),
        np.zeros((5, 0), int),
    ],
)
def test_fewer_than_two_pairable_units_say_nothing(readings: np.ndarray) -> None:
    nothing = {"value": None, "low": None, "high": None}
    paired = int(((readings >= 0).sum(axis=1) >= 2).sum())
    assert agreement(readings, 5, seed=0) == {
        name: {**nothing, "n": paired} for name in COEFFICIENTS
    }
    assert all(nothing.items() <= level.items() for level in per_level(readings, 5, seed=0))


@pytest.mark.parametrize(
    ("readings", "levels", "reason"),
    [
        (np.zeros(5, int), 5, r"shape \(units, coders\), received int64 of shape \(5,\)"),
        (np.zeros((5, 2)), 5, "received float64"),
        (np.full((5, 2), 5), 5, "expected levels from -1 to 4, received 5 to 5"),
        (np.full((5, 2), -2), 5, "received -2 to -2"),
        (np.zeros((5, 2), int), 1, "at least 2 levels, received 1"),
    ],
)
@pytest.mark.parametrize("asked", [agreement, pairwise, per_level])
def test_what_is_no_table_of_readings_is_refused(asked, readings, levels, reason) -> None:
    with pytest.raises(ValueError, match=reason):
        asked(readings, levels, seed=0)


def test_pairs_are_of_the_units_that_both_have_read() -> None:
    readings = latent(np.random.default_rng(1), 60, 3)
    readings[:20, 0] = -1
    readings[50:, 2] = -1
    found = pairwise(readings, 5, seed=0, resamples=200)
    assert [(pair["coders"], pair["n"]) for pair in found] == [
        ((0, 1), 40),
        ((0, 2), 30),
        ((1, 2), 50),
    ]
    first, second = readings[20:50, 0], readings[20:50, 2]
    of_both = found[1]
    assert of_both["table"] == confusion_matrix(first, second, labels=range(5)).tolist()
    assert of_both["percent"]["value"] == pytest.approx(np.mean(first == second))
    theirs = cohen_kappa_score(first, second, labels=range(5), weights="quadratic")
    kappa = of_both["kappa_quadratic"]
    assert kappa["value"] == pytest.approx(theirs)
    assert kappa["low"] < kappa["value"] < kappa["high"]
    assert json.dumps(found)


def test_a_pair_does_not_depend_on_who_else_there_is() -> None:
    readings = latent(np.random.default_rng(2), 40, 4)
    pairs = {pair["coders"]: pair for pair in pairwise(readings, 5, seed=0)}
    (alone,) = pairwise(readings[:, [1, 3]], 5, seed=0)
    assert {**pairs[1, 3], "coders": (0, 1)} == alone


def test_a_pair_without_a_unit_in_common_has_no_figures() -> None:
    (pair,) = pairwise(np.array([[0, -1], [-1, 1]]), 2, seed=0)
    nothing = {"value": None, "low": None, "high": None}
    assert (pair["n"], pair["percent"], pair["kappa_quadratic"]) == (0, nothing, nothing)
    assert pair["table"] == [[0, 0], [0, 0]]


def test_specific_agreement_of_two_coders_is_dices() -> None:
    found = per_level(of_table(((30, 10, 0), (20, 35, 0), (0, 5, 0))), 3, seed=0)
    shares = [2 * 30 / (40 + 50), 2 * 35 / (55 + 50), 0.0]
    assert [level["value"] for level in found] == pytest.approx(shares)
    assert [level["n"] for level in found] == [90, 105, 5]
    assert found[0]["low"] < shares[0] < found[0]["high"]


@given(tables())
@settings(deadline=None)
def test_specific_agreement_is_counted_reading_by_reading(table: tuple[np.ndarray, int]) -> None:
    readings, levels = table
    others: list[list[float]] = [[] for _ in range(levels)]
    for row in readings:
        said = row[row >= 0].tolist()
        for at, level in enumerate(said):
            rest = said[:at] + said[at + 1 :]
            if rest:
                others[level].append(np.mean([other == level for other in rest]))
    paired = ((readings >= 0).sum(axis=1) >= 2).sum()
    for level, found in enumerate(per_level(readings, levels, seed=0, resamples=20)):
        assert (found["level"], found["n"]) == (level, len(others[level]))
        if others[level] and paired >= 2:
            assert found["value"] == pytest.approx(np.mean(others[level]), abs=1e-9)
        else:
            assert found["value"] is None


def test_figures_can_be_written_as_json() -> None:
    readings = krippendorff_c()
    assert json.dumps([agreement(readings, 5, seed=0), per_level(readings, 5, seed=0)])


def test_readings_of_any_integer_type_are_taken() -> None:
    readings = krippendorff_c()
    assert values(readings.astype(np.int8), 5) == values(readings, 5)
