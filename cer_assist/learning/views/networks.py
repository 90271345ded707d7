"""Networks over the encoder's frozen states: those of all folds learn side by side.

They learn for a fixed time with a falling rate: the states are good to begin with and the heads
small, so a held-out document is not judged worse for longer learning, and stopping early would only
tie the time to the luck of a few rare levels.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cer_assist.learning.batches import batches_by_length
from cer_assist.learning.course import checkpoints
from cer_assist.learning.inference import inference
from cer_assist.learning.network import Weights, half_way, joint_fit
from cer_assist.learning.ordinal import balanced_weights
from cer_assist.learning.projection import UNITS_PER_DEVIATION
from cer_assist.learning.readings import Reading, without
from cer_assist.learning.views.base import HeldOut, Seen


class FrozenView:
    """A view that is a network over the encoder's states.

    Parameters
    ----------
    network : type of Network
    """

    def __init__(self, network: Any):  # mypy takes a class for something that cannot be hashed
        self.network = network

    def fit(self, readings, numbers, problem, *, start, epochs, progress) -> "FittedNetwork":
        """Learn from all documents; see `View`."""
        schedule = self.network.schedule
        steps = schedule.warm_epochs if start else schedule.epochs
        fresh = self.network.start(problem.levels, problem.seed)
        stages: list[Weights] = []
        [weights] = joint_fit(self.network, 1, problem.levels).fit(
            [self.network.item(reading) for reading in readings],
            numbers,
            balanced_weights(numbers, np.ones(len(numbers), bool))[None],
            half_way(start.weights, fresh) if start else fresh,
            epochs=steps,
            seed=problem.seed,
            progress=lambda share: progress(share, "Learning from all labels"),
            after_epoch=stages.extend,
        )
        kept = () if start else sorted(checkpoints(steps))
        course = {epoch: FittedNetwork(self.network, stages[epoch - 1]) for epoch in kept}
        return FittedNetwork(self.network, weights, course)

    def hold_out(self, readings, numbers, fold_of, tested, problem, progress) -> HeldOut:
        """Judge held-out documents; see `View`."""
        trained = joint_fit(self.network, len(tested), problem.levels).fit(
            [self.network.item(reading) for reading in readings],
            numbers,
            np.stack([balanced_weights(numbers, fold_of != fold) for fold in tested]),
            self.network.start(problem.levels, problem.seed),
            epochs=self.network.schedule.epochs,
            seed=problem.seed,
            progress=lambda share: progress(share, "Testing on held-out protocols"),
        )
        logits = np.full((len(numbers), problem.levels - 1), np.nan)
        for fold, weights in zip(tested, trained, strict=True):
            held = np.flatnonzero(fold_of == fold)
            if len(held):
                fitted = FittedNetwork(self.network, weights)
                logits[held] = fitted.logits([readings[at] for at in held])
        return HeldOut(logits)

    def load(self, arrays: dict[str, np.ndarray]) -> "FittedNetwork":
        """The opposite of `arrays`; see `View`."""
        return FittedNetwork(self.network, arrays)


class FittedNetwork:
    """A network with the weights it learnt.

    Parameters
    ----------
    network : type of Network
    weights : dict of str to ndarray
    course : dict of int to FittedNetwork, optional
        What it was after some of its epochs, where it learnt from the start; not saved.
    """

    def __init__(
        self, network: Any, weights: Weights, course: "dict[int, FittedNetwork] | None" = None
    ):
        self.network, self.weights, self.course = network, weights, course or {}
        self._run = inference(network, len(weights["logits.bias"]) + 1)

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits; see `Fitted`."""
        found = np.zeros((len(readings), len(self.weights["logits.bias"])))
        for which, padded, mask in self._batches(readings):
            found[which] = self._run.logits(self.weights, padded, mask)
        return found

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """What was seen in each document; see `Fitted`."""
        for reading, row in zip(readings, self.rows("look", readings), strict=True):
            yield self.network.seen(self.weights, reading, row, self._again(reading))

    def rows(self, method: str, readings: Sequence[Reading]) -> Iterator[tuple[np.ndarray, ...]]:
        """What a method of the network, (states, mask) -> tensors, tells of each document.

        Each tensor's row has what padding there was.
        """
        rows: dict[int, tuple[np.ndarray, ...]] = {}
        for which, padded, mask in self._batches(readings):
            tensors = self._run.ask(method, self.weights, padded, mask)
            rows |= {int(at): tuple(t[row] for t in tensors) for row, at in enumerate(which)}
        for at in range(len(readings)):
            yield rows.pop(at)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that was learnt; see `Fitted`."""
        return self.weights

    def states_of(self, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
        """What the network reads of a document, (1, time, size) float32 in deviations; its mask."""
        padded, mask = self.network.pad(self.items([reading]))
        if padded.dtype == np.int8:
            padded = padded.astype(np.float32) / UNITS_PER_DEVIATION
        return padded, mask

    def slopes(self, states: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cumulative logits and their derivatives by the states; see `Inference.slopes`."""
        return self._run.slopes(self.weights, states, mask)

    def items(self, readings: Sequence[Reading]) -> list:
        """What the network is given of each document."""
        return [self.network.item(reading) for reading in readings]

    def _batches(self, readings: Sequence[Reading]) -> Iterator[tuple[np.ndarray, ...]]:
        items = self.items(readings)
        lengths = [len(item) for item in items]
        for which in batches_by_length(lengths, self.network.schedule.batch_tokens):
            yield which, *self.network.pad([items[at] for at in which])

    def _again(self, reading: Reading) -> Callable[[np.ndarray], np.ndarray]:
        """The network's answers without the marked words, by reading the document again."""
        return lambda removed: self.logits([without(reading, row) for row in removed])
