"""Every figure comes with its interval, resampled by document.

All measures here are functions of how often each document was drawn, so a thousand bootstrap
samples are one matrix product instead of a thousand evaluations.
"""

import numpy as np
from threadpoolctl import threadpool_limits

from cer_assist.learning.ordinal import DECODINGS, DEFAULT_DECODING, most_probable

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
BINS = 10


@threadpool_limits.wrap(limits=1)  # as in fit_answers
def figures(
    truth: np.ndarray,
    probabilities: np.ndarray,
    *,
    decided_by: np.ndarray | None = None,
    decoding: str = DEFAULT_DECODING,
    seed: int = 0,
) -> dict[str, dict]:
    """Quality of level probabilities with 95 % percentile bootstrap intervals.

    Parameters
    ----------
    truth : (n,) int
        Level numbers 0 .. K-1.
    probabilities : (n, K) or (repeats, n, K)
        Repeats are averaged measure by measure within each resample of documents, so repeating
        does not narrow the intervals unduly.
    decided_by : like `probabilities`, optional
        What levels are predicted from, where not from the probabilities themselves.
    decoding : str
        One of `ordinal.DECODINGS`: how they become the predicted level.
    seed : int

    Returns
    -------
    dict of {"value", "low", "high"} by measure
        accuracy, macro_f1 (over levels that occur or are predicted), qwk (quadratic kappa), mae
        and within_one in levels, ece (expected calibration error of the most probable level, 10
        bins of equal width), ace (adaptive calibration error: of all levels, 10 bins of equal
        number). A measure that is undefined (kappa with a single level) is None.

    References
    ----------
    ace: Nixon et al. 2019, Measuring Calibration in Deep Learning.
    """
    counts = _resamples(len(truth), seed)
    repeats = probabilities.reshape(-1, *probabilities.shape[-2:])
    grounds = repeats if decided_by is None else decided_by.reshape(repeats.shape)
    measured = [
        _measures(counts, truth, repeat, DECODINGS[decoding](ground))
        for repeat, ground in zip(repeats, grounds, strict=True)
    ]
    return {
        name: _figure(np.mean([values[name] for values in measured], axis=0))
        for name in measured[0]
    }


@threadpool_limits.wrap(limits=1)
def differences(
    truth: np.ndarray, first: np.ndarray, second: np.ndarray, levels: int, *, seed: int = 0
) -> dict[str, dict]:
    """How far one model is ahead of another on the same documents, with paired intervals.

    Both are resampled by the same documents, so that what is hard for both cancels out.

    Parameters
    ----------
    truth : (n,) int
        Level numbers 0 .. K-1.
    first, second : (n,) or (repeats, n) int
        Predicted level numbers; repeats are averaged as in `figures`.
    levels : int
        K.
    seed : int

    Returns
    -------
    dict of {"value", "low", "high"} by measure
        accuracy, macro_f1, qwk and mae: the first one's minus the second one's.
    """
    one, other = (_of_levels(truth, predicted, levels, seed) for predicted in (first, second))
    return {name: _figure(one[name] - other[name]) for name in _OF_LEVELS}


@threadpool_limits.wrap(limits=1)
def level_figures(
    truth: np.ndarray, predicted: np.ndarray, levels: int, *, seed: int = 0
) -> dict[str, dict]:
    """Quality of levels that come without probabilities, with the intervals of `figures`.

    Parameters
    ----------
    truth, predicted : (n,) int
        Level numbers 0 .. K-1.
    levels : int
        K.
    seed : int

    Returns
    -------
    dict of {"value", "low", "high"} by measure
        accuracy, macro_f1, qwk and mae.
    """
    found = _of_levels(truth, predicted, levels, seed)
    return {name: _figure(values) for name, values in found.items()}


def _of_levels(
    truth: np.ndarray, predicted: np.ndarray, levels: int, seed: int
) -> dict[str, np.ndarray]:
    """Measures of levels for the sample and its resamples, (1 + resamples,) each."""
    counts = _resamples(len(truth), seed)
    rows = np.asarray(predicted).reshape(-1, len(truth))
    squares = [(counts @ _cells(truth, row, levels)).reshape(-1, levels, levels) for row in rows]
    return {name: np.mean([of(s) for s in squares], axis=0) for name, of in _OF_LEVELS.items()}


def mean_figure(values: np.ndarray, *, seed: int = 0) -> dict:
    """Mean over documents, (n,), with its interval; None throughout without a document."""
    return _figure(_mean_of(values, seed))


def ratio_figure(first: np.ndarray, second: np.ndarray, *, seed: int = 0) -> dict:
    """The mean of one thing over that of another on the same documents, with paired interval.

    Parameters
    ----------
    first, second : (n,)
    seed : int

    Returns
    -------
    dict of "value", "low", "high"
        None throughout where the second is not above 0: it then is no measure of the first.
    """
    one, other = _mean_of(first, seed), _mean_of(second, seed)
    return _figure(np.divide(one, other, out=np.full_like(one, np.nan), where=other > 0))


def _mean_of(values: np.ndarray, seed: int) -> np.ndarray:
    """The mean and its resamples, (1 + resamples,)."""
    if not len(values):
        return np.full(1, np.nan)
    return _resamples(len(values), seed) @ values / len(values)


def _resamples(documents: int, seed: int) -> np.ndarray:
    """How often each document was drawn, (1 + resamples, n); the first row is the sample itself."""
    shares = np.full(documents, 1 / documents)
    draws = np.random.default_rng(seed).multinomial(documents, shares, size=RESAMPLES)
    return np.concatenate([np.ones((1, documents)), draws])


