"""The audit report: a page that asks for the period, and the sealed file; the command line's, too.

Making one changes the chain, so it is a POST; a link can fill in the days.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from jinja2 import Environment
from markupsafe import Markup
from sqlalchemy.orm import Session

from cer_assist import VERSION
from cer_assist.config import Settings
from cer_assist.domain import model_kinds
from cer_assist.domain.adjudication import REASONS
from cer_assist.services import audit_report, signing
from cer_assist.services.audit_period import Period
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import CODING
from cer_assist.store.types import now
from cer_assist.views.access import OVERSEEING_ROLES, database, policy, settings
from cer_assist.views.assets import STATIC
from cer_assist.views.audit_words import MEANINGS, said_of
from cer_assist.views.downloads import RECORDED, attachment
from cer_assist.views.timeline_words import ACTS, EXPOSURES, PROGRAM, answered

audit_report_pages = Blueprint("audit_report", __name__, url_prefix="/p/<slug>/audit/report")
SECTIONS = (
    ("adjudications", "Adjudications"),
    ("exports", "Exports taken"),
    ("settings", "Settings changed"),
    ("roles", "Roles and tags"),
    ("rubric", "Rubric"),
    ("model", "Model"),
)
_NAMED: dict[str, dict[str, str]] = {
    "act": ACTS,
    "reason": {one.value: told[1].lower() for one, told in REASONS.items()},
}


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes a report; nobody by name is the command line."""

    account_id: int | None
    name: str
    sees_hidden: bool


@audit_report_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """The form; the last full month is proposed."""
    known = settings()
    key = signing.public_key(known.signing_key()) if known.has_signing_key else None
    month = Period.last_month(now().date())
    return render_template("audit_report.html", month=month, key=key)


@audit_report_pages.post("")
@policy.members(*OVERSEEING_ROLES)
def download(slug: str) -> Response:
    """Make it, put it into the chain and send it."""
    period = Period.parse(request.form.get("from", ""), request.form.get("to", ""))
    maker = Maker(g.person.account_id, g.person.username, g.role not in CODING)
    text, _ = make(current_app.jinja_env, database(), settings(), g.project, period, maker)
    name = f"{slug}-audit-{period.since}-to-{period.until}.html"
    file = attachment(text, name, "text/html")
    file.headers[RECORDED] = hashlib.sha256(text.encode()).hexdigest()  # by `audit.reported`
    return file


def make(
    templates: Environment,
    store: Database,
    values: Settings,
    project: Project,
    period: Period,
    maker: Maker,
) -> tuple[str, dict[str, Any]]:
    """The sealed document and what is in it; nothing slow happens while others wait."""
    key = values.signing_key()
    with store.read() as session:
        body = _body(session, project, period, maker)
    text, seal = signing.seal(_page(templates, body, key), body, key)
    with store.write() as session:
        audit_report.record(session, project, body, seal, maker.account_id)
    return text, {"seal": seal, **body}


def _body(session: Session, project: Project, period: Period, maker: Maker) -> dict[str, Any]:
    is_over = period.is_over(now().date())  # before it is read: later it may have come to be
    said = audit_report.content(session, project, period, hidden=maker.sees_hidden)
    made = audit_report.made(session, maker.name, VERSION)
    made |= audit_report.around(session, project, period, said, is_over=is_over)
    return {"made": made, "content": said}


def _page(templates: Environment, body: dict[str, Any], key: str) -> str:
    style = (STATIC / "css" / "printed.css").read_text(encoding="utf-8")
    return templates.get_template("audit_report_file.html").render(
        style=Markup(style),  # noqa: S704 - a file of ours
        said=body["content"],
        made=body["made"],
        content_sha256=signing.hashed(body),
        public_key=signing.public_key(key),
        sections=SECTIONS,
        meanings=MEANINGS,
        exposures=EXPOSURES,
        details=_details,
        program=PROGRAM,
        answered=answered,
        kind_told=model_kinds.told,
    )


def _details(fields: dict[str, Any]) -> str:
    """What an event holds, in words, without what is empty."""
    return said_of(
        {
            name: _NAMED[name].get(value, value) if name in _NAMED else value
            for name, value in fields.items()
            if value not in (None, "")
        }
    )
