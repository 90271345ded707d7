"""A word's share in a level is computed from the model's own formula, not guessed beside it.

Both views are nearly linear in words once the document is read: the attention view pools states by
weights, the lexical view adds up word weights. So "what if this word were not attended to" has a
closed form for every word at once, and no explanation model stands between model and reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.lexical import count_words, weigh
from cer_assist.learning.network import attend
from cer_assist.learning.ordinal import falling, level_probabilities, sigmoid
from cer_assist.learning.projection import UNITS_PER_DEVIATION
from cer_assist.learning.readings import Reading

_LEAST_REST = 1e-6  # attention left when every word is taken away


@dataclass(frozen=True)
class Attribution:
    """One document as the classifier saw it.

    Attributes
    ----------
    reading : Reading
    probabilities : (K,)
    attention : (words,)
        Attention of each content word: its pieces summed, heads averaged; sums to 1.
    contributions : (K, words)
        Change of each level's log-odds, to first order, that the word brings about.
    """

    reading: Reading
    probabilities: np.ndarray
    attention: np.ndarray
    contributions: np.ndarray
    _without: "_Without"

    def probabilities_without(self, removed: np.ndarray) -> np.ndarray:
        """Probabilities if the marked words were not read, exactly in both views.

        Parameters
        ----------
        removed : (sets, words) bool

        Returns
        -------
        (sets, K)
        """
        return self._without(removed)


@dataclass(frozen=True)
class _Without:
    classifier: ProtocolClassifier
    mass: np.ndarray  # (words, heads): attention of each word
    carried: np.ndarray  # (words, heads, 64): attention-weighted states of each word
    pooled: np.ndarray  # (heads, 64)
    place: np.ndarray  # (words,): which of the known words, -1 for unknown
    known: np.ndarray  # (known words,): their rows in the lexical model

    def __call__(self, removed: np.ndarray) -> np.ndarray:
        taken = removed.astype(np.float64)
        rest = np.maximum(1 - taken @ self.mass, _LEAST_REST)  # (sets, heads)
        moved = np.tensordot(taken, self.carried, axes=1)  # (sets, heads, 64)
        pooled = (self.pooled - moved) / rest[..., None]
        weights = self.classifier.network_
        flat = pooled.reshape(len(pooled), -1)
        attention = falling(flat @ weights["logits.kernel"] + weights["logits.bias"])
        lexical = self.classifier.lexical_.logits_of_some(self._counts(removed), self.known)
        return self.classifier.blend_.probabilities(attention, lexical)

    def _counts(self, removed: np.ndarray) -> np.ndarray:
        member = self.place[:, None] == np.arange(len(self.known))  # (words, known words)
        return (~removed).astype(np.float64) @ member


def attribute(classifier: ProtocolClassifier, readings: Sequence[Reading]) -> Iterator[Attribution]:
    """Attributions of documents, in order."""
    lexical = classifier.lexical_
    counts = count_words(readings, lexical.keys)
    features = weigh(counts, lexical.idf)
    lexical_logits = lexical.logits_of_counts(counts)
    seen_all = attend(classifier.network_, [reading.states for reading in readings])
    for at, (reading, seen) in enumerate(zip(readings, seen_all, strict=True)):
        row = slice(features.indptr[at], features.indptr[at + 1])
        known = features.indices[row]
        place = _places(lexical.keys[known], reading.keys)
        mass, carried = _word_attention(reading, seen.attention)
        parts = lexical.coefficients[known] * features.data[row][:, None]  # (known, K - 1)
        each = np.append(parts / counts.data[row][:, None], np.zeros((1, parts.shape[1])), axis=0)
        by_logit = classifier.blend_.attention * _attended(seen, mass, carried)
        by_logit += (1 - classifier.blend_.attention) * each[place].T  # (K - 1, words)
        logits = classifier.blend_.logits(seen.logits.astype(np.float64), lexical_logits[at])
        yield Attribution(
            reading=reading,
            probabilities=level_probabilities(logits[None])[0],
            attention=mass.mean(axis=1),
            contributions=log_odds_gradient(logits) @ by_logit / classifier.blend_.temperature,
            _without=_Without(classifier, mass, carried, seen.pooled, place, known),
        )


def log_odds_gradient(logits: np.ndarray) -> np.ndarray:
    """Derivative of each level's log-odds by each cumulative logit, (K, K - 1)."""
    above = sigmoid(logits)
    slopes = above * (1 - above)
    levels = np.maximum(level_probabilities(logits[None])[0], 1e-9)
    gradient = np.zeros((len(levels), len(logits)))
    ranks = np.arange(len(logits))
    gradient[ranks + 1, ranks] = slopes
    gradient[ranks, ranks] = -slopes
    return gradient / (levels * np.maximum(1 - levels, 1e-9))[:, None]


def _word_attention(reading: Reading, attention: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Attention (words, heads) and attention-weighted states (words, heads, 64) of whole words."""
    if not len(reading.words):
        heads, size = len(attention), reading.states.shape[1]
        return np.zeros((0, heads)), np.zeros((0, heads, size))
    starts = np.flatnonzero(np.diff(reading.word_of_piece, prepend=-1))
    states = reading.states.astype(np.float32) / UNITS_PER_DEVIATION  # (pieces, 64)
    carried = attention.T[:, :, None] * states[:, None, :]  # (pieces, heads, 64)
    return np.add.reduceat(attention.T, starts), np.add.reduceat(carried, starts)


def _attended(seen, mass: np.ndarray, carried: np.ndarray) -> np.ndarray:
    """Change of each logit by attending to each word instead of the others, (K - 1, words)."""
    rest = np.maximum(1 - mass, _LEAST_REST)[..., None]
    moves = (carried - mass[..., None] * seen.pooled) / rest  # (words, heads, 64)
    return np.tensordot(seen.jacobian, moves, axes=((1, 2), (1, 2)))


def _places(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Where each word's key stands among the known ones, -1 if it does not."""
    if not len(known):
        return np.full(len(keys), -1)
    order = np.argsort(known)
    at = np.minimum(np.searchsorted(known[order], keys), len(known) - 1)
    return np.where(known[order][at] == keys, order[at], -1)
