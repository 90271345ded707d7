"""What the learner is to reach: the table says beside each figure whether it does."""

from __future__ import annotations

from typing import Any

from cer_assist.domain.model_kinds import DEFAULT_KIND

# (set, training size, kind) -> figures and the least they should be; size None: all there are
AIMS: dict[tuple[str, int | None, str], dict[str, float]] = {
    ("protocols", None, DEFAULT_KIND): {"qwk": 0.82, "macro_f1": 0.56},
    ("sst2", 280, DEFAULT_KIND): {"accuracy": 0.75},
    ("sst2", None, "embedding"): {"accuracy": 0.81},  # Sun & Lu 2020: .8182
    ("sst5", None, DEFAULT_KIND): {"accuracy": 0.46},
    ("imdb", None, DEFAULT_KIND): {"accuracy": 0.87},
    ("imdb", None, "self_attention"): {"accuracy": 0.85},
    ("20news-I", None, DEFAULT_KIND): {"accuracy": 0.93},
    ("20news-II", None, DEFAULT_KIND): {"accuracy": 0.93},
}


def verdict(cell: tuple[str, int | None, str], found: dict[str, Any]) -> str:
    """Which of a cell's aims are reached; nothing for a cell without any."""
    said = [
        f"{figure} >= {least:.2f} {'reached' if found[figure] >= least else 'MISSED'}"
        for figure, least in AIMS.get(cell, {}).items()
    ]
    return ", ".join(said)
