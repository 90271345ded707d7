"""Ways to weigh the words of a document for a level, by name; what is shown is the one that holds.

Attention says where the model looked, gradients what a word does to the level. Which of them an
office sees is not a matter of taste: `faithfulness` and `overlap` measure every one of them.
"""

from collections.abc import Callable

import numpy as np

from cer_assist.explain.attribution import Attribution
from cer_assist.learning.readings import around

# Of half and double the weight, this is the one at which most of a level rests on the words.
NEIGHBOURS_COUNT = 2.0
NEIGHBOURS = 4  # content words on each side, in the same sentence

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


def single(seen: Attribution, number: int) -> np.ndarray:
    """Attention times gradients of the words that speak for a level, each by itself, (words,).

    Words that speak against the level keep what they add to it, which is below 0.
    """
    return _towards(gradients(seen, number), seen.attention)


def in_passages(seen: Attribution, number: int) -> np.ndarray:
    """The same, where what the words around a word add counts for it too, (words,).

    An argument is a passage, and which of its words carries it is an estimate: to first order half
    the words of a passage that readers quote add nothing.
    """
    return _towards(_with_neighbours(gradients(seen, number), seen), seen.attention)


def supervised(seen: Attribution, number: int) -> np.ndarray:
    """Where the model looked and readers would mark, whatever the level, (words,)."""
    return seen.attention if seen.expected is None else seen.attention * seen.expected


def attended(seen: Attribution, number: int) -> np.ndarray:
    """As `in_passages`; where marks taught it, those words come first that readers would mark."""
    return _towards(_with_neighbours(gradients(seen, number), seen), supervised(seen, number))


def _with_neighbours(adds: np.ndarray, seen: Attribution) -> np.ndarray:
    near = around(np.maximum(adds, 0), seen.reading.sentences, NEIGHBOURS)
    return adds + NEIGHBOURS_COUNT * near


def _towards(adds: np.ndarray, looked: np.ndarray) -> np.ndarray:
    return np.where(adds > 0, looked * adds, adds)


METHODS: dict[str, Method] = {
    "attended": attended,
    "in_passages": in_passages,
    "single": single,
    "gradients": gradients,
    "supervised": supervised,
    "attention": attention,
    "integrated": integrated,
}
# The last two pairs are the same unless marks taught where to look.
COMPARED = (("attended", "single"), ("attended", "in_passages"), ("supervised", "attention"))
# On the reference protocols the words it puts first carry as much as those of gradients, and more
# of them are what readers marked; docs/explanations.md.
DEFAULT_METHOD = "attended"


def methods_for(seen: Attribution) -> dict[str, Method]:
    """Those that the document's model can be explained by."""
    left_out = set() if seen.is_one_network else {"integrated"}
    if seen.expected is None:
        left_out |= {"in_passages", "supervised"}
    return {name: method for name, method in METHODS.items() if name not in left_out}
