"""Every view by its name; a new one is its own file and one line here."""

from cer_assist.learning.views import attention, lexical
from cer_assist.learning.views.base import Fitted, HeldOut, Problem, Seen, View

VIEWS: dict[str, View] = {
    "attention": attention.VIEW,
    "lexical": lexical.VIEW,
}

__all__ = ["VIEWS", "Fitted", "HeldOut", "Problem", "Seen", "View"]
