"""Sentences share rows, and each one sees itself alone: hardly any arithmetic goes into padding.

Above the embeddings a layer knows no positions, so the sentences of a batch can lie behind each
other in rows of one length, with a mask that keeps them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

ROW = 128  # pieces; a batch with a longer sentence has longer rows


@dataclass(frozen=True)
class LowerStates:
    """What the layers that stay as they are make of a document.

    Attributes
    ----------
    states : (pieces, 384) float16
        Window after window, each with its [CLS] and [SEP].
    lengths : (windows,) int32
        Pieces of each window.
    content : (content pieces,) int32
        Which pieces belong to content words, never decreasing.
    """

    states: np.ndarray
    lengths: np.ndarray
    content: np.ndarray


class Packed(NamedTuple):
    """A batch of documents.

    Attributes
    ----------
    rows : (rows, time, 384) float16
    windows : (rows, time) int32
        Equal for pieces of the same window of a row, 0 where there is none.
    places : (documents, longest) int32
        Content pieces of each document in the rows laid end to end.
    mask : (documents, longest) bool
    """

    rows: np.ndarray
    windows: np.ndarray
    places: np.ndarray
    mask: np.ndarray


def pack(documents: Sequence[LowerStates]) -> Packed:
    """Lay the windows of documents into rows, the longest first, each where it first fits."""
    lengths = np.concatenate([document.lengths for document in documents])
    time = max(ROW, int(lengths.max(initial=0)))
    row_of, start_of = first_fit(lengths, time)
    count = int(row_of.max(initial=0)) + 1
    rows = np.zeros((count * time, documents[0].states.shape[1]), np.float16)
    windows = np.zeros(count * time, np.int32)
    # Where each piece of the documents, laid end to end, comes to lie.
    begins = np.repeat(row_of * time + start_of, lengths)
    place = begins + np.arange(len(begins)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows[place] = np.concatenate([document.states for document in documents])
    windows[place] = np.repeat(np.arange(1, len(lengths) + 1), lengths)
    longest = max(1, *(len(document.content) for document in documents))
    places = np.zeros((len(documents), longest), np.int32)
    mask = np.zeros(places.shape, bool)
    before = 0
    for at, document in enumerate(documents):
        places[at, : len(document.content)] = place[before + document.content]
        mask[at, : len(document.content)] = True
        before += len(document.states)
    return Packed(rows.reshape(count, time, -1), windows.reshape(count, time), places, mask)


def first_fit(lengths: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and starts of windows, (n,) int each, in rows of `size`."""
    row_of, start_of = np.zeros(len(lengths), int), np.zeros(len(lengths), int)
    filled = np.zeros(len(lengths) + 1, int)
    for at in np.argsort(-lengths, kind="stable"):
        row = int(np.argmax(filled + lengths[at] <= size))
        row_of[at], start_of[at] = row, filled[row]
        filled[row] += lengths[at]
    return row_of, start_of
