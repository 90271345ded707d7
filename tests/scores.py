"""Scores of words as a version stores them, with numbers that can be told apart."""

from __future__ import annotations

from typing import Any

WORDS: dict[str, tuple[int, float, list[float]]] = {
    "committee": (18, 0.03, [-0.2, -0.9, -0.2, -0.4, 1.2]),
    "board": (14, 0.02, [-0.2, -0.3, -0.1, 0.1, 0.9]),
    "flyers": (6, 0.04, [0.1, 0.8, 0.2, -0.3, -1.1]),
    "study": (38, 0.01, [-0.1, 0.5, -0.2, 0.2, -0.05]),
    "church": (5, 0.005, [0.0, 0.1, 0.0, 0.0, 0.04]),
}


def some_scores(*, times: float = 1.0, source: str = "shares", steps: int = 0) -> dict[str, Any]:
    """As `version_scores` makes them; with steps, a course of the first two words."""
    words = {
        word: [documents, attention * times, *(change * times for change in polarity)]
        for word, (documents, attention, polarity) in WORDS.items()
    }
    course = {
        "of": "sentences",
        "documents": 38,
        "steps": list(range(1, steps + 1)),
        "words": {
            word: [
                [number * step / steps for number in words[word][1:]]
                for step in range(1, steps + 1)
            ]
            for word in ("committee", "board")
        },
    }
    return {
        "source": source,
        "levels": [1, 2, 3, 4, 5],
        "documents": 38,
        "words": words,
        "course": course if steps else None,
    }
