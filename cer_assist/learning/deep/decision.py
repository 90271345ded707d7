"""A tuned encoder is used only if it is better beyond chance on documents that it did not learn.

Both models judge the same documents in the same folds, so what is resampled is their difference:
a paired bootstrap by document sees gains that two separate intervals would hide.
"""

from dataclasses import dataclass

import numpy as np

from cer_assist.learning.calibration import Said
from cer_assist.learning.metrics import differences, figures
from cer_assist.learning.ordinal import DECODINGS

SHOWN = ("qwk", "macro_f1", "mae")


@dataclass(frozen=True)
class Comparison:
    """Two models on the same held-out documents.

    Attributes
    ----------
    n : int
        Documents.
    before, after : dict of str to float
        qwk, macro_f1 and mae.
    gains : dict of str to dict
        What the second one has more of each: {"value", "low", "high"}, see `differences`.
    """

    n: int
    before: dict[str, float]
    after: dict[str, float]
    gains: dict[str, dict[str, float | None]]

    @property
    def better(self) -> bool:
        """Whether the second one is to be used; see `is_better`."""
        return is_better(self.gains["qwk"]["low"], self.after["mae"] - self.before["mae"])


def is_better(lowest_gain: float | None, mae_change: float) -> bool:
    """The gain in QWK is beyond chance, and levels are on average no further off.

    Parameters
    ----------
    lowest_gain : float, optional
        Lower end of the 95 % interval of the QWK's difference; None where it is undefined.
    mae_change : float
        In levels, positive where levels are further off.
    """
    return lowest_gain is not None and lowest_gain > 0 and mae_change <= 0


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
    first, second = (DECODINGS[decoding](said.uncalibrated) for said in (before, after))
    count = before.uncalibrated.shape[1]
    gains = differences(levels, second, first, count, seed=seed)
    how = {"decoding": decoding, "seed": seed}
    measured = [
        figures(levels, said.probabilities, decided_by=said.uncalibrated, **how)
        for said in (before, after)
    ]
    first_values, second_values = (
        {name: found[name]["value"] for name in SHOWN} for found in measured
    )
    shown = {name: gains[name] for name in SHOWN}
    return Comparison(len(levels), first_values, second_values, shown)
