"""Shown words are put to the test: take them away and see whether the suggestion falls.

If the ten weightiest words were only decoration, ten random words would do as much. The strength is
the share of the suggested level's probability lost with the top words beyond the share lost, on
average, with random words of the same number; 0 means "weak evidence", 1 that all of it rests on
them. It is measured on the document's states, which the encoder made with the words in place: that
stands in for rewriting the text, at a thousandth of the cost.
"""

import numpy as np

from cer_assist.explain.attribution import Attribution

WORDS = 10
RANDOM_SETS = 10


def evidence_strength(seen: Attribution, number: int, weights: np.ndarray) -> float:
    """How much more the top words carry a level than random words do.

    Parameters
    ----------
    seen : Attribution
    number : int
        Level number 0 .. K-1.
    weights : (words,)
        The weights by which words are shown.

    Returns
    -------
    float in 0..1
    """
    count = min(WORDS, int((weights > 0).sum()), len(weights) // 2)
    if count == 0:
        return 0.0
    # The seed is fixed: the same model must give a document the same figure every time.
    draws = np.random.default_rng(0).random((RANDOM_SETS, len(weights)))
    removed = np.zeros((1 + RANDOM_SETS, len(weights)), bool)
    removed[0, np.argsort(-weights, kind="stable")[:count]] = True
    np.put_along_axis(removed[1:], draws.argpartition(count, axis=1)[:, :count], True, axis=1)
    left = seen.probabilities_without(removed)[:, number]
    lost = (seen.probabilities[number] - left) / max(seen.probabilities[number], 1e-9)
    return float(np.clip(lost[0] - lost[1:].mean(), 0.0, 1.0))
