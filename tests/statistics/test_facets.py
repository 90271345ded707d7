from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from cer_assist.statistics.facets import Loss, fit
from cer_assist.statistics.readings import Patterns
from tests.statistics.simulated import Drawn, drawn, known

Function = Callable[[np.ndarray], float]


def patterns_of(readings: Drawn) -> Patterns:
    return Patterns.of(*readings)


def some_parameters(loss: Loss, seed: int) -> np.ndarray:
    start = loss.start()
    return start + np.random.default_rng(seed).normal(0, 0.5, len(start))


@pytest.mark.parametrize("each", [1, 2, 4])
def test_the_gradient_agrees_with_differences(each: int) -> None:
    loss = Loss.of(patterns_of(drawn(np.random.default_rng(each), 80, np.zeros(4), each)), 4.0)
    at = some_parameters(loss, each)
    _, gradient = loss(at)
    for place, step in enumerate(1e-5 * np.eye(len(at))):
        difference = (loss(at + step)[0] - loss(at - step)[0]) / 2e-5
        assert gradient[place] == pytest.approx(difference, rel=1e-6, abs=1e-5)


def test_the_information_agrees_with_second_differences_of_the_likelihood() -> None:
    loss = Loss.of(patterns_of(drawn(np.random.default_rng(0), 60, np.zeros(3))), 3.0)
    at = some_parameters(loss, 0)
    information = loss.information(at)
    steps = 1e-3 * np.eye(len(at))
    expected = [[mixed_difference(lambda x: loss(x)[0], at, a, b) for b in steps] for a in steps]
    assert information == pytest.approx(np.array(expected) / 1e-6, rel=1e-4, abs=1e-2)


@pytest.mark.parametrize(
    ("sigma", "readings"), [(0.3, 1), (2.0, 2), (8.0, 2), (3.0, 20), (12.0, 20)]
)
def test_nodes_are_as_exact_as_adaptive_integration(sigma: float, readings: int) -> None:
    """One protocol, read by many: the narrowest that nodes have to find."""
    levels = np.random.default_rng(readings).integers(1, 4, readings)
    levels[0] = 0  # so that all numbers occur; 4 comes from a second protocol
    units, coders = np.zeros(readings + 1, int), np.append(np.arange(readings), 0)
    units[-1] = 1
    given = np.append(levels, 4)
    _, given = np.unique(given, return_inverse=True)
    loss = Loss.of(Patterns.of(units, coders, given), sigma)
    parameters = some_parameters(loss, readings)
    parameters[loss.patterns.levels - 1] = np.log(sigma)
    at = loss.point(parameters)
    edges = np.concatenate([[-np.inf], at.thresholds, [np.inf]])

    def likelihood(unit: int) -> float:
        mine = units == unit
        above, below = edges[given[mine] + 1], edges[given[mine]]
        effects = at.effects[coders[mine]]

        def density(place: float) -> float:
            chances = expit(above - place - effects) - expit(below - place - effects)
            return float(np.prod(chances) * norm.pdf(place, scale=sigma))

        grid = np.linspace(-9 * sigma, 9 * sigma, 1001)
        peak = grid[np.argmax([density(place) for place in grid])]
        points = [place for place in (peak - 3, peak, peak + 3) if abs(place) < 9 * sigma]
        whole = quad(density, grid[0], grid[-1], points=points, epsabs=0, epsrel=1e-10, limit=400)
        return whole[0]

    penalty, _ = loss._penalty(at, parameters)
    expected = np.log(likelihood(0)) + np.log(likelihood(1))
    assert penalty - loss(parameters)[0] == pytest.approx(expected, abs=2e-6)


def brute_force_loss(numbers: np.ndarray, coders: np.ndarray, levels: np.ndarray) -> Function:
    """Of two coders and three levels: Gauss-Hermite, plain differences, no grouping."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    sign = np.where(coders == 0, 1.0, -1.0)

    def loss(free: np.ndarray) -> float:
        low, gap, log_sigma, effect = free
        sigma = np.exp(log_sigma)
        edges = np.array([-np.inf, low, low + np.exp(gap), np.inf])
        place = sigma * nodes + effect * sign[:, None]
        above, below = edges[levels + 1][:, None], edges[levels][:, None]
        product = np.ones((numbers.max() + 1, len(nodes)))
        np.multiply.at(product, numbers, expit(above - place) - expit(below - place))
        ridge = 2 * effect**2 / (2 * (sigma**2 + np.pi**2 / 3))
        prior = sigma / 2 - log_sigma + np.log(2)
        return ridge + prior - np.log(product @ weights / weights.sum()).sum()

    return loss


def mixed_difference(loss: Function, at: np.ndarray, one: np.ndarray, other: np.ndarray) -> float:
    """Of second order, along two steps."""
    ups = loss(at + one + other) - loss(at + one - other)
    return (ups - loss(at - one + other) + loss(at - one - other)) / 4


def test_two_coders_are_fitted_as_by_brute_force() -> None:
    generator = np.random.default_rng(7)
    readings = drawn(generator, 60, np.array([0.8, -0.8]))
    readings = readings._replace(levels=np.minimum(readings.levels, 2))
    readings = readings.where((generator.random(120) < 0.6) | (readings.coders == 0))
    loss = brute_force_loss(*readings)
    options = {"xatol": 1e-7, "fatol": 1e-11, "maxiter": 4000, "maxfev": 4000}
    best = minimize(loss, np.zeros(4), method="Nelder-Mead", options=options)
    assert best.success
    low, gap, log_sigma, effect = best.x
    steps = 1e-3 * np.eye(4)
    second = [[mixed_difference(loss, best.x, a, b) / 1e-6 for b in steps] for a in steps]
    variances = np.diag(np.linalg.inv(second))
    found = fit(patterns_of(readings))
    assert found.converged
    sigma = known(found.sigma_estimate)
    assert sigma.value == pytest.approx(np.exp(log_sigma), abs=1e-3)
    half = 1.959964 * np.sqrt(variances[2])
    assert np.log(sigma.high) - log_sigma == pytest.approx(half, rel=1e-3)
    # The average counts a coder by n / (n + 20).
    n = np.bincount(readings.coders)
    signs = np.array([1, -1]) - np.average([1, -1], weights=n / (n + 20))
    assert signs[1] < -1.01
    assert found.effects == pytest.approx(signs * effect, abs=1e-3)
    thresholds = np.array([low, low + np.exp(gap)]) - (1 - signs[0]) * effect
    assert found.thresholds == pytest.approx(thresholds, abs=1e-3)
    assert np.diag(found.covariance) == pytest.approx(signs**2 * variances[3], rel=1e-3)


def test_protocols_that_were_read_alike_are_counted_once() -> None:
    units, coders = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 0, 0])
    found = Patterns.of(units, coders, np.array([1, 0, 0, 1, 1]))
    assert sorted(zip(found.counts, found.said.toarray().tolist(), strict=True)) == [
        (1.0, [0, 1, 0, 0]),
        (2.0, [0, 1, 1, 0]),
    ]
    assert found.most == 2
