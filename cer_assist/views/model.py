"""What the model has learned, in words and in figures; each figure says what it was measured on."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, render_template
from sqlalchemy import select
from sqlalchemy.orm import defer

from cer_assist.exports.cells import neutralised
from cer_assist.services import models, rubrics
from cer_assist.store.tables import ModelVersion
from cer_assist.views.access import ALL_ROLES, database, policy

model = Blueprint("model", __name__, url_prefix="/p/<slug>")
SHOWN = 25  # words a level
VERSIONS = 100


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of quality, said plainly."""

    title: str
    meaning: str


MEASURES = {
    "qwk": Measure("QWK", "agreement weighted by distance: 1 is full, 0 is chance"),
    "accuracy": Measure("Accuracy", "share of protocols with exactly the coders' level"),
    "within_one": Measure("Within one level", "share at most one level off"),
    "mae": Measure("Mean distance", "in levels; 0 is best"),
    "macro_f1": Measure("Macro-F1", "mean over levels, so rare levels count as much"),
    "ece": Measure("Calibration error", "how far its percentages are off; 0 is best"),
}


@model.get("/words")
@policy.members(*ALL_ROLES)
def words(slug: str) -> str:
    """Per level the words the model weighs most."""
    with database().read() as session:
        version = models.current_version(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
    table = word_table(version.words, rubric.scale) if version else {}
    return render_template("words.html", version=version, rubric=rubric, table=table, depth=SHOWN)


@model.get("/words.csv")
@policy.members(*ALL_ROLES)
def words_csv(slug: str) -> Response:
    """The same words as a table file, all of them."""
    with database().read() as session:
        version = models.current_version(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["level", "rank", "word", "weight", "n_documents", "model_version", "n_labels"])
    for level, found in (word_table(version.words, rubric.scale) if version else {}).items():
        for rank, word in enumerate(found, 1):
            row = [level, rank, neutralised(word["word"]), word["weight"], word["n_documents"]]
            writer.writerow([*row, version.number, version.label_count] if version else row)
    name = f"{slug}-words.csv"
    return Response(
        out.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@model.get("/model")
@policy.members(*ALL_ROLES)
def versions(slug: str) -> str:
    """The newest versions, published or not."""
    with database().read() as session:
        found = session.scalars(
            select(ModelVersion)
            .options(defer(ModelVersion.words))
            .where(ModelVersion.project_id == g.project.id)
            .order_by(ModelVersion.number.desc())
            .limit(VERSIONS)
        ).all()
        current = models.current_version(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
    return render_template(
        "model.html", versions=found, current=current, rubric=rubric, measures=MEASURES
    )


def word_table(stored: dict[str, Any], scale: tuple[int, ...]) -> dict[int, list[dict[str, Any]]]:
    """Each level's words, the heaviest first, with `share` of the heaviest of all."""
    table = {
        level: sorted(stored.get(str(level), []), key=lambda word: -word["weight"])
        for level in scale
    }
    heaviest = max((word["weight"] for found in table.values() for word in found), default=0.0)
    return {
        level: [
            word | {"share": max(0.0, word["weight"] / heaviest) if heaviest > 0 else 0.0}
            for word in found
        ]
        for level, found in table.items()
    }
