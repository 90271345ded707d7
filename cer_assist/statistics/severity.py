"""How lenient or severe a coder is, apart from what they happened to be given to read.

Means of levels would compare protocols as much as coders: most protocols are read by one or two of
many. Here each coder's effect is estimated together with the places of the protocols.
"""

from dataclasses import dataclass

import numpy as np

from cer_assist.domain.precision import NORMAL_95
from cer_assist.statistics.estimates import Estimate
from cer_assist.statistics.facets import Fit, fit
from cer_assist.statistics.readings import Readings


@dataclass(frozen=True)
class Effect:
    """How one coder (or one coder in one period) reads.

    Attributes
    ----------
    logit : Estimate
        beta: above 0 lenient, towards higher levels; below 0 severe.
    in_levels : Estimate
        How much higher the level is that the coder is expected to give than the one the average
        coder (beta = 0) gives, over the distribution of all protocols.
    n, shared : int
        Readings, and those of protocols that others (or the coder in another period) read, too.
    component : int
        Two with the same number are linked by shared protocols, if need be through others.
    """

    logit: Estimate
    in_levels: Estimate
    n: int
    shared: int
    component: int


@dataclass(frozen=True)
class Severity:
    """What `severity` finds.

    Attributes
    ----------
    coders : dict of Effect
        By coder, in their order.
    sigma : Estimate
        Standard deviation of the protocols' places, in logits.
    thresholds : (levels - 1,)
        Between each level and the next, for the average coder; -inf below the lowest level that was
        given, inf above the highest.
    components : int
        Groups of coders that no shared protocol links.
    converged : bool
        If not, figures may be off, and ends of intervals may be missing.
    """

    coders: dict[object, Effect]
    sigma: Estimate
    thresholds: np.ndarray
    components: int
    converged: bool

    @property
    def connected(self) -> bool:
        """Whether all are compared by shared protocols.

        If not, groups are compared only by taking it that both were served protocols alike.
        """
        return self.components == 1


def severity(
    units: np.ndarray, coders: np.ndarray, levels_given: np.ndarray, levels: int
) -> Severity:
    """Each coder's effect by a cumulative logit model with random protocols.

    P(Y <= l) = logistic(tau_l - theta_i - beta_j), theta_i ~ N(0, sigma^2), by marginal maximum
    likelihood; see `facets.fit` for the two weak priors, which give a coder with two readings, or
    always the same, a finite effect with a wide interval. Intervals are normal, of the observed
    information. The mean of the beta_j is 0, each weighted by n / (n + 20) of its n readings.

    Parameters
    ----------
    units, coders : (n,)
        Protocol and coder of each reading, of any type that sorts. A coder reads a protocol once.
    levels_given : (n,) int
        0 .. levels - 1.
    levels : int

    Raises
    ------
    InvalidInput
        There are not two coders, or not two levels that were given: nothing is to be compared.
    ValueError
        Arrays differ in length, a level is off the scale, or a coder reads a protocol twice.

    References
    ----------
    Linacre 1989, Many-Facet Rasch Measurement; Samejima 1969, Psychometrika Monograph 17, for the
    graded responses; Hedeker and Gibbons 1994, Biometrics 50:933-944.
    """
    readings = Readings.of(units, coders, levels_given, levels)
    found = fit(readings.patterns())
    effects = effects_of(found, readings)
    return Severity(
        dict(zip(readings.names.tolist(), effects, strict=True)),
        found.sigma_estimate,
        readings.on_scale(found.thresholds),
        len({effect.component for effect in effects}),
        found.converged,
    )


def effects_of(found: Fit, readings: Readings) -> list[Effect]:
    """What was found of each reader, in their order."""
    variances = np.diag(found.covariance)
    logits = map(Estimate.normal, found.effects, variances)
    counts = (readings.counts(), readings.shared(), readings.components())
    rows = zip(logits, _in_levels(found, readings.values), *counts, strict=True)
    return [
        Effect(logit, level, int(n), int(shared), int(component))
        for logit, level, n, shared, component in rows
    ]


def _in_levels(found: Fit, values: np.ndarray) -> list[Estimate]:
    """Effects and the ends of their intervals, taken through the model: no end leaves the scale."""
    half = NORMAL_95 * np.sqrt(np.diag(found.relative))
    average = found.mean_level(np.zeros(1), values)
    value, low, high = (
        found.mean_level(found.effects + side * half, values) - average for side in (0.0, -1.0, 1.0)
    )
    if not np.isfinite(half).all():
        return [Estimate(float(one), None, None) for one in value]
    return [Estimate(*map(float, row)) for row in zip(value, low, high, strict=True)]
