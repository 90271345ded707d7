"""Which of many come when, so that no two alike stand close together.

A queue is read from its front and made anew after a few answers: its first places are a batch.
"""

import numpy as np

# Cosine: as alike as the most alike hundredth of pairs. How near documents lie to each other at all
# differs from one body of texts to another, so a fixed bound would be none.
ALIKE_SHARE = 0.01
APART = 10  # places between two that are alike


def spread_out(order: np.ndarray, features: np.ndarray, apart: int = APART) -> np.ndarray:
    """The same candidates, each as early as those before it that are like it let it be.

    Parameters
    ----------
    order : (n,) int
        Positions in `features`, the best first.
    features : (all, d)
        Of length one.
    apart : int
        Places between two that are alike; where nothing else is left they follow each other.

    Returns
    -------
    (n,) int
    """
    if len(order) < 3:
        return order
    likeness = features[order] @ features[order].T
    pairs = likeness[np.triu_indices(len(order), 1)]
    alike = likeness > max(float(np.quantile(pairs, 1 - ALIKE_SHARE)), 0.0)
    waiting = np.ones(len(order), bool)
    placed: list[int] = []
    for _ in order:
        near = alike[placed[-apart:]].any(axis=0) if placed else np.zeros(len(order), bool)
        free = np.flatnonzero(waiting & ~near)
        at = int(free[0]) if len(free) else int(waiting.argmax())
        waiting[at] = False
        placed.append(at)
    return order[placed]
