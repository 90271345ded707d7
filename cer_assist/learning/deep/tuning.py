"""Tuning is a sequence of steps: it can stop after any of them and go on in another process.

What a step does follows from its number alone (which documents, what is dropped, how fast), so a
run that was interrupted ends where an uninterrupted one does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from cer_assist.learning.backbone import STATE_SIZE, Backbone
from cer_assist.learning.deep.lower import LowerCache
from cer_assist.learning.deep.network import TopNetwork
from cer_assist.learning.deep.packing import pack
from cer_assist.learning.documents import Document
from cer_assist.learning.network import Weights
from cer_assist.learning.ordinal import balanced_weights, thresholds

_STEP = "step"


@dataclass(frozen=True)
class Recipe:
    """How an encoder is tuned.

    Attributes
    ----------
    layers : int
        From the top, at most `backbone.TUNABLE`.
    epochs : int
    rate, head_rate : float
        Of AdamW in the encoder's layers and in the head, after the warm-up; they fall to zero.
    warm_up : float
        Share of the steps in which they rise.
    decay : float
    documents, pieces : int
        At most so many in a step: pieces bound the memory, 200 MB a thousand.
    dtype : str
        Of the arithmetic: bfloat16 takes two thirds of the time of float32.
    """

    layers: int = 2
    epochs: int = 3
    rate: float = 5e-5
    head_rate: float = 2e-3
    warm_up: float = 0.1
    decay: float = 1e-2
    documents: int = 8
    pieces: int = 8192
    dtype: str = "mixed_bfloat16"

    def factor(self, done: float) -> float:
        """Share of the full rate when a share of all steps is done."""
        return min(done / self.warm_up, (1 - done) / (1 - self.warm_up)) if done < 1 else 0.0


@dataclass(frozen=True)
class Lesson:
    """What an encoder learns from.

    Attributes
    ----------
    documents : sequence of Document
    numbers : (n,) int
        Level numbers 0 .. K-1.
    lower : LowerCache
    seed : int
    """

    documents: Sequence[Document]
    numbers: np.ndarray
    lower: LowerCache
    seed: int


class Tuning:
    """An encoder that learns; `start` or `restore` it, then take `steps`.

    Parameters
    ----------
    backbone : Backbone
    recipe : Recipe
    levels : int
        K.
    """

    def __init__(self, backbone: Backbone, recipe: Recipe, levels: int):
        self.recipe, self.step = recipe, 0
        self._published = backbone.top
        self.network = TopNetwork(backbone, recipe.layers, levels, recipe.dtype)
        self._groups = [
            (_optimizer(recipe, variables), list(variables), rate)
            for variables, rate in (
                (self.network.top.values(), recipe.rate),
                (self.network.head.values(), recipe.head_rate),
            )
        ]
        self._train = tf.function(
            self._train_batch,
            input_signature=[
                tf.TensorSpec((None, levels - 1), tf.float32),  # level above k?
                tf.TensorSpec((None,), tf.float32),  # weight of each document
                tf.TensorSpec((None, None, STATE_SIZE), tf.float16),
                tf.TensorSpec((None, None), tf.int32),
                tf.TensorSpec((None, None), tf.int32),
                tf.TensorSpec((None, None), tf.bool),
            ],
        )

    def start(self, seed: int) -> None:
        """From the published top and a fresh head."""
        self.step = 0
        self.network.start(self._published, seed)
        for optimizer, _, _ in self._groups:
            for variable in optimizer.variables:
                variable.assign(keras.ops.zeros_like(variable))

    def arrays(self) -> Weights:
        """Everything that a run needs to go on."""
        found = {name: variable.numpy() for name, variable in self._all()}
        return found | {_STEP: np.array(self.step)}

    def restore(self, arrays: Weights) -> None:
        """The opposite of `arrays`."""
        for name, variable in self._all():
            variable.assign(arrays[name])
        self.step = int(arrays[_STEP])

    def tuned(self) -> Weights:
        """The top layers as they are now, float16."""
        return {
            name: variable.numpy().astype(np.float16) for name, variable in self.network.top.items()
        }

    def steps(self, lesson: Lesson) -> Iterator[tuple[int, float]]:
        """Take the steps that are left.

        Yields
        ------
        epoch : int
            Number of the pass over the documents, from 0.
        done : float
            Share of all steps.
        """
        above = thresholds(lesson.numbers, self.network.levels)
        weights = balanced_weights(lesson.numbers, np.ones(len(lesson.numbers), bool))
        plan = [
            (epoch, which)
            for epoch in range(self.recipe.epochs)
            for which in self._batches(lesson, epoch)
        ]
        for at in range(self.step, len(plan)):
            epoch, which = plan[at]
            packed = pack(lesson.lower.read([lesson.documents[one] for one in which]))
            self.network.reseed(lesson.seed, at)
            for optimizer, _, rate in self._groups:
                optimizer.learning_rate.assign(rate * self.recipe.factor((at + 0.5) / len(plan)))
            self._train(above[which], weights[which].astype(np.float32), *packed)
            self.step = at + 1
            yield epoch, self.step / len(plan)

    def _batches(self, lesson: Lesson, epoch: int) -> Iterator[np.ndarray]:
        """Random documents within the limits of a step."""
        order = np.random.default_rng([lesson.seed, epoch]).permutation(len(lesson.documents))
        # Four characters a piece are few: a bound is meant, and no file need be read for it.
        sizes = [len(document.text) // 4 for document in lesson.documents]
        batch: list[int] = []
        for at in order.tolist():
            pieces = sum(sizes[one] for one in batch) + sizes[at]
            if batch and (len(batch) == self.recipe.documents or pieces > self.recipe.pieces):
                yield np.array(batch)
                batch = []
            batch.append(at)
        yield np.array(batch)

    def _all(self) -> Iterator[tuple[str, keras.Variable]]:
        yield from self.network.top.items()
        yield from self.network.head.items()
        for number, (optimizer, _, _) in enumerate(self._groups):
            for at, variable in enumerate(optimizer.variables):
                yield f"optimizer{number}.{at}", variable

    def _train_batch(self, above, weights, rows, windows, places, mask):
        with tf.GradientTape() as tape:
            loss = self.network.loss(above, weights, rows, windows, places, mask, training=True)
        groups = [variables for _, variables, _ in self._groups]
        for (optimizer, variables, _), found in zip(
            self._groups, tape.gradient(loss, groups), strict=True
        ):
            gradients = [tf.convert_to_tensor(one) for one in found]
            optimizer.apply_gradients(zip(gradients, variables, strict=True))


def _optimizer(recipe: Recipe, variables) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.AdamW(weight_decay=recipe.decay, global_clipnorm=1.0)
    optimizer.build(list(variables))
    return optimizer
