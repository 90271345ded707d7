"""A figure never goes without its interval, or the word that it has none."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cer_assist.domain.precision import NORMAL_95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; None stands for what is undefined or not known."""

    value: float | None
    low: float | None
    high: float | None

    @classmethod
    def normal(cls, value: float, variance: float) -> "Estimate":
        """The interval of a normal distribution; none without a positive variance."""
        if not variance > 0:
            return cls(float(value), None, None)
        half = NORMAL_95 * float(np.sqrt(variance))
        return cls(float(value), float(value) - half, float(value) + half)

    def through(self, rising: Callable[[float], float]) -> "Estimate":
        """The same on another scale."""
        parts = (self.value, self.low, self.high)
        return Estimate(*(None if part is None else float(rising(part)) for part in parts))
