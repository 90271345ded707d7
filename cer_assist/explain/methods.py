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


METHODS: dict[str, Method] = {
    "attention": attention,
    "gradients": gradients,
    "integrated": integrated,
}
# Of the reference protocols' probability the words it weighs most take three times as much with
# them as attention's; see docs/explanations.md.
DEFAULT_METHOD = "gradients"


def methods_for(seen: Attribution) -> dict[str, Method]:
    """Those that the document's model can be explained by."""
    return {n: m for n, m in METHODS.items() if m is not integrated or seen.is_one_network}
