"""Ways to weigh the words of a document for a level, by name; what is shown is the one that holds.

Attention says where the model looked, gradients what a word does to the level. Which of them an
office sees is not a matter of taste: `faithfulness` and `overlap` measure every one of them.
"""

from collections.abc import Callable

import numpy as np

from cer_assist.explain.attribution import Attribution

Method = Callable[[Attribution, int], np.ndarray]


def attention(seen: Attribution, number: int) -> np.ndarray:
    """How much the model looked at each word, whatever the level, (words,)."""
    return seen.attention


def gradients(seen: Attribution, number: int) -> np.ndarray:
    """What each word adds to the log-odds of a level, to first order, (words,)."""
    return seen.contributions[number]


def integrated(seen: Attribution, number: int) -> np.ndarray:
    """The same by integrated gradients, for models that are one network, (words,)."""
    return seen.integrated()[number]


def attended(seen: Attribution, number: int) -> np.ndarray:
    """Attention times gradients of the words that speak for a level, (words,).

    Of words that do as much, the one counts more that stands where the model looked. Words that
    speak against the level keep what they add to it, which is below 0.
    """
    adds = gradients(seen, number)
    return np.where(adds > 0, seen.attention * adds, adds)


METHODS: dict[str, Method] = {
    "attended": attended,
    "gradients": gradients,
    "attention": attention,
    "integrated": integrated,
}
# On the reference protocols the words it puts first carry as much as those of gradients, what is
# left of the others carries less, and more of them are what readers marked; docs/explanations.md.
DEFAULT_METHOD = "attended"


def methods_for(seen: Attribution) -> dict[str, Method]:
    """Those that the document's model can be explained by."""
    return {n: m for n, m in METHODS.items() if m is not integrated or seen.is_one_network}
