"""Which word won each pooled column, for networks that read nothing but the largest of each."""

from typing import NamedTuple

import numpy as np

from cer_assist.explain.attribution import log_odds_gradient
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.networks import FittedNetwork


class Winners(NamedTuple):
    """The winner of every column of one document.

    Attributes
    ----------
    words : (size,) int
        Index of the content word, -1 where it is another word.
    values : (size,)
        The column's largest value.
    contributions : (K, size)
        What the column adds to each level's log-odds, to first order.
    """

    words: np.ndarray
    values: np.ndarray
    contributions: np.ndarray


def winners(fitted: FittedNetwork, reading: Reading) -> Winners:
    """Of a network of the kind `maxpool`, the word behind every column.

    Parameters
    ----------
    fitted : FittedNetwork
    reading : Reading
        With at least one word.
    """
    states, mask = fitted.states_of(reading)
    logits, slopes = fitted.slopes(states, mask)
    place = states[0].argmax(axis=0)  # (size,)
    word_at = np.full(states.shape[1], -1)
    within = reading.place < states.shape[1]
    word_at[reading.place[within]] = np.flatnonzero(within)
    # A word that is said twice wins twice and shares the slope, so it is summed over places.
    by_logit = (slopes[:, 0] * states[0]).sum(axis=1)  # (K - 1, size)
    return Winners(word_at[place], states[0].max(axis=0), log_odds_gradient(logits[0]) @ by_logit)
