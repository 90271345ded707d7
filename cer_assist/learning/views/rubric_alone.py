"""Before any label there is the rubric: a protocol is near the levels whose texts it comes near.

A similarity by itself says little, for every text of the rubric has its own usual distance to
protocols. So each is measured against the sentences of the demo protocols, which belong to nobody's
project. A level is as near as its nearest text is to a sentence, the three nearest sentences on
average; cue words are counted beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from cer_assist.learning.cues import Cues, counts
from cer_assist.learning.cumulative import non_increasing
from cer_assist.learning.readings import Reading
from cer_assist.learning.similarities import TOP, Carried, all_similarities, top_rows
from cer_assist.learning.views.base import Seen


@dataclass(frozen=True)
class Background:
    """What similarities to the rubric are measured against.

    Attributes
    ----------
    texts : (t, 384)
        Where the rubric's texts point.
    levels : (t,) int
        Level number of each, never decreasing; every level has at least one.
    centre, spread : (t,)
        Of the similarities of sentences to each text.
    carriers : (65, t)
        See `fit_carriers`.
    """

    texts: np.ndarray
    levels: np.ndarray
    centre: np.ndarray
    spread: np.ndarray
    carriers: np.ndarray

    @property
    def size(self) -> int:
        """K."""
        return int(self.levels[-1]) + 1

    def by_level(self, found: np.ndarray) -> np.ndarray:
        """How near sentences come to each level, (..., sentences, K), from similarities."""
        starts = np.flatnonzero(np.diff(self.levels, prepend=-1))
        return np.maximum.reduceat((found - self.centre) / self.spread, starts, axis=-1)

    def nearness(self, found: np.ndarray) -> np.ndarray:
        """How near a document comes to each level, (..., K); all alike without a sentence."""
        if not found.shape[-2]:
            return np.zeros((*found.shape[:-2], self.size))
        return top_rows(self.by_level(found)).mean(axis=-2)

    def moved(self, carried: Carried) -> np.ndarray:
        """What each word adds to the nearness to each level, (words, K)."""
        scores = (carried.similarities - self.centre) / self.spread
        effects = carried.effects() / self.spread
        found = np.zeros((len(effects), self.size))
        for level in range(self.size):
            texts = np.flatnonzero(self.levels == level)
            best = texts[scores[:, texts].argmax(axis=1)]  # (sentences,)
            near = scores[np.arange(len(scores)), best]
            top = np.argsort(-near, kind="stable")[:TOP]
            counted = np.isin(carried.sentences, top)
            own = effects[np.arange(len(effects)), best[carried.sentences]]
            found[:, level] = np.where(counted, own / len(top), 0.0)
        return found


class RubricAlone:
    """A model that no label has taught.

    Parameters
    ----------
    background : Background
    cues : Cues
    weights : (2 K, K - 1)
        Of nearness to each level and of the logarithm of one more than its cues.
    intercepts : (K - 1,)
    """

    def __init__(
        self, background: Background, cues: Cues, weights: np.ndarray, intercepts: np.ndarray
    ):
        self.background, self.cues = background, cues
        self.weights, self.intercepts = weights, intercepts

    def logits(self, readings: Sequence[Reading]) -> np.ndarray:
        """Cumulative logits; see `Fitted`."""
        return self.answers(features_of(readings, self.background, self.cues))

    def answers(self, features: np.ndarray) -> np.ndarray:
        """Cumulative logits from what `features_of` gives."""
        return non_increasing(features @ self.weights + self.intercepts)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that it consists of; see `Fitted`."""
        cues = {f"cue_{name}": array for name, array in vars(self.cues).items()}
        own = {"weights": self.weights, "intercepts": self.intercepts}
        return {**vars(self.background), **cues, **own}

    @classmethod
    def load(cls, arrays: dict[str, np.ndarray]) -> "RubricAlone":
        """The opposite of `arrays`; see `View`."""
        background = {name: arrays[name] for name in Background.__dataclass_fields__}
        cues = {name: arrays[f"cue_{name}"] for name in Cues.__dataclass_fields__}
        return cls(Background(**background), Cues(**cues), arrays["weights"], arrays["intercepts"])

    def look(self, readings: Sequence[Reading]) -> Iterator[Seen]:
        """What sentences and cue words say; attention is a word's share in what speaks at all."""
        found = all_similarities(readings, self.background.texts)
        for reading, similarities in zip(readings, found, strict=True):
            carried = Carried.of(reading, similarities, self.background.carriers)
            levels, members = self.cues.found_in(reading)
            without = partial(self._without, carried, levels, members)
            moved = self._moved(carried, levels, members)  # (words, 2 K)
            weight = np.abs(moved @ self.weights).sum(axis=1)
            yield Seen(
                logits=without(np.zeros((1, len(reading.words)), bool))[0],
                attention=weight / max(weight.sum(), 1e-12),
                contributions=(moved @ self.weights).T,
                without=without,
            )

    def _moved(self, carried: Carried, levels: np.ndarray, members: np.ndarray) -> np.ndarray:
        """What each word adds to the features; a cue's words share what one cue less would take."""
        size = self.background.size
        if not len(carried.similarities):
            return np.zeros((members.shape[1], 2 * size))
        said = counts(levels, size)
        lost = np.log1p(said) - np.log1p(np.maximum(said - 1, 0))  # (K,)
        shares = members / np.maximum(members.sum(axis=1, keepdims=True), 1)
        by_level = shares.T @ np.eye(size)[levels] * lost
        return np.concatenate([self.background.moved(carried), by_level], axis=1)

    def _without(
        self, carried: Carried, levels: np.ndarray, members: np.ndarray, removed: np.ndarray
    ) -> np.ndarray:
        near = self.background.nearness(carried.without(removed))
        left = ~(removed.astype(int) @ members.T.astype(int)).astype(bool)  # (sets, places)
        said = left @ np.eye(self.background.size)[levels]
        return self.answers(np.concatenate([near, np.log1p(said)], axis=1))


def features_of(readings: Sequence[Reading], background: Background, cues: Cues) -> np.ndarray:
    """Nearness to each level and the logarithm of one more than its cues, (n, 2 K)."""
    found = all_similarities(readings, background.texts)
    near = np.stack([background.nearness(similarities) for similarities in found])
    said = [counts(cues.found_in(reading)[0], background.size) for reading in readings]
    return np.concatenate([near, np.log1p(said)], axis=1)
