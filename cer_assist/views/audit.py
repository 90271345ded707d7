"""The audit list is a page of events; checking the whole chain is asked for by a button."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from cer_assist.services import audit_log, verification
from cer_assist.services.audit_log import LogFilters, LogLine
from cer_assist.services.verification import Verification
from cer_assist.views.access import OVERSEEING_ROLES, database, policy
from cer_assist.views.audit_words import MEANINGS, said_of

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


@dataclass(frozen=True, slots=True)
class Read:
    """An event's detail in words, and the protocol it is about."""

    words: str
    protocol: int | None


def _read(session: Session, lines: Sequence[LogLine]) -> dict[int, Read]:
    """What events hold; of a label all but its hash."""
    details: list[dict[str, Any]] = [json.loads(line.detail) for line in lines]
    found = {}
    for line, fields in zip(lines, audit_log.name_people(session, details), strict=True):
        protocol = fields.pop("protocol", None)
        if protocol is not None:
            fields.pop("sha256")  # a label's hash is in the export; here it would hide the rest
        fields.pop("seed", None)  # with it a lead who codes could find out what was drawn
        found[line.id] = Read(said_of(fields), protocol)
    return found


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
        details = _read(session, found.lines)
        about = {one.protocol for one in details.values() if one.protocol is not None}
        names = audit_log.protocol_names(session, about)
        users = audit_log.account_names(session, {line.subject for line in found.lines})
    return render_template(
        "audit.html",
        details=details,
        filters=filters,
        found=found,
        actions=actions,
        people=people,
        outcome=outcome,
        not_covered=verification.NOT_COVERED,
        meanings=MEANINGS,
        names=names,
        users=users,
    )
