"""The words of each level, the same for the page, its files and pictures, and the API."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import g, request

from cer_assist.domain.labels import MIN_WORD_PROTOCOLS
from cer_assist.domain.rubric import Rubric
from cer_assist.services import models, rubrics
from cer_assist.store.tables import ModelVersion
from cer_assist.views.access import database

SHOWN = 25  # words a level, on the page and in the picture
WEIGHT, ATTENTION = "weight", "attention"  # what words are listed by


class LevelWords(NamedTuple):
    """What the version in use weighs, as the request asks for it."""

    version: ModelVersion | None
    rubric: Rubric
    at_least: int  # protocols of a level that its words occur in
    by: str
    orders: tuple[str, ...]  # that the version can be asked for
    table: dict[int, list[dict[str, Any]]]

    def context(self) -> dict[str, Any]:
        """For a template."""
        return {**self._asdict(), "depth": SHOWN, "fewest": MIN_WORD_PROTOCOLS}


def level_words() -> LevelWords:
    """The words of this request's project, without those that occur in too few protocols."""
    with database().read() as session:
        version = models.current_version(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
    asked = request.args.get("at_least", MIN_WORD_PROTOCOLS, type=int)
    at_least = max(MIN_WORD_PROTOCOLS, asked)
    stored = _stored(version)
    by = request.args.get("by", WEIGHT)
    by = by if by in stored else WEIGHT
    table = word_table(stored[by], rubric.scale, at_least) if version else {}
    return LevelWords(version, rubric, at_least, by, tuple(stored), table)


def _stored(version: ModelVersion | None) -> dict[str, dict[str, Any]]:
    """The version's lists of words; those of attention are younger than the others."""
    if version is None:
        return {WEIGHT: {}}
    attended = (version.word_scores or {}).get("attended")
    return {WEIGHT: version.words} | ({ATTENTION: attended} if attended else {})


def word_table(
    stored: dict[str, Any], scale: tuple[int, ...], at_least: int
) -> dict[int, list[dict[str, Any]]]:
    """Each level's words, the heaviest first, with `share` of the heaviest of all.

    The share is the same whichever words are left out, so that colours stay what they were.
    """
    table = {
        level: sorted(stored.get(str(level), []), key=lambda word: -word["weight"])
        for level in scale
    }
    heaviest = max((word["weight"] for found in table.values() for word in found), default=0.0)
    return {
        level: [
            word | {"share": max(0.0, word["weight"] / heaviest) if heaviest > 0 else 0.0}
            for word in found
            if word["n_documents"] >= at_least
        ]
        for level, found in table.items()
    }