def _measures(
    counts: np.ndarray, truth: np.ndarray, probabilities: np.ndarray, predicted: np.ndarray
):
    """Every measure for every row of counts, dict of (rows,)."""
    levels = probabilities.shape[1]
    cells = counts @ _cells(truth, predicted, levels)
    square = cells.reshape(-1, levels, levels)
    return {
        "accuracy": accuracy(square),
        "macro_f1": macro_f1(square),
        "qwk": quadratic_kappa(square),
        "mae": mean_distance(square),
        "within_one": within_one(square),
        "ece": _calibration_errors(counts, truth, probabilities),
        "ace": _adaptive_errors(counts, truth, probabilities),
    }


def confusion(truth: np.ndarray, predicted: np.ndarray, levels: int) -> np.ndarray:
    """Counts by (true level, predicted level), (K, K) int."""
    return np.bincount(truth * levels + predicted, minlength=levels**2).reshape(levels, levels)


def accuracy(confusions: np.ndarray) -> np.ndarray:
    """Share on the diagonal of (..., K, K)."""
    return np.trace(confusions, axis1=-2, axis2=-1) / confusions.sum(axis=(-2, -1))


def macro_f1(confusions: np.ndarray) -> np.ndarray:
    """Mean F1 of the levels that occur in truth or prediction, as scikit-learn computes it."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    either = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    scores = np.divide(2 * hits, either, out=np.zeros_like(hits, float), where=either > 0)
    return scores.sum(axis=-1) / np.maximum((either > 0).sum(axis=-1), 1)


def quadratic_kappa(confusions: np.ndarray) -> np.ndarray:
    """Cohen's kappa with squared distances; NaN where chance alone would agree fully."""
    distance = _distances(confusions.shape[-1]) ** 2
    total = confusions.sum(axis=(-2, -1))
    rows, columns = confusions.sum(axis=-1), confusions.sum(axis=-2)
    chance = np.einsum("...i,...j,ij->...", rows, columns, distance) / total
    seen = (confusions * distance).sum(axis=(-2, -1))
    return 1 - np.divide(seen, chance, out=np.full_like(chance, np.nan), where=chance > 0)


def mean_distance(confusions: np.ndarray) -> np.ndarray:
    """Mean absolute error in levels."""
    distance = _distances(confusions.shape[-1])
    return (confusions * distance).sum(axis=(-2, -1)) / confusions.sum(axis=(-2, -1))


def within_one(confusions: np.ndarray) -> np.ndarray:
    """Share at most one level off."""
    near = _distances(confusions.shape[-1]) <= 1
    return (confusions * near).sum(axis=(-2, -1)) / confusions.sum(axis=(-2, -1))


def calibration_error(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected calibration error of the most probable level."""
    return float(_calibration_errors(np.ones((1, len(truth))), truth, probabilities)[0])


def adaptive_error(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Adaptive calibration error of all levels; see `figures`."""
    return float(_adaptive_errors(np.ones((1, len(truth))), truth, probabilities)[0])


def reliability(truth: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """How often the most probable level was right, by how probable it was said to be.

    Returns
    -------
    list of dict
        For each bin of equal width: `low`, `high`, `n` documents, their mean `confidence` and
        `accuracy` (0 in an empty bin).
    """
    confidence, right, bins = _confidence(truth, probabilities)
    number = np.bincount(bins, minlength=BINS)
    said, held = (
        np.bincount(bins, part, BINS) / np.maximum(number, 1) for part in (confidence, right)
    )
    return [
        {
            "low": at / BINS,
            "high": (at + 1) / BINS,
            "n": int(number[at]),
            "confidence": float(said[at]),
            "accuracy": float(held[at]),
        }
        for at in range(BINS)
    ]


def _confidence(truth: np.ndarray, probabilities: np.ndarray):
    """Of the most probable level: its probability, whether it is right, and its bin, each (n,)."""
    confidence = probabilities.max(axis=1)
    right = most_probable(probabilities) == truth
    return confidence, right, np.minimum((confidence * BINS).astype(int), BINS - 1)


def _calibration_errors(counts: np.ndarray, truth: np.ndarray, probabilities: np.ndarray):
    confidence, right, bins = _confidence(truth, probabilities)
    member = np.eye(BINS)[bins]  # (n, bins)
    excess = (right - confidence)[:, None]
    return np.abs(counts @ (member * excess)).sum(axis=1) / counts.sum(axis=1)


def _adaptive_errors(counts: np.ndarray, truth: np.ndarray, probabilities: np.ndarray):
    size, levels = probabilities.shape
    order = np.argsort(np.argsort(probabilities, axis=0, kind="stable"), axis=0)
    member = np.eye(BINS)[order * BINS // size]  # (n, K, bins)
    excess = (np.eye(levels)[truth] - probabilities)[..., None]
    gaps = np.abs(counts @ (member * excess).reshape(size, -1))  # (rows, K x bins)
    return gaps.sum(axis=1) / counts.sum(axis=1) / levels


def _cells(truth: np.ndarray, predicted: np.ndarray, levels: int) -> np.ndarray:
    return np.eye(levels**2)[truth * levels + predicted]  # (n, K * K)


_OF_LEVELS = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "qwk": quadratic_kappa,
    "mae": mean_distance,
}


def _distances(levels: int) -> np.ndarray:
    return np.abs(np.subtract.outer(np.arange(levels), np.arange(levels)))


def _figure(values: np.ndarray) -> dict[str, float | None]:
    """First the value itself, then its resamples."""
    if np.isnan(values[0]):
        return {"value": None, "low": None, "high": None}
    low, high = np.nanpercentile(values[1:], INTERVAL)
    return {"value": float(values[0]), "low": float(low), "high": float(high)}
