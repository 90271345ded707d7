"""Methods: a text that a paper can quote, for those who lead or audit, on a page and as files.

Figures that are out of date are handed to the worker by being looked at; the text says of when the
ones in it are. A number leads to its page only where the person may open that.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, url_for
from werkzeug.exceptions import HTTPException

from cer_assist.domain.prose import Document, Source
from cer_assist.exports.methods_document import markdown, word_document
from cer_assist.services import methods, methods_reports
from cer_assist.store.tables import Project
from cer_assist.views import methods_files as files
from cer_assist.views.access import API, OVERSEEING_ROLES, database, policy
from cer_assist.views.downloads import attachment
from cer_assist.views.json_parts import json_reply
from cer_assist.views.methods_words import document
from cer_assist.views.navigation import may
from cer_assist.views.openapi import answers

methods_pages = Blueprint("methods", __name__, url_prefix="/p/<slug>/methods")
methods_api = Blueprint("methods_api", __name__, url_prefix=f"{API}projects/<slug>")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@methods_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """The text with its numbers linked."""
    text, _, is_waiting = _written()
    content = files.content(text, slug, _links(text, slug))
    return render_template("methods.html", is_waiting=is_waiting, **content)


@methods_pages.get("/methods.html")
@policy.members(*OVERSEEING_ROLES)
def as_html(slug: str) -> Response:
    """A file of its own."""
    return attachment(files.html(_written()[0], slug), f"{slug}-methods.html", "text/html")


@methods_pages.get("/methods.md")
@policy.members(*OVERSEEING_ROLES)
def as_markdown(slug: str) -> Response:
    """Markdown with footnotes."""
    return attachment(markdown(_written()[0], slug), f"{slug}-methods.md", "text/markdown")


@methods_pages.get("/methods.docx")
@policy.members(*OVERSEEING_ROLES)
def as_word(slug: str) -> Response:
    """A Word document."""
    return attachment(word_document(_written()[0], slug), f"{slug}-methods.docx", WORD)


@methods_pages.get("/methods.pdf")
@policy.members(*OVERSEEING_ROLES)
def as_pdf(slug: str) -> Response:
    """A PDF."""
    from cer_assist.exports.methods_pdf import pdf_document  # ReportLab: half a second

    return attachment(pdf_document(_written()[0], slug), f"{slug}-methods.pdf", "application/pdf")


@methods_api.get("/methods")
@policy.members(*OVERSEEING_ROLES)
@answers(files.MethodsReport, untagged="it tells when it was made")
def as_json(slug: str) -> Response:
    """How the levels came about: text, numbers and facts."""
    text, facts, is_waiting = _written()
    return json_reply(files.report(text, facts, is_current=not is_waiting))


def _written() -> tuple[Document, dict[str, Any], bool]:
    """The text, its facts, and whether the worker makes newer figures."""
    project_id = g.project.id
    with database().read() as session:
        parts = methods_reports.stored(session, project_id)
        facts = methods.gather(session, session.get_one(Project, project_id), parts)
    if parts.is_waiting:
        with database().write() as session:
            methods_reports.ask(session, project_id, parts)
    return document(facts), facts, parts.is_waiting or not facts["sample"]["is_current"]


def _links(text: Document, slug: str) -> dict[Source, str]:
    """Addresses of the pages that this person may open."""
    root = url_for("methods.page", slug=slug).removesuffix("methods")
    found = {}
    for source in text.numbers:
        address = root + source.page
        if source.page and may(_endpoint(address)):
            found[source] = address
    return found


def _endpoint(address: str) -> str:
    path = address.partition("?")[0]
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return ""
    return str(endpoint)
