"""The model's words after Sun & Lu: what each does to a level against how much it is looked at.

It tells no more of the labelled protocols than the Words page does, so whoever sees that sees this.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, render_template, request

from cer_assist.domain.model_kinds import SOLVED_AT_ONCE
from cer_assist.services import models, rubrics, word_trends
from cer_assist.views import assets, word_groups
from cer_assist.views.access import ALL_ROLES, database, policy
from cer_assist.views.downloads import table_file

word_plane = Blueprint("word_plane", __name__, url_prefix="/p/<slug>/words")
SHARES = "shares"  # see `explain.scores.Source`


@word_plane.get("/plane")
@policy.members(*ALL_ROLES)
def page(slug: str) -> str:
    """Picture and table, narrowed by a search; a chosen word has its trends."""
    query = request.args.get("q", "").strip()
    word = request.args.get("word", "").strip()
    with database().read() as session:
        version = models.current_version(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
        stored = version.word_scores if version else None
        trends = None
        if version and stored and word in stored["words"]:
            trends = word_trends.trends(session, version, word)
    level = request.args.get("level", type=int)
    level = level if level in rubric.scale else rubric.scale[-1]
    scores = word_groups.grouped(stored, level) if stored else None
    return render_template(
        "word_plane.html",
        version=version,
        rubric=rubric,
        scores=scores,
        fits=word_groups.fitting(scores.rows, query) if scores else set(),
        level=level,
        query=query,
        word=word,
        trends=trends,
        groups=word_groups,
        shares=SHARES,
        solved_at_once=SOLVED_AT_ONCE,
        can_draw=assets.can_draw(),
    )


@word_plane.get("/plane.csv")
@policy.members(*ALL_ROLES)
def as_csv(slug: str) -> Response:
    """All words with all their scores as a table file."""
    with database().read() as session:
        version = models.current_version(session, g.project.id)
    stored = (version.word_scores if version else None) or {"levels": [], "words": {}, "source": ""}
    levels = [f"polarity_{level}" for level in stored["levels"]]
    columns = ["word", "n_documents", "attention", *levels, "source", "model_version", "n_labels"]
    made = [version.number, version.label_count] if version else []
    rows = ([word, *row, stored["source"], *made] for word, row in stored["words"].items())
    return table_file(f"{slug}-word-scores.csv", columns, rows)
