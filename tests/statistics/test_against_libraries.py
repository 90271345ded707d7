"""Coefficients are those of packages that others wrote and checked."""

from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from irrCAC.raw import CAC
from sklearn.metrics import cohen_kappa_score

from cer_assist.statistics.coefficients import COEFFICIENTS, measured, ordinal_weights
from cer_assist.statistics.sums import summed
from tests.statistics.examples import tables

EXACT = 1e-9
# Ours, its method, its weights.
GWETS = [
    ("kappa", "conger", "identity"),
    ("kappa_linear", "conger", "linear"),
    ("kappa_quadratic", "conger", "quadratic"),
    ("ac1", "gwet", "identity"),
    ("ac2", "gwet", "ordinal"),
    ("fleiss", "fleiss", "identity"),
]


def values(readings: np.ndarray, levels: int) -> dict[str, float]:
    sums = summed(readings, levels)
    return {name: float(measured(sums, name)[0]) for name in COEFFICIENTS}


@given(tables())
@settings(deadline=None)
def test_alpha_is_that_of_krippendorff(table: tuple[np.ndarray, int]) -> None:
    readings, levels = table
    paired = readings[(readings >= 0).sum(axis=1) >= 2]
    found = values(readings, levels)
    if len(paired) < 2 or len(set(paired[paired >= 0])) < 2:
        assert np.isnan([found[f"alpha_{m}"] for m in ("nominal", "ordinal", "interval")]).all()
        return
    data = np.where(readings < 0, np.nan, readings).T
    for metric in ("nominal", "ordinal", "interval"):
        theirs = krippendorff.alpha(
            reliability_data=data, value_domain=range(levels), level_of_measurement=metric
        )
        assert found[f"alpha_{metric}"] == pytest.approx(theirs, abs=EXACT), metric


@given(tables())
@settings(deadline=None, max_examples=30)  # a tenth of a second each: it goes through pandas
def test_the_others_are_those_of_irrcac(table: tuple[np.ndarray, int]) -> None:
    readings, levels = table
    read = readings >= 0
    # It divides by 0 where a coder read nothing, no unit is paired, or chance agrees fully.
    assume(read.any(axis=0).all() and (read.sum(axis=1) >= 2).sum() >= 2)
    assume(len(set(readings[read])) >= 2)
    found = values(readings, levels)
    data = pd.DataFrame(np.where(read, readings, np.nan)[read.any(axis=1)])
    for name, method, weights in GWETS:
        theirs = CAC(data, weights=weights, categories=list(range(levels)), digits=12)
        estimate = getattr(theirs, method)()["est"]
        assert found[name] == pytest.approx(estimate["coefficient_value"], abs=EXACT), name
        if weights == "identity":
            assert found["percent"] == pytest.approx(estimate["pa"], abs=EXACT)


@given(tables(most_coders=2, missing=False))
@settings(deadline=None)
def test_kappa_of_two_coders_is_that_of_scikit_learn(table: tuple[np.ndarray, int]) -> None:
    readings, levels = table
    found = values(readings, levels)
    if len(np.unique(readings)) < 2:
        assert np.isnan(found["kappa"])
        return
    weighted = {"kappa": None, "kappa_linear": "linear", "kappa_quadratic": "quadratic"}
    for name, weights in weighted.items():
        theirs = cohen_kappa_score(*readings.T, labels=range(levels), weights=weights)
        assert found[name] == pytest.approx(theirs, abs=EXACT), name


@given(tables())
@settings(deadline=None)
def test_shares_are_counted_pair_by_pair(table: tuple[np.ndarray, int]) -> None:
    readings, levels = table
    agree, near = [], []
    for row in readings:
        said = row[row >= 0]
        apart = [abs(a - b) for i, a in enumerate(said) for b in said[:i]]
        if apart:
            agree.append(np.mean(np.array(apart) == 0))
            near.append(np.mean(np.array(apart) <= 1))
    found = values(readings, levels)
    if len(agree) < 2:
        assert np.isnan(list(found.values())).all()
        return
    assert found["percent"] == pytest.approx(np.mean(agree), abs=EXACT)
    assert found["within_one"] == pytest.approx(np.mean(near), abs=EXACT)


def test_ordinal_weights_worked_out_by_hand() -> None:
    # From 0 to 2 there are three pairs of levels, of six on the whole scale of four.
    assert ordinal_weights(4)[0] == pytest.approx([1, 5 / 6, 3 / 6, 0])
