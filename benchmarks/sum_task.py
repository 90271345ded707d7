"""Does attention find what matters? The label is the sum of two marked steps among dozens.

The adding problem: a step is a value and a mark, a sequence has two marked steps, its label is the
sum of their values. Whoever attends to these two needs no memory and knows the answer. Padding
holds leftovers of other sequences, marks and all, as a reused buffer does: only the mask says where
a sequence ends. One row has zeros for padding instead, which attention can learn to look past.

Attention and the line after it start from zero, that is from the even mean, so that the data decide
every sign. From Keras' random start 6 of 10 seeds ended up looking at only the larger or only the
smaller of the two (error .4, as one of them tells half about their sum).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import cer_assist.learning  # noqa: F401 - before Keras: it silences TensorFlow's greetings

# isort: split
import keras
import numpy as np

from benchmarks.tables import print_table
from cer_assist.learning.attention import AttentionPooling

SHORTEST, LONGEST = 10, 40
TRAIN, TEST, EPOCHS, LEARNING_RATE = 1000, 500, 10, 0.03
INKS = " .:-=+*#%@"


class Sequences(NamedTuple):
    """What is learnt from.

    Attributes
    ----------
    states : (n, time, 2) float32
        Value in -1 .. 1, and 1 for a marked step, else 0.
    mask : (n, time) bool
        False in padding.
    sums : (n,) float32
    """

    states: np.ndarray
    mask: np.ndarray
    sums: np.ndarray

    @property
    def marked(self) -> np.ndarray:
        """The two steps that make the label, (n, time) bool."""
        marked: np.ndarray = self.mask & (self.states[..., 1] == 1)
        return marked


class Variant(NamedTuple):
    """A way from states to one vector."""

    pooling: Callable[[], Any]
    masked: bool = True
    zeros: bool = False


attention = partial(AttentionPooling, 8, context_initializer="zeros")
VARIANTS = {
    "mean of all steps": Variant(keras.layers.GlobalAveragePooling1D),
    "last state of an LSTM": Variant(partial(keras.layers.LSTM, 16)),
    "attention without a mask": Variant(attention, masked=False),
    "the same, padded with zeros": Variant(attention, masked=False, zeros=True),
    "attention": Variant(attention),
}


def sequences(count: int, seed: int) -> Sequences:
    """Sequences of 10 to 40 steps, padded to 40."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(SHORTEST, LONGEST + 1, count)
    mask = np.arange(LONGEST) < lengths[:, None]
    states = np.empty((count, LONGEST, 2), np.float32)
    states[..., 0] = generator.uniform(-1, 1, mask.shape)
    states[..., 1] = generator.random(mask.shape) < 4 / (SHORTEST + LONGEST)  # of the leftovers
    for row, length in zip(states, lengths, strict=True):
        row[:length, 1] = 0
        row[generator.choice(length, 2, replace=False), 1] = 1
    return Sequences(states, mask, (states.prod(axis=2) * mask).sum(axis=1))


class Trained:
    """A variant, trained on sequences and asked about others."""

    def __init__(self, variant: Variant, data: Sequences, seed: int) -> None:
        keras.utils.set_random_seed(seed)
        self.variant = variant
        self.pooling = variant.pooling()
        states, mask = keras.Input((LONGEST, 2)), keras.Input((LONGEST,), dtype="bool")
        pooled = self.pooling(states, mask=mask) if variant.masked else self.pooling(states)
        answer = keras.layers.Dense(1, kernel_initializer="zeros")(pooled)
        self.model = keras.Model([states, mask], answer)
        self.model.compile(keras.optimizers.Adam(LEARNING_RATE), "mse", jit_compile=False)
        given = [self._states(data), data.mask]
        self.model.fit(given, data.sums, batch_size=32, epochs=EPOCHS, verbose=0)

    def _states(self, data: Sequences) -> np.ndarray:
        return data.states * data.mask[..., None] if self.variant.zeros else data.states

    def answers(self, data: Sequences) -> np.ndarray:
        """The sums it says, (n,)."""
        return np.asarray(self.model([self._states(data), data.mask]))[:, 0]

    def error(self, data: Sequences) -> float:
        """Root mean square error of the answers, in the unit of the values."""
        return float(np.sqrt(np.mean((self.answers(data) - data.sums) ** 2)))

    def weights(self, data: Sequences) -> np.ndarray | None:
        """How much it looks at each step, (n, time) summing to 1; None where that is unknown."""
        if isinstance(self.pooling, AttentionPooling):
            mask = data.mask if self.variant.masked else None
            return np.asarray(self.pooling.attention(self._states(data), mask))
        if isinstance(self.pooling, keras.layers.GlobalAveragePooling1D):
            return np.asarray(data.mask / data.mask.sum(axis=1, keepdims=True))
        return None


