"""The list keeps its state in the address; a row opens the text with its whole history."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, g, render_template, request

from cer_assist.domain.adjudication import REASONS
from cer_assist.services import discussion, history, protocols, queue_wishes, rubrics, studies
from cer_assist.services.dossier import open_dossier
from cer_assist.services.protocols import Filters, Mine, State
from cer_assist.views.access import ALL_ROLES, CODING_ROLES, LEADING_ROLES, database, policy
from cer_assist.views.marked_text import Marks, is_title, read_sections

protocols_pages = Blueprint("protocols", __name__, url_prefix="/p/<slug>/protocols")
# Details worth a glance in the list; a protocol's own page shows all of them.
LISTED = ("department", "year")
Choice = TypeVar("Choice", bound=StrEnum)


@protocols_pages.get("")
@policy.members(*ALL_ROLES)
def listing(slug: str) -> str:
    """A page of protocols that fit the filters in the address."""
    with database().read() as session:
        rubric = rubrics.project_rubric(session, g.project)
        filters = _filters(rubric.scale)
        found = protocols.search(session, g.project.id, g.person.account_id, filters)
    return render_template(
        "protocols.html", filters=filters, found=found, rubric=rubric, mine=Mine, glance=glance
    )


@protocols_pages.get("/<int:protocol_id>")
@policy.members(*ALL_ROLES)
def page(slug: str, protocol_id: int) -> str:
    """One protocol; a write transaction, because what it shows is recorded as seen."""
    with database().write() as session:
        dossier = open_dossier(
            session,
            g.project,
            protocols.find(session, g.project.id, protocol_id),
            g.person.account_id,
            g.role,
            asked=request.args.get("all") == "1",
        )
        rubric = rubrics.project_rubric(session, g.project)
        leads = g.role in LEADING_ROLES
        talks = g.role in CODING_ROLES and discussion.may_read(
            session, g.project, dossier.protocol, g.person.account_id, g.role
        )
        study = studies.study_of(session, dossier.protocol)
        wished = queue_wishes.wished(session, g.project.id, protocol_id) if leads else []
    protocol, suggestion = dossier.protocol, dossier.suggestion
    marks = Marks(suggestion.words) if suggestion else Marks()
    sections = read_sections(protocol.text, protocol.sections, marks)
    return render_template(
        "protocol.html",
        dossier=dossier,
        title=next(filter(is_title, sections), None),
        sections=[section for section in sections if not is_title(section)],
        rubric=rubric,
        wished=wished,
        reasons=REASONS,
        study=study,
        talks=talks,
    )


def glance(details: Mapping[str, str]) -> str:
    """The details that fit on a line of the list."""
    return ", ".join(details[name] for name in LISTED if details.get(name))


def _filters(scale: tuple[int, ...]) -> Filters:
    """Unknown values in an old or mistyped address count as no filter."""
    level = request.args.get("level", type=int)
    return Filters(
        query=request.args.get("q", "").strip()[:200],
        # Coders are not told how many readers a protocol has: it may be a second reading.
        state=_one_of(State, "state") if history.sees_peers(g.role) else None,
        mine=_one_of(Mine, "mine"),
        level=level if level in scale else None,
        page=request.args.get("page", 1, type=int),
    )


def _one_of(kind: type[Choice], name: str) -> Choice | None:
    value = request.args.get(name, "")
    return kind(value) if value in set(kind) else None
