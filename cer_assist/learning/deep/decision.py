"""A tuned encoder is used only if it is better beyond chance on documents that it did not learn.

Both models judge the same documents in the same folds, so what is resampled is their difference:
a paired bootstrap by document sees gains that two separate intervals would hide.
"""

from dataclasses import dataclass

import numpy as np

from cer_assist.learning.calibration import Said, log_loss
from cer_assist.learning.metrics import (
    INTERVAL,
    RESAMPLES,
    macro_f1,
    mean_distance,
    quadratic_kappa,
)
from cer_assist.learning.ordinal import DECODINGS


@dataclass(frozen=True)
class Comparison:
    """Two models on the same held-out documents.

    Attributes
    ----------
    n : int
        Documents.
    before, after : dict of str to float
        qwk (quadratic kappa), macro_f1, mae (in levels) and log_loss (of calibrated probabilities).
    gain, low, high : float
        What is gained in QWK, and its 95 % interval.
    """

    n: int
    before: dict[str, float]
    after: dict[str, float]
    gain: float
    low: float
    high: float

    @property
    def better(self) -> bool:
        """Whether the second one is to be used; see `is_better`."""
        return is_better(self.low, self.after["mae"] - self.before["mae"])


def is_better(lowest_gain: float, mae_change: float) -> bool:
    """The gain in QWK is beyond chance, and levels are on average no further off.

    Parameters
    ----------
    lowest_gain : float
        Lower end of the 95 % interval of the QWK's difference; NaN where it is undefined.
    mae_change : float
        In levels, positive where levels are further off.
    """
    return lowest_gain > 0 and mae_change <= 0


def compare(
    levels: np.ndarray, before: Said, after: Said, *, decoding: str, seed: int
) -> Comparison:
    """Set two models side by side.

    Parameters
    ----------
    levels : (n,) int
        True level numbers.
    before, after : Said
        Of the same documents in the same order.
    decoding : str
        One of `ordinal.DECODINGS`.
    seed : int
    """
    count = len(levels)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    rows = np.concatenate([np.ones((1, count), int), draws])
    squares = [_squares(rows, levels, DECODINGS[decoding](s.uncalibrated)) for s in (before, after)]
    kappas = [quadratic_kappa(square) for square in squares]
    gains = kappas[1] - kappas[0]
    low, high = np.nanpercentile(gains[1:], INTERVAL)
    figures = [
        {
            "qwk": float(kappa[0]),
            "macro_f1": float(macro_f1(square[0])),
            "mae": float(mean_distance(square[0])),
            "log_loss": log_loss(said.probabilities, levels),
        }
        for kappa, square, said in zip(kappas, squares, (before, after), strict=True)
    ]
    first, second = figures
    return Comparison(count, first, second, float(gains[0]), float(low), float(high))


def _squares(rows: np.ndarray, levels: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """Confusions for every row of how often each document was drawn, (rows, K, K)."""
    size = 1 + int(max(levels.max(), decided.max()))
    cells = np.eye(size * size)[levels * size + decided]
    return (rows @ cells).reshape(-1, size, size)
