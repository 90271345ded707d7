"""Every view by its name; a new one is its own file and one line here."""

from cer_assist.learning.views import (
    attention,
    bilstm,
    embedding,
    hierarchical,
    lexical,
    maxpool,
    meaning,
    rubric,
    self_attention,
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
    "meaning": meaning.VIEW,
}

__all__ = ["VIEWS", "Fitted", "HeldOut", "Problem", "Seen", "View"]
