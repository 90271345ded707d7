"""The kinds of model by name, for people who choose one: what it reads, in their words.

What each is made of stands in `learning.kinds`, which the web process never loads.
"""

from __future__ import annotations

from typing import NamedTuple


class KindWords(NamedTuple):
    """A kind's name on the page and what to expect of it."""

    title: str
    hint: str


DEFAULT_KIND = "blend"
MODEL_KINDS: dict[str, KindWords] = {
    "blend": KindWords(
        "Sentences that decide, word counts and the rubric together",
        "The usual choice: measured best on study protocols.",
    ),
    "attention": KindWords(
        "Words in context",
        "Reads each word with its neighbours and picks the few that decide.",
    ),
    "hierarchical": KindWords(
        "Sentences, then words",
        "Picks the sentences that decide, and the words in them.",
    ),
    "lexical": KindWords(
        "Word counts",
        "Counts words and nothing else: quick, and easy to check by hand.",
    ),
    "rubric": KindWords(
        "Word counts and the rubric",
        "Counts words and compares every sentence with what the rubric says of each level.",
    ),
    "sentences": KindWords(
        "Sentences that decide",
        "Starts from what the rubric says and learns which sentences decide for each level.",
    ),
    "meaning": KindWords(
        "What sentences mean",
        "Compares whole sentences; the best on its own where texts are short and labels few.",
    ),
    "embedding": KindWords(
        "Words from your labels only",
        "Knows no language beforehand; wants many labels.",
    ),
    "self_attention": KindWords(
        "Words from your labels, seen together",
        "As before, and each word looks at all others; slow, wants thousands of labels.",
    ),
    "maxpool": KindWords(
        "Strongest words from your labels",
        "Knows no language beforehand; only the strongest words count.",
    ),
    "bilstm": KindWords(
        "Words in order, from your labels only",
        "The model published for such protocols, to compare with: very slow, wants many labels.",
    ),
}
# These have no course within a training: what they learn is the one solution of an equation.
SOLVED_AT_ONCE = frozenset({"lexical", "rubric", "meaning"})
# What these say does not depend on the encoder: they know words by their identity only.
READ_NO_STATES = frozenset({"bilstm", "embedding", "self_attention", "maxpool", "lexical"})


def told(kind: str) -> str:
    """A version's kind in words; one that is not in the list was made before there were labels."""
    return MODEL_KINDS[kind].title if kind in MODEL_KINDS else "The rubric alone"
