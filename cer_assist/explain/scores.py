"""What a word is worth to a model whatever protocol it stands in, after Sun & Lu.

Its attention score says how much it asks to be looked at, its polarity scores what it says then. In
a model that looks words up in a table both are properties of the word. Where words are read in
context they differ from place to place, and what is given is their mean; it says so.

Models that have no attention scores are described in what they have: the share of attention a word
gets, and what it changes in a level's log-odds.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from cer_assist.domain.labels import MIN_WORD_PROTOCOLS
from cer_assist.explain.attribution import attribute, log_odds_gradient
from cer_assist.learning.classifier import ProtocolClassifier
from cer_assist.learning.ordinal import falling, falling_slopes
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.attended import AttendedNetwork
from cer_assist.learning.views.networks import FittedNetwork


class Source(StrEnum):
    """How scores came about."""

    exact = "exact"  # a word has one score, wherever it stands
    contexts = "contexts"  # means over the places where the word stands
    shares = "shares"  # means over documents of attention shares and of changes in log-odds


class WordScores(NamedTuple):
    """Scores of the words of some documents.

    Attributes
    ----------
    keys : (v,) uint64, sorted
    documents : (v,) int
        How many have the word, at least 2.
    attention : (v,)
    polarity : (K, v)
        For each level: positive where the word makes it more probable.
    source : Source
    """

    keys: np.ndarray
    documents: np.ndarray
    attention: np.ndarray
    polarity: np.ndarray
    source: Source


def word_scores(classifier: ProtocolClassifier, readings: Sequence[Reading]) -> WordScores:
    """Attention and polarity of every content word that two of the documents have.

    Parameters
    ----------
    classifier : ProtocolClassifier
    readings : sequence of Reading

    References
    ----------
    Sun and Lu 2020, Understanding Attention for Text Classification, section 3: attention score
    a = h V / lambda, polarity score s = h W. With more than two levels s is taken as the change of
    each level's log-odds in a document that says nothing else.
    """
    first, *others = classifier.views_.values()
    if not others and has_scores(first):
        return network_scores(first, readings)
    levels = len(classifier.scale)
    return _averaged(_shares(classifier, readings), levels, Source.shares)


def network_scores(fitted: FittedNetwork, readings: Sequence[Reading]) -> WordScores:
    """The same of a network that pools by attention.

    Parameters
    ----------
    fitted : FittedNetwork
        Of an `AttendedNetwork`.
    readings : sequence of Reading
    """
    bias = fitted.weights["logits.bias"].astype(float)
    levels = len(bias) + 1
    # From what a place says of each answer to what it does to each level.
    slopes = log_odds_gradient(falling(bias[None])[0]) @ falling_slopes(bias)  # (K, K - 1)
    is_exact = fitted.network.learns_words and _is_plain(fitted.network)
    source = Source.exact if is_exact else Source.contexts
    return _averaged(_scored(fitted, readings, slopes), levels, source)


def has_scores(view: Any) -> TypeGuard[FittedNetwork]:
    """Whether a view that has learnt is a network whose words have attention scores."""
    return isinstance(view, FittedNetwork) and issubclass(view.network, AttendedNetwork)


def _is_plain(network: type[AttendedNetwork]) -> bool:
    """Whether attention looks at the words themselves, not at words in context."""
    return network.in_context is AttendedNetwork.in_context


# keys of a document's places, their attention (places,) and polarity (K, places)
_Part = tuple[np.ndarray, np.ndarray, np.ndarray]


def _scored(
    fitted: FittedNetwork, readings: Sequence[Reading], slopes: np.ndarray
) -> Iterator[_Part]:
    """By places: a word said twice counts twice, for each place is a context of its own."""
    for reading, (attention, says) in zip(readings, fitted.rows("scored", readings), strict=True):
        # Pieces of a word are its parts: what they ask and say is averaged, then counted once.
        ones = np.ones((*attention.shape, 1), np.float32)
        both = np.concatenate([attention[:, None], says, ones], axis=-1)
        sums = fitted.network.by_word(reading, both)
        read = sums[:, -1] > 0
        means = sums[read, :-1] / sums[read, -1:]
        yield reading.keys[read], means[:, 0], slopes @ means[:, 1:].T


def _shares(classifier: ProtocolClassifier, readings: Sequence[Reading]) -> Iterator[_Part]:
    """By documents: a word's share in all is its places' together."""
    for seen in attribute(classifier, readings):
        keys, which = np.unique(seen.reading.keys, return_inverse=True)
        attention = np.bincount(which, seen.attention, len(keys))
        changes = [np.bincount(which, row, len(keys)) for row in seen.contributions]
        yield keys, attention, np.array(changes).reshape(len(changes), len(keys))


def _averaged(parts: Iterator[_Part], levels: int, source: Source) -> WordScores:
    found = list(parts) or [(np.zeros(0, np.uint64), np.zeros(0), np.zeros((levels, 0)))]
    keys, which = np.unique(np.concatenate([part[0] for part in found]), return_inverse=True)
    documents = np.zeros(len(keys), int)
    for part in found:
        documents[np.searchsorted(keys, np.unique(part[0]))] += 1
    times = np.maximum(np.bincount(which, minlength=len(keys)), 1)
    attention = np.bincount(which, np.concatenate([part[1] for part in found]), len(keys)) / times
    changes = np.concatenate([part[2] for part in found], axis=1)
    polarity = np.array([np.bincount(which, row, len(keys)) for row in changes]) / times
    kept = documents >= MIN_WORD_PROTOCOLS
    return WordScores(keys[kept], documents[kept], attention[kept], polarity[:, kept], source)
