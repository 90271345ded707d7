"""For each level k a logistic regression answers "higher than k?" from the features themselves.

Rows of word weights are nearly empty, so a step of the solver costs what the words of all documents
cost: twice the documents, twice the time. The way round by the products of all pairs of documents
gives the same answer; it is a little faster at 300 documents and a hundred times slower at 10,000.
"""

from functools import partial

import numpy as np
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from cer_assist.learning.ordinal import thresholds


@threadpool_limits.wrap(limits=1)  # matrices this small lose more to waking threads than they gain
def fit_answers(
    features: sparse.sparray,
    levels: np.ndarray,
    scale_size: int,
    inverse_regularisation: float,
    counted: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and intercepts of the answers.

    Parameters
    ----------
    features : (n, d) sparse
    levels : (n,) int
        Level numbers 0 .. K-1; levels may be missing.
    scale_size : int
        K.
    inverse_regularisation : float
        C of the penalty; the larger, the closer the fit.
    counted : (n,), optional
        How much each document counts. Left out, "yes" and "no" count alike in each answer.

    Returns
    -------
    weights : (d, K - 1)
    intercepts : (K - 1,)
    """
    rows = sparse.csr_matrix(features, dtype=np.float64)  # the solver wants the older type
    answer = partial(_answer, rows, inverse_regularisation, counted)
    fits = [answer(above) for above in thresholds(levels, scale_size).T]
    return np.stack([fit[0] for fit in fits], axis=1), np.array([fit[1] for fit in fits])


def _answer(
    rows, inverse_regularisation: float, counted: np.ndarray | None, above: np.ndarray
) -> tuple[np.ndarray, float]:
    """One answer; the smoothed odds where all documents agree."""
    yes = above.sum()
    if yes in (0, len(above)):
        return np.zeros(rows.shape[1]), float(np.log((yes + 0.5) / (len(above) - yes + 0.5)))
    model = LogisticRegression(
        C=inverse_regularisation,
        class_weight="balanced" if counted is None else None,
        solver="lbfgs",
        max_iter=500,
    ).fit(rows, above, counted)
    return model.coef_[0], float(model.intercept_[0])


def non_increasing(logits: np.ndarray) -> np.ndarray:
    """Independent answers made consistent: no P(y > k) above P(y > k - 1)."""
    return np.minimum.accumulate(logits, axis=-1)
