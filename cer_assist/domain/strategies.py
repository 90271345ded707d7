"""Ways to choose what is labelled next, by name, for people who compare them.

What each computes stands in `learning.strategies`, which the web process never loads.
"""

from __future__ import annotations

STRATEGY_WORDS: dict[str, str] = {
    "random": "any, at random: what every other way has to beat",
    "least_confidence": "whose most probable level is least probable",
    "margin": "whose two most probable levels are nearly as probable",
    "entropy": "of whose level the model knows least",
    "level_spread": "whose level could be far from what the model expects",
    "expected_error": "whose suggestion is expected to be furthest from the truth",
    "committee": "about which models of several rounds disagree",
    "representative": "uncertain ones that are like many others",
    "coreset": "that are least like anything labelled so far",
    "badge": "uncertain ones that would each teach something else",
    "rare_level": "that may have a level with few labels",
    "cold_start": "of each expected level in turn, unlike those chosen before",
}
