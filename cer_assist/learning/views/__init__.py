"""Every view by its name; a new one is its own file and one line here."""

import numpy as np

from cer_assist.learning.views import (
    attention,
    bilstm,
    cold_start,
    embedding,
    hierarchical,
    lexical,
    maxpool,
    meaning,
    rubric,
    self_attention,
    sentences,
)
from cer_assist.learning.views.base import Fitted, HeldOut, Problem, Seen, View

VIEWS: dict[str, View] = {
    "attention": attention.VIEW,
    "hierarchical": hierarchical.VIEW,
    "bilstm": bilstm.VIEW,
    "embedding": embedding.VIEW,
    "self_attention": self_attention.VIEW,
    "maxpool": maxpool.VIEW,
    "lexical": lexical.VIEW,
    "rubric": rubric.VIEW,
    "sentences": sentences.VIEW,
    "meaning": meaning.VIEW,
    "cold_start": cold_start.VIEW,
}


def load_view(name: str, arrays: dict[str, np.ndarray]) -> Fitted:
    """A view from its arrays."""
    return VIEWS[name].load(arrays)


__all__ = ["VIEWS", "Fitted", "HeldOut", "Problem", "Seen", "View", "load_view"]
