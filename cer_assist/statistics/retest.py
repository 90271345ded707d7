"""Whether a coder says the same of a protocol that comes back unannounced.

The second reading stands as that of another coder, so kappa is the one that coders have between
them. An interval without width is not given: ten equal pairs do not show that a coder never
differs.
"""

from dataclasses import dataclass

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.precision import wilson
from cer_assist.statistics.bootstrap import RESAMPLES, figure
from cer_assist.statistics.coefficients import measured
from cer_assist.statistics.estimates import Estimate
from cer_assist.statistics.sums import summed


@dataclass(frozen=True)
class Retest:
    """How a coder's second readings agree with their first.

    Attributes
    ----------
    n : int
        Protocols read twice.
    kappa : Estimate
        Cohen's, with squared distances; its value is None where it is undefined.
    percent : Estimate
        Share of the same level, with Wilson's interval.
    shift : Estimate
        Mean of the second level less the first: above 0, more lenient the second time.
    """

    n: int
    kappa: Estimate
    percent: Estimate
    shift: Estimate


def retest(first: np.ndarray, second: np.ndarray, levels: int, *, seed: int = 0) -> Retest:
    """Agreement of one coder with themselves, with 95 % intervals.

    Those of kappa and shift are bootstrapped by protocol (`bootstrap.figure`); their ends are None,
    too, where all resamples are alike.

    Parameters
    ----------
    first, second : (n,) int
        Levels 0 .. levels - 1 of the same protocols.
    levels : int
    seed : int

    Raises
    ------
    InvalidInput
        Nothing was read twice.
    ValueError
        Arrays differ in length, or a level is off the scale.

    References
    ----------
    Cohen 1968, Psychol. Bull. 70:213-220; Wilson 1927, JASA 22:209-212.
    """
    pairs = np.stack([first, second], axis=1)
    if not len(pairs):
        raise InvalidInput("No protocol was read twice.")
    if pairs.min() < 0:
        raise ValueError(f"expected levels from 0 to {levels - 1}, received {pairs.min()}")
    sums = summed(pairs, levels, seed=seed, resamples=RESAMPLES)
    means = sums.coders @ np.arange(levels) / len(pairs)  # (1 + resamples, 2)
    same = float(np.mean(pairs[:, 0] == pairs[:, 1]))
    return Retest(
        len(pairs),
        _resampled(measured(sums, "kappa_quadratic")),
        Estimate(same, *wilson(same, len(pairs))),
        _resampled(means[:, 1] - means[:, 0]),
    )


def _resampled(values: np.ndarray) -> Estimate:
    """First the value itself, then its resamples."""
    found = Estimate(**figure(values))
    return Estimate(found.value, None, None) if found.low == found.high else found