def mass(weights: np.ndarray, where: np.ndarray) -> float:
    """Share of the weights that lies on some steps, averaged over sequences."""
    return float((weights * where).sum(axis=1).mean())


def drawn(weights: np.ndarray) -> str:
    """One sequence's weights (time,) as characters: the darkest from half of all weight on."""
    ranks = np.ceil(np.minimum(weights / 0.5, 1.0) * (len(INKS) - 1) - 0.05).astype(int)
    return "".join(INKS[rank] for rank in ranks)


def main(argv: Sequence[str]) -> None:
    """Train every variant, print errors and attention, draw the weights of a few sequences."""
    parser = argparse.ArgumentParser(prog="bench sum-task")
    parser.add_argument("--seeds", type=int, default=3, help="how often each variant is trained")
    parser.add_argument("--draw", type=int, default=3, help="how many sequences are drawn")
    options = parser.parse_args(argv)
    data, unseen = sequences(TRAIN, seed=0), sequences(TEST, seed=1)
    trained: dict[str, list[Trained]] = {}
    for name, variant in VARIANTS.items():
        print(f"training: {name}", file=sys.stderr, flush=True)
        trained[name] = [Trained(variant, data, seed) for seed in range(options.seeds)]
    header = ("variant", "RMSE", "worst", "on the two marked", "least", "on padding")
    rows = [_row(name, models, unseen) for name, models in trained.items()]
    guess = f"{np.std(unseen.sums):.3f}"
    rows.insert(0, ["always the mean of the labels", guess, guess, "", "", ""])
    title = f"sum of two marked steps: {TRAIN} sequences to learn from, {TEST} unseen, "
    print_table(f"{title}{options.seeds} seeds", header, rows)
    _draw({name: models[0] for name, models in trained.items()}, unseen, options.draw)


def _row(name: str, models: list[Trained], unseen: Sequences) -> list[str]:
    errors = [model.error(unseen) for model in models]
    found = [weights for model in models if (weights := model.weights(unseen)) is not None]
    cells = [name, f"{np.mean(errors):.3f}", f"{max(errors):.3f}"]
    if not found:
        return [*cells, "", "", ""]
    marked = [mass(weights, unseen.marked) for weights in found]
    padding = [mass(weights, ~unseen.mask) for weights in found]
    return [*cells, f"{np.mean(marked):.1%}", f"{min(marked):.1%}", f"{np.mean(padding):.1%}"]


def _draw(models: dict[str, Trained], unseen: Sequences, count: int) -> None:
    few = Sequences(*(part[:count] for part in unseen))
    width = max(map(len, models))
    says = {name: model.answers(few) for name, model in models.items()}
    looks = {name: model.weights(few) for name, model in models.items()}
    print(f"\nattention of the first seed, from none to half of it: [{INKS}]; ~ is padding")
    for at in range(len(few.sums)):
        steps = np.where(few.mask[at], np.where(few.marked[at], "^", "."), "~")
        print(f"\n{'sum of the steps marked ^':<{width}}  [{''.join(steps)}]  {few.sums[at]:+.2f}")
        for name, weights in looks.items():
            picture = " " * LONGEST if weights is None else drawn(weights[at])
            print(f"{name:<{width}}  [{picture}]  {says[name][at]:+.2f}")
