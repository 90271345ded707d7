"""Whether a coder came to read differently: a coder in a period is a reader of their own.

All of them stand in one model, so periods are compared like coders: by protocols that both read.
Where none links a coder's first period with their last, what remains is that both were served
protocols alike, and a queue that serves other protocols later breaks that for all coders at once.
Links help only in part: places are drawn as if they had nothing to do with the period. Therefore a
change is also told apart from that of the others at the same time.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from cer_assist.statistics.estimates import Estimate
from cer_assist.statistics.facets import Fit, fit
from cer_assist.statistics.readings import Readings
from cer_assist.statistics.severity import Effect, effects_of


@dataclass(frozen=True)
class Change:
    """How a coder's last period differs from their first.

    Attributes
    ----------
    value : Estimate
        Of the effects in logits: above 0, more lenient.
    apart : Estimate, optional
        The same, less the median change of all coders who read in both periods, this one too.
        Whatever moves all alike (other protocols in a later period) is not in it; nor is a change
        that most coders made. None where no other coder read in both periods; without interval for
        the coder who is the median. Of two coders it is half of what parts them, with either sign:
        who of them changed cannot be told.
    chi_square, p : float, optional
        Wald's test that the effect is the same in all of the coder's periods. What moves all alike
        is in it as in `value`. It is one test for one coder: of twenty who did not change, one is
        below .05. None without convergence.
    freedom : int
        Its degrees of freedom, one less than the coder's periods.
    linked : bool
        Whether shared protocols link the two periods, if need be through others.
    """

    value: Estimate
    apart: Estimate | None
    chi_square: float | None
    p: float | None
    freedom: int
    linked: bool


@dataclass(frozen=True)
class CoderDrift:
    """One coder's effects, by period in their order; no change with a single period."""

    periods: dict[int, Effect]
    change: Change | None


@dataclass(frozen=True)
class Drift:
    """What `drift` finds; the average is over all coders and periods.

    Attributes
    ----------
    coders : dict of CoderDrift
    sigma : Estimate
    converged : bool
        See `Severity`.
    """

    coders: dict[object, CoderDrift]
    sigma: Estimate
    converged: bool


def drift(
    units: np.ndarray,
    coders: np.ndarray,
    periods: np.ndarray,
    levels_given: np.ndarray,
    levels: int,
) -> Drift:
    """Each coder's effect in each period, and whether it changed.

    The model is that of `severity`. Thresholds and the protocols' distribution are the same in all
    periods. Changes are measured against the spread of all readings (`Fit.relative`).

    Parameters
    ----------
    units, coders, levels_given : (n,)
        As in `severity`, but a coder may read a protocol again in another period, which links the
        two; as far as they remember what they said, their change seems smaller.
    periods : (n,) int
        Numbers that rise with time.
    levels : int

    Raises
    ------
    InvalidInput, ValueError
        As in `severity`; a single coder in two periods is two readers, and enough.
    """
    if len(periods) != len(coders):
        raise ValueError(f"expected {len(coders)} periods, received {len(periods)}")
    names, who = np.unique(coders, return_inverse=True)
    times, when = np.unique(periods, return_inverse=True)
    readings = Readings.of(units, who * len(times) + when, levels_given, levels)
    found = fit(readings.patterns())
    effects = effects_of(found, readings)
    cells = np.full((len(names), len(times)), -1)
    cells.flat[readings.names] = np.arange(len(effects))
    drifts = {
        name: CoderDrift(
            {times.tolist()[at]: effects[cells[place, at]] for at in _periods(cells[place])},
            _change(found, effects, cells, place),
        )
        for place, name in enumerate(names.tolist())
    }
    return Drift(drifts, found.sigma_estimate, found.converged)


def _periods(row: np.ndarray) -> np.ndarray:
    """Those in which a coder read anything."""
    return np.flatnonzero(row >= 0)


def _change(found: Fit, effects: list[Effect], cells: np.ndarray, coder: int) -> Change | None:
    """From the readers' numbers in `found` by (coder, period), -1 where there is none."""
    own = _periods(cells[coder])
    if len(own) < 2:
        return None
    first, last = cells[coder, own[[0, -1]]]
    ends = cells[:, own[[0, -1]]]
    ends = ends[(ends >= 0).all(axis=1)]
    steps = np.eye(len(effects))[cells[coder, own[1:]]] - np.eye(len(effects))[first]
    chi_square = _wald(found, steps)
    return Change(
        _contrast(found, steps[-1]),
        _contrast(found, steps[-1] - _middle_step(found, ends)) if len(ends) > 1 else None,
        chi_square,
        None if chi_square is None else float(chi2.sf(chi_square, len(steps))),
        len(steps),
        effects[first].component == effects[last].component,
    )


def _middle_step(found: Fit, ends: np.ndarray) -> np.ndarray:
    """The contrast of the median change, (readers,), of coders' first and last readers, (c, 2)."""
    order = np.argsort(found.effects[ends[:, 1]] - found.effects[ends[:, 0]])
    middle = ends[order[(len(ends) - 1) // 2 : len(ends) // 2 + 1]]
    firsts, lasts = (np.bincount(side, minlength=len(found.effects)) for side in middle.T)
    return (lasts - firsts) / len(middle)


def _contrast(found: Fit, weights: np.ndarray) -> Estimate:
    return Estimate.normal(weights @ found.effects, weights @ found.relative @ weights)


def _wald(found: Fit, contrasts: np.ndarray) -> float | None:
    """That all contrasts, (c, readers), are 0."""
    covariance = contrasts @ found.relative @ contrasts.T
    if not np.isfinite(covariance).all():
        return None
    values = contrasts @ found.effects
    return float(values @ np.linalg.solve(covariance, values))
