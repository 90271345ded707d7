"""Sizes and intervals against published values and against what samples do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cer_assist.domain.precision import (
    USUAL,
    Expected,
    expected,
    narrowing,
    precision,
    sample_size,
)
from cer_assist.learning.metrics import quadratic_kappa

EVEN = Expected(0.5, 0.7, 0.5)
SKEWED = ((106, 10, 4), (22, 28, 10), (2, 12, 6))
TWO_LEVELS = ((20, 5), (10, 15))
Counts = tuple[tuple[int, ...], ...]


def test_a_share_of_one_half_to_within_five_points_wants_384() -> None:
    """Cochran's value, before and after the correction for a population of 1,000."""
    endless = sample_size(10**9, EVEN, accuracy=0.05, qwk=1.0)
    assert endless == 385  # 384.15, rounded up
    assert sample_size(1000, EVEN, accuracy=0.05, qwk=1.0) == 278


def test_the_harder_wish_decides() -> None:
    assert sample_size(10**9, EVEN, accuracy=1.0, qwk=0.07) == math.ceil((0.98 / 0.07) ** 2)


def test_a_size_gives_what_it_was_asked_for() -> None:
    hoped = expected(USUAL)
    for half in (0.05, 0.08, 0.12):
        size = sample_size(1500, hoped, accuracy=half, qwk=half)
        assert max(vars_of(precision(size, 1500, hoped))) <= half
        assert max(vars_of(precision(size - 1, 1500, hoped))) > half


def vars_of(found: object) -> tuple[float, float]:
    return getattr(found, "accuracy"), getattr(found, "qwk")  # noqa: B009 - of any precision


def test_all_there_is_leaves_no_doubt() -> None:
    assert precision(200, 200, EVEN).accuracy == 0
    assert narrowing(50, 200) == pytest.approx(math.sqrt(150 / 199))
    assert sample_size(30, EVEN, accuracy=0.01, qwk=0.01) == 30


@pytest.mark.parametrize("counts", [USUAL, SKEWED, TWO_LEVELS])
def test_the_variance_is_what_small_changes_of_the_counts_make_it(counts: Counts) -> None:
    """The delta method with slopes taken by differences, of a kappa computed elsewhere."""
    shares = np.array(counts, float) / np.sum(counts)
    slopes = np.empty_like(shares)
    for at in np.ndindex(*shares.shape):
        step = np.zeros_like(shares)
        step[at] = 1e-6
        slopes[at] = (quadratic_kappa(shares + step) - quadratic_kappa(shares - step)) / 2e-6
    variance = (shares * slopes**2).sum() - (shares * slopes).sum() ** 2
    found = expected(counts)
    assert found.deviation == pytest.approx(math.sqrt(variance), rel=1e-4)
    assert found.qwk == pytest.approx(float(quadratic_kappa(shares)))
    assert found.accuracy == pytest.approx(np.trace(shares))


@pytest.mark.parametrize("counts", [USUAL, SKEWED])
def test_the_formula_says_what_samples_do(counts: Counts) -> None:
    shares = np.array(counts, float) / np.sum(counts)
    draws = np.random.default_rng(7).multinomial(300, shares.ravel(), size=4000)
    spread = quadratic_kappa(draws.reshape(-1, *shares.shape).astype(float)).std()
    assert expected(counts).deviation / math.sqrt(300) == pytest.approx(spread, rel=0.05)
