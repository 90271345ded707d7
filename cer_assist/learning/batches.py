"""Documents of similar length are padded together, and no batch is larger than memory allows."""

from collections.abc import Sequence

import numpy as np

BATCH_DOCUMENTS = 32


def pad(items: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Stack documents of different length: (batch, time, ...) and its mask (batch, time) bool."""
    lengths = np.array([len(item) for item in items])
    shape = (len(items), max(1, lengths.max()), *items[0].shape[1:])
    padded = np.zeros(shape, items[0].dtype)
    for row, found in zip(padded, items, strict=True):
        row[: len(found)] = found
    return padded, np.arange(padded.shape[1]) < lengths[:, None]


def batches_by_length(lengths: Sequence[int], tokens: int) -> list[np.ndarray]:
    """Positions in groups of similar length, each within the limits of a batch."""
    return _within_limits(np.argsort(lengths, kind="stable"), lengths, tokens)


def shuffled_batches(
    lengths: Sequence[int], generator: np.random.Generator, tokens: int
) -> list[np.ndarray]:
    """Random batches; within a few batches' worth, documents of similar length go together."""
    sizes = np.asarray(lengths)
    order = generator.permutation(len(lengths))
    batches = []
    for group in np.split(order, range(4 * BATCH_DOCUMENTS, len(order), 4 * BATCH_DOCUMENTS)):
        batches += _within_limits(group[np.argsort(sizes[group], kind="stable")], lengths, tokens)
    return [batches[at] for at in generator.permutation(len(batches))]


def _within_limits(order: np.ndarray, lengths: Sequence[int], tokens: int) -> list[np.ndarray]:
    """Cut positions, shortest first, so that rows x longest stays within `tokens`."""
    batches, start = [], 0
    for end in range(1, len(order) + 1):
        full = end - start == BATCH_DOCUMENTS
        if end == len(order) or full or (end + 1 - start) * lengths[order[end]] > tokens:
            batches.append(order[start:end])
            start = end
    return batches
