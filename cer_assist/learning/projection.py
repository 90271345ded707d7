"""One fixed projection from 384 to 64 numbers, fitted once, on texts that are nobody's test data.

It was fitted by `python -m cer_assist.learning.projection` on the unlabelled demo texts that come
with this program, is stored beside this file and pinned by its SHA-256. So it can leak nothing
from any project's documents into an evaluation, cached states never have to be rebuilt because a
project grew, and models can be moved between machines. (Fitted on the encoder's vocabulary alone,
64 directions keep only 36 % of the variance of real protocols: words need sentences around them.)
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from cer_assist.learning.encoder import Encoder, check_sha256
from cer_assist.learning.text import tokenise, windows

SIZE = 64
PATH = Path(__file__).with_name("projection.safetensors")
SHA256 = "9f345945675d8386f304748fc372b7914038f7e6d2c047378b61fe01c0ae1acf"
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

    def quantise(self, states: np.ndarray) -> np.ndarray:
        """(n, 384) float32 states -> (n, 64) int8, 127 being four standard deviations."""
        scaled = (states - self.mean) @ (self.directions * UNITS_PER_DEVIATION)
        return np.clip(np.rint(scaled), -127, 127).astype(np.int8)


def load_projection() -> Projection:
    """The projection shipped with this version, checked before it is opened."""
    check_sha256(PATH, SHA256)
    return Projection(**load_file(PATH))


def fit_projection(encoder: Encoder, texts: Iterable[str]) -> Projection:
    """Principal components of the states of all word pieces of some texts.

    Parameters
    ----------
    encoder : Encoder
    texts : iterable of str
        Running text of the kind the states will come from; labels play no part.
    """
    cut = []
    for text in texts:
        pieces = tokenise(encoder.tokenizer, text)
        cut += [pieces.ids[start:end] for start, end in windows(pieces)]
    count, total, products = 0, np.zeros(384), np.zeros((384, 384))
    for which, batch in encoder.states(cut):
        for at, row in zip(which, batch, strict=True):
            states = row[: len(cut[at])].astype(np.float64)  # (pieces, 384)
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


def main(texts: Path, out: Path = PATH) -> None:
    """Fit on a JSONL file of `{title, sections: {name: text}}` and write the projection."""
    rows = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    found = fit_projection(
        Encoder(), ("\n\n".join([row["title"], *row["sections"].values()]) for row in rows)
    )
    save_file({"mean": found.mean, "directions": np.ascontiguousarray(found.directions)}, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
