"""Whether a suggestion rests on the words that are said to carry it: take them away and see.

Words are removed or kept in order of their weight, and the probability of the level is read again.
What random words do is the measure of it; see `chance`.

Words are taken from the document's states, which the encoder made with the words in place; see
`bench explain` for how that compares with texts that are written and read without them.
"""

from typing import NamedTuple

import numpy as np

from cer_assist.explain.attribution import Attribution

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)  # of the words, the bins of ERASER
STEPS = tuple(step / 10 for step in range(11))  # of the two curves


class Faithfulness(NamedTuple):
    """How far a level rests on the weightiest words, in probability of that level.

    Attributes
    ----------
    comprehensiveness : float
        Lost without the weightiest words, mean over `SHARES`. High is faithful.
    sufficiency : float
        Lost with nothing but them, mean over `SHARES`. Low is faithful; below 0 they alone make the
        level more probable than all words do.
    deletion : float
        Area under the probability as words are removed, the weightiest first. Low is faithful.
    insertion : float
        Area under the probability as words are added to none. High is faithful.
    """

    comprehensiveness: float
    sufficiency: float
    deletion: float
    insertion: float


def faithfulness(seen: Attribution, number: int, weights: np.ndarray) -> Faithfulness:
    """How faithful weights are to what a document's level rests on.

    Parameters
    ----------
    seen : Attribution
    number : int
        Level number 0 .. K-1.
    weights : (words,)

    References
    ----------
    DeYoung et al. 2020, ERASER: A Benchmark to Evaluate Rationalized NLP Models, equations 1-2 and
    section 4.2 (bins). Petsiuk et al. 2018, RISE, section 4.2 (deletion and insertion).
    """
    top = np.concatenate([heaviest(weights, SHARES), heaviest(weights, STEPS)])
    sets = np.concatenate([top, ~top])
    left = seen.probabilities_without(sets)[:, number]
    without, alone = np.split(left, 2)
    full, few = seen.probabilities[number], len(SHARES)
    return Faithfulness(
        comprehensiveness=float(full - without[:few].mean()),
        sufficiency=float(full - alone[:few].mean()),
        deletion=float(np.trapezoid(without[few:], STEPS)),
        insertion=float(np.trapezoid(alone[few:], STEPS)),
    )


def heaviest(weights: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Which words are the weightiest so many, (shares, words) bool; any share but 0 has a word."""
    rank = np.empty(len(weights), int)
    rank[np.argsort(-weights, kind="stable")] = np.arange(len(weights))
    sizes = np.array([max(round(share * len(weights)), int(share > 0)) for share in shares])
    return rank < sizes[:, None]
