"""The prevalence report as one HTML file, for page and command line; it refers to nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from cer_assist.domain.rubric import Rubric
from cer_assist.views import prevalence_words as words
from cer_assist.views.assets import STATIC

STYLES = ("printed.css", "prevalence.css")


def html(
    templates: Environment,
    found: dict[str, Any],
    made_at: dt.datetime,
    project: str,
    rubric: Rubric,
) -> str:
    """What the page says, with a style of its own."""
    style = "\n".join((STATIC / "css" / name).read_text(encoding="utf-8") for name in STYLES)
    return templates.get_template("prevalence_file.html").render(
        style=Markup(style),  # noqa: S704 - files of ours
        found=found,
        made_at=made_at,
        project_name=project,
        rubric=rubric,
        words=words,
    )
