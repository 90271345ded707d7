"""One fixed projection from 384 to 64 numbers, fitted on texts that are nobody's test data.

It is fitted at first use on the demo texts that come with this program and kept beside the cached
states. So it can leak nothing from any project's documents into an evaluation, and states never
have to be rebuilt because a project grew. What identifies it is what it is made from (`RECIPE`),
not its last bits: fitted anew on another machine it differs by less than the step of an int8.
(Fitted on the encoder's vocabulary alone, 64 directions keep only 36 % of the variance of real
protocols: words need sentences around them.)
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cer_assist.domain.errors import Corrupt
from cer_assist.learning.checked_files import read_arrays, write_arrays
from cer_assist.learning.encoder import Encoder
from cer_assist.learning.text import tokenise, windows

SIZE = 64
TEXTS = Path(__file__).resolve().parent.parent / "demo" / "protocols.jsonl"
RECIPE = f"{SIZE} components of content words of {hashlib.sha256(TEXTS.read_bytes()).hexdigest()}"
# int8 covers four standard deviations either side; .006 % of a normal lies outside and is clipped.
UNITS_PER_DEVIATION = 127 / 4


@dataclass(frozen=True)
class Projection:
    """Centre, directions and spread of encoder states.

    Attributes
    ----------
    mean : (384,) float32
    directions : (384, 64) float32
        Principal directions, each divided by its standard deviation.
    """

    mean: np.ndarray
    directions: np.ndarray

    @cached_property
    def steps(self) -> np.ndarray:
        """Directions in steps of an int8, (384, 64) float32; 127 is four standard deviations."""
        return self.directions * np.float32(UNITS_PER_DEVIATION)

    @cached_property
    def shift(self) -> np.ndarray:
        """What centres the projected states, (64,) float32."""
        return -self.mean @ self.steps  # instead of one pass more over the wide states


def projection_in(folder: Path, encoder: Encoder) -> Projection:
    """The projection kept in a folder; one that is missing or damaged is fitted again.

    Parameters
    ----------
    folder : Path
        Of the cached states that were made with it.
    encoder : Encoder
    """
    path = folder / "projection.safetensors"
    try:
        return Projection(**read_arrays(path))
    except (FileNotFoundError, Corrupt):
        found = fit_projection(encoder, _texts())
    write_arrays(path, {"mean": found.mean, "directions": found.directions})
    return found


def _texts() -> list[str]:
    rows = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    return ["\n\n".join([row["title"], *row["sections"].values()]) for row in rows]


def fit_projection(encoder: Encoder, texts: Iterable[str]) -> Projection:
    """Principal components of the states of the content words of some texts.

    Parameters
    ----------
    encoder : Encoder
    texts : iterable of str
        Running text of the kind the states will come from; labels play no part.
    """
    cut, content = [], []
    for text in texts:
        pieces = tokenise(encoder.tokenizer, text)
        cut += [pieces.ids[start:end] for start, end in windows(pieces)]
        marked = pieces.content[pieces.word_of_piece]
        content += [np.flatnonzero(marked[start:end]) for start, end in windows(pieces)]
    count, total, products = 0, np.zeros(384), np.zeros((384, 384))
    for which, batch in encoder.states(cut):
        for at, row in zip(which, batch, strict=True):
            states = row[content[at]].astype(np.float64)  # (pieces, 384)
            count += len(states)
            total += states.sum(axis=0)
            products += states.T @ states
    mean = total / count
    variances, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    largest = np.argsort(variances)[::-1][:SIZE]
    # The sign of an eigenvector is arbitrary; fixing it makes the fit repeatable.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(384)])
    directions = (vectors * signs)[:, largest] / np.sqrt(variances[largest])
    return Projection(mean.astype(np.float32), directions.astype(np.float32))
