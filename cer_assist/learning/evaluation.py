"""Models are compared on the same splits, and no split lets a near-copy stand on both sides.

Whatever a model tunes (blend, temperature) it tunes on folds inside its training part. Baselines
run through the same code as our own model, so a difference is the model's, not the harness's.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.rubric import Rubric
from cer_assist.learning import metrics
from cer_assist.learning.calibration import Said
from cer_assist.learning.compared import UNTAUGHT, Model, make_model, texts_known_to
from cer_assist.learning.documents import Document
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.folds import clusters_and_apart, clusters_of, grouped_folds
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.ordinal import DECODINGS
from cer_assist.learning.progress import Progress

Look = Callable[[Model, Sequence[Document]], None]


def unlooked(model: Model, documents: Sequence[Document]) -> None:
    """For whom figures are enough."""


def cross_validate(
    kind: str,
    data: Labelled,
    scale: tuple[int, ...],
    cache: FeatureCache,
    *,
    folds: int,
    repeats: int,
    n_train: int | None,
    progress: Progress,
    rubric: Rubric | None = None,
    decoding: str | None = None,
    look: Look = unlooked,
) -> dict[str, Any]:
    """Test every document by a model trained on the other folds, several times over.

    Parameters
    ----------
    kind : str
        One of `compared.MODELS`.
    n_train : int, optional
        Train on so many documents of the other folds only.
    decoding : str, optional
        One of `ordinal.DECODINGS`; without one each model decides in its own way.
    look : callable (model, documents)
        Is shown each model with the documents that it was tested on.

    Returns
    -------
    dict, see `report`, with how many near-duplicates there are

    Raises
    ------
    InvalidInput
        The model was fitted on all of these texts.
    """
    data, left_out = _unknown_to(kind, data)
    clusters = clusters_of(data.documents)
    splits = list(_splits(data.levels, clusters, folds, repeats, n_train))
    said = Said(*np.zeros((2, repeats, len(data.levels), len(scale))))
    seconds = []
    for done, (repeat, train, held) in enumerate(splits):
        progress(done / len(splits), f"Testing {kind}")
        test = data.pick(held)
        model = make_model(kind, scale, cache, repeat, rubric, test.documents)
        found, spent = _fit_predict(model, data.pick(train), test)
        look(model, test.documents)
        for whole, part in zip(said, found, strict=True):
            whole[repeat, held] = part
        seconds.append(spent)
    learnt = round(float(np.mean([len(train) for _, train, _ in splits])))
    return {
        **report(data, scale, said, seconds, decoding or model.decoding),
        **_learnt_from(kind, data, left_out, _by_folds(data, folds, repeats), learnt),
        "near_duplicates": len(clusters) - len(np.unique(clusters)),
    }


def _by_folds(data: Labelled, folds: int, repeats: int) -> str:
    """What a model's figures were measured on, in words."""
    return (
        f"{len(data.levels)} protocols, each by a model that had not read it nor a "
        f"near-duplicate ({folds} folds, {repeats} times)"
    )


def train_and_test(
    kind: str,
    train: Labelled,
    test: Labelled,
    scale: tuple[int, ...],
    cache: FeatureCache,
    *,
    n_train: int | None,
    progress: Progress,
    rubric: Rubric | None = None,
    decoding: str | None = None,
    look: Look = unlooked,
) -> dict[str, Any]:
    """Train on one file and test on another; training rows near a test row are left out."""
    test, left_out = _unknown_to(kind, test)
    apart = _apart(train, [document.text for document in test.documents])
    chosen = _sample(np.flatnonzero(apart), n_train, 0)
    progress(0.0, f"Testing {kind}")
    model = make_model(kind, scale, cache, 0, rubric, test.documents)
    said, spent = _fit_predict(model, train.pick(chosen), test)
    look(model, test.documents)
    return report(test, scale, said, [spent], decoding or model.decoding) | {
        **_learnt_from(
            kind, test, left_out, f"{len(test.levels)} protocols of the test file", len(chosen)
        ),
        "near_duplicates": int((~apart).sum()),
    }


