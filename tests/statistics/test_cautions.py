"""Each fact is told where it holds and nowhere else."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cer_assist.statistics.agreement import agreement
from cer_assist.statistics.cautions import FEWEST_UNITS, warnings
from tests.statistics.examples import latent, of_table


def test_coders_who_use_the_whole_scale_need_no_warning() -> None:
    assert warnings(latent(np.random.default_rng(0), 200, 3), 5) == []


@pytest.mark.parametrize(("units", "is_told"), [(FEWEST_UNITS - 1, True), (FEWEST_UNITS, False)])
def test_few_units_are_those_that_are_pairable(units: int, is_told: bool) -> None:
    readings = latent(np.random.default_rng(0), 200, 3)
    readings[units:, 1:] = -1
    told = {"fact": "few_units", "units": units, "wanted": FEWEST_UNITS}
    assert (told in warnings(readings, 5)) is is_told


def test_the_paradox_is_told_by_its_cause_and_by_its_effect() -> None:
    readings = of_table(((90, 5), (5, 0)))
    found = {fact["fact"]: fact for fact in warnings(readings, 2)}
    values = {name: figure["value"] for name, figure in agreement(readings, 2, seed=0).items()}
    assert found["skewed"] == {"fact": "skewed", "level": 0, "share": 0.95}
    assert found["far_apart"]["coefficients"] == ["ac2", "alpha_ordinal"]
    assert found["far_apart"]["difference"] == pytest.approx(
        values["ac2"] - values["alpha_ordinal"]
    )
    assert values["percent"] == 0.9
    assert values["kappa"] < 0


@pytest.mark.parametrize(
    ("table", "kappa", "is_told"),
    [
        (((40, 10), (10, 40)), 0.6, False),
        (((70, 10), (10, 10)), 0.375, False),
        (((71, 10), (10, 9)), 0.350, True),
    ],
)
def test_where_skew_begins(table: tuple[tuple[int, int], ...], kappa: float, is_told: bool) -> None:
    readings = of_table(table)
    found = agreement(readings, 2, seed=0)
    assert found["percent"]["value"] == pytest.approx(0.8)
    assert found["kappa"]["value"] == pytest.approx(kappa, abs=5e-4)
    assert ("skewed" in [fact["fact"] for fact in warnings(readings, 2)]) is is_told


def test_unused_levels_are_named() -> None:
    readings = of_table(((30, 5), (5, 30)))
    assert warnings(readings, 2) == []
    assert {"fact": "unused_levels", "levels": [0, 3]} in warnings(readings + 1, 4)


def test_coders_without_company_are_named_and_those_who_read_nothing_are_not() -> None:
    readings = np.hstack([latent(np.random.default_rng(0), 100, 2), np.full((100, 2), -1)])
    readings[90:, :2] = -1
    readings[90:, 2] = 1
    assert warnings(readings, 5) == [{"fact": "lone_coders", "coders": [2]}]


def test_a_figure_of_1_is_explained() -> None:
    near = np.array([[0, 1], [1, 1], [2, 1], [1, 0]] * 10)
    assert {"fact": "perfect", "coefficients": ["within_one"]} in warnings(near, 3)
    told = warnings(np.repeat(np.arange(5), 20).reshape(-1, 2), 5)
    assert [fact["fact"] for fact in told] == ["perfect"]
    assert "ac2" in told[0]["coefficients"]


def test_nothing_read_is_few_units_and_no_more() -> None:
    found = warnings(np.full((5, 2), -1), 5)
    assert [fact["fact"] for fact in found] == ["few_units"]
    assert json.dumps(found)
