"""The audit list is a page of events; checking the whole chain is asked for by a button."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, g, render_template, request

from cer_assist.services import audit_log, verification
from cer_assist.services.audit_log import LogFilters
from cer_assist.services.verification import Verification
from cer_assist.views.access import OVERSEEING_ROLES, database, policy

MEANINGS = {
    "adjudication.recorded": "adjudication",
    "comment.recorded": "comment",
    "agreement.reread": "protocols read again",
    "assignment.asked": "reading asked for",
    "assignment.dealt": "protocols dealt",
    "assignment.moved": "assignments moved",
    "assignment.released": "assignments taken back",
    "desk.exported": "readings taken from the desk",
    "export.taken": "export taken",
    "fence.asked": "fenced sample asked for",
    "fence.drawn": "fenced sample drawn",
    "import.done": "import",
    "job.cancel": "job stopped",
    "job.run_again": "job run again",
    "label.recorded": "label stored",
    "membership.set": "role set",
    "membership.tags": "tags set",
    "model.pinned": "model pinned",
    "model.published": "model published",
    "model.refresh_asked": "deep refresh asked for",
    "model.refreshed": "deep refresh ended",
    "model.rolled_back": "model rolled back",
    "model.unpinned": "model unpinned",
    "project.added": "project made",
    "project.settings": "settings changed",
    "label_check.asked": "levels checked",
    "queue.held": "protocols held",
    "queue.pinned": "protocols put first",
    "queue.released": "protocols released",
    "readers.drawn": "readers drawn anew",
    "rubric.kept": "readings of an older rubric kept",
    "rubric.proposal": "rubric proposal decided",
    "rubric.proposed": "rubric proposal",
    "rubric.published": "rubric published",
    "rubric.reread": "readings sent back",
    "word.remarked": "remark on a word",
}

audit_pages = Blueprint("audit", __name__, url_prefix="/p/<slug>/audit")


@audit_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """A page of the project's events."""
    return _render(None)


@audit_pages.post("")
@policy.members(*OVERSEEING_ROLES)
def verify(slug: str) -> str:
    """The same page with the chain's state: reading the whole chain takes a while."""
    with database().read() as session:
        outcome = verification.verify(session)
    return _render(outcome)


def read_detail(detail: str) -> tuple[str, int | None]:
    """An event's detail in words, and the protocol it is about; of a label all but its hash."""
    fields: dict[str, Any] = json.loads(detail)
    protocol = fields.pop("protocol", None)
    if protocol is not None:
        fields.pop("sha256")  # a label's hash is in the export; here it would hide the rest
    fields.pop("seed", None)  # with it a lead who codes could find out what was drawn
    return "; ".join(
        f"{name.replace('_', ' ')}: {_said(fields[name])}" for name in fields
    ), protocol


def _said(value: Any) -> str:
    if isinstance(value, list):  # a setting before and after
        return " → ".join(map(str, value))
    if isinstance(value, dict):  # counts by name
        return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in value.items())
    return str(value)


def _render(outcome: Verification | None) -> str:
    filters = LogFilters(
        action=request.args.get("action", ""),
        account_id=request.args.get("account", type=int),
        page=request.args.get("page", 1, type=int),
    )
    with database().read() as session:
        found = audit_log.events(session, g.project.id, filters)
        actions = audit_log.actions(session, g.project.id)
        people = audit_log.people(session, g.project.id)
        about = {protocol for line in found.lines if (protocol := read_detail(line.detail)[1])}
        names = audit_log.protocol_names(session, about)
    return render_template(
        "audit.html",
        read_detail=read_detail,
        filters=filters,
        found=found,
        actions=actions,
        people=people,
        outcome=outcome,
        meanings=MEANINGS,
        names=names,
    )