def report(
    data: Labelled,
    scale: tuple[int, ...],
    said: Said,
    seconds: Sequence[tuple[float, float]],
    decoding: str,
) -> dict[str, Any]:
    """Measures as plain numbers with their intervals beside them, and what they cost.

    `truth` and `predicted`, a list of levels a repeat, are there for comparing models; see `ahead`.
    """
    numbers = data.levels - scale[0]
    grounds = said.uncalibrated
    figures = metrics.figures(numbers, said.probabilities, decided_by=grounds, decoding=decoding)
    repeats = grounds.reshape(-1, *grounds.shape[-2:])
    predicted = np.stack([DECODINGS[decoding](ground) for ground in repeats])
    return {
        "n": len(numbers),
        **{name: figure["value"] for name, figure in figures.items()},
        "intervals": {name: [figure["low"], figure["high"]] for name, figure in figures.items()},
        "confusion": metrics.confusion(numbers, predicted[-1], len(scale)).tolist(),
        "decoding": decoding,
        "train_seconds": float(np.mean([fit for fit, _ in seconds])),
        "predict_seconds": float(np.mean([predict for _, predict in seconds])),
        "truth": data.levels.tolist(),
        "predicted": (predicted + scale[0]).tolist(),
    }


def ahead(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """How far one report's model is ahead of another's on the same documents; see `differences`.

    Nothing where they judged different documents, as models do that had read some before.
    """
    if first["truth"] != second["truth"]:
        return {}
    truth, *said = (
        np.array(row) for row in (first["truth"], first["predicted"], second["predicted"])
    )
    lowest = min(truth.min(), *(levels.min() for levels in said))
    levels = max(truth.max(), *(levels.max() for levels in said)) - lowest + 1
    return metrics.differences(truth - lowest, said[0] - lowest, said[1] - lowest, int(levels))


def _fit_predict(model: Model, train: Labelled, test: Labelled) -> tuple[Said, tuple[float, float]]:
    started = time.perf_counter()
    model.fit(train.documents, train.levels.tolist())
    fitted = time.perf_counter()
    said = model.say(test.documents)
    return said, (fitted - started, time.perf_counter() - fitted)


def _unknown_to(kind: str, data: Labelled) -> tuple[Labelled, int]:
    """What the model was not fitted on before it is given any, and how many were left out."""
    apart = _apart(data, texts_known_to(kind))
    if not apart.any():
        raise InvalidInput(f"These are the texts that {kind} was fitted on: measure it on others.")
    return data.pick(np.flatnonzero(apart)), int((~apart).sum())


def _apart(data: Labelled, others: Sequence[str]) -> np.ndarray:
    """Which documents are no near-duplicates of the others, (n,) bool."""
    if not others:
        return np.ones(len(data.levels), bool)
    return clusters_and_apart(others, [document.text for document in data.documents])[1]


def _splits(
    levels: np.ndarray, clusters: np.ndarray, folds: int, repeats: int, n_train: int | None
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Number of the repeat, positions to learn from, positions to be tested on."""
    for repeat in range(repeats):
        fold_of = grouped_folds(levels, clusters, folds, seed=repeat)
        for fold in np.unique(fold_of):
            others = np.flatnonzero(fold_of != fold)
            yield repeat, _sample(others, n_train, repeat), np.flatnonzero(fold_of == fold)


def _learnt_from(
    kind: str, data: Labelled, left_out: int, taught: str, n_train: int
) -> dict[str, Any]:
    """What the figures were measured on, in words, and how many labels the model had."""
    if kind not in UNTAUGHT:
        return {"measured_on": taught, "left_out": left_out, "n_train": n_train}
    rest = f" ({left_out} left out: near-duplicates of texts it was fitted on)" if left_out else ""
    said = f"{len(data.levels)} protocols, none of whose labels it learnt from{rest}"
    return {"measured_on": said, "left_out": left_out, "n_train": 0}


def _sample(which: np.ndarray, size: int | None, seed: int) -> np.ndarray:
    if size is None or size >= len(which):
        return which
    return np.sort(np.random.default_rng(seed).choice(which, size, replace=False))
