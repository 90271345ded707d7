"""How many protocols are on each level: a page for those who lead or audit, a file to pass on.

The file holds its own style and refers to nothing. A report that is out of date is handed to the
worker by being looked at; the file is of the report that there is, and says when it was made.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from pydantic import Field

from cer_assist.domain.rubric import Rubric
from cer_assist.services import prevalence, rubrics
from cer_assist.services.reports import Report
from cer_assist.views import prevalence_words as words
from cer_assist.views.access import API, OVERSEEING_ROLES, database, policy
from cer_assist.views.downloads import attachment
from cer_assist.views.json_parts import Query, Reply, json_reply
from cer_assist.views.openapi import answers
from cer_assist.views.prevalence_html import html
from cer_assist.views.prevalence_pdf import pdf

prevalence_pages = Blueprint("prevalence", __name__, url_prefix="/p/<slug>/prevalence")
prevalence_api = Blueprint("prevalence_api", __name__, url_prefix=f"{API}projects/<slug>")


class Prevalence(Reply):
    """How many protocols are on each level, as the worker made it last."""

    by: str = Field(description="The column that `groups` are of; empty for none")
    made_at: dt.datetime = Field(description="When the report was made, in UTC")
    is_current: bool = Field(description="Nothing has come since; else ask again for a newer one")
    figures: dict[str, Any] = Field(
        description="What `manage.py prevalence --json` prints: `protocols`, `counted` (settled), "
        "`disputed` (read, and the readers differ), `sampled`, `levels` and "
        "`at_least` as {value, low, high, few, few_errors} in the order of `scale`, and `groups`; "
        "`few`: too few in the fenced sample for a 95 % interval; "
        "`few_errors`: of the model's errors too few were seen, so it is rather "
        "wider than a 95 % interval"
    )


class PrevalenceAsked(Query):
    """By what."""

    by: str = Field("", max_length=200, description="A column of the details")


@prevalence_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """The newest report by a column, or by none."""
    return render_template("prevalence.html", **_content())


@prevalence_pages.get("/report.html")
@policy.members(*OVERSEEING_ROLES)
def as_file(slug: str) -> Response:
    """The same as a file of its own."""
    name, parts = _file(".html")
    return attachment(html(current_app.jinja_env, *parts), name, "text/html")


@prevalence_pages.get("/report.pdf")
@policy.members(*OVERSEEING_ROLES)
def as_pdf(slug: str) -> Response:
    """The same for those who pass on paper."""
    name, parts = _file(".pdf")
    return attachment(pdf(*parts), name, "application/pdf")


@prevalence_api.get("/prevalence")
@policy.members(*OVERSEEING_ROLES)
@answers(Prevalence, 409, query=PrevalenceAsked)
def as_json(slug: str) -> Response:
    """How many protocols are on each level, with intervals."""
    by, report = _report()
    found, made_at = report.there()
    is_current = not report.is_waiting
    return json_reply(Prevalence(by=by, made_at=made_at, is_current=is_current, figures=found))


def _content() -> dict[str, Any]:
    by, report = _report()
    with database().read() as session:
        columns = prevalence.columns(session, g.project.id)
        rubric = rubrics.project_rubric(session, g.project)
    return {
        "by": by,
        "report": report,
        "made_at": report.made_at,
        "found": report.found,
        "columns": columns,
        "rubric": rubric,
        "words": words,
    }


def _file(ending: str) -> tuple[str, tuple[dict[str, Any], dt.datetime, str, Rubric]]:
    """What it is called, and what is in it."""
    content = _content()
    found, made_at = content["report"].there()
    name = words.file_name(g.project.slug, content["by"], ending)
    return name, (found, made_at, g.project.name, content["rubric"])


def _report() -> tuple[str, Report]:
    with database().read() as session:
        by = prevalence.check(session, g.project.id, request.args.get("by", ""))
        report = prevalence.report(session, g.project.id, by)
    if report.is_waiting:
        with database().write() as session:
            prevalence.ask(session, g.project.id, by)
    return by, report
