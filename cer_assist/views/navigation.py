"""Links are shown to whom the route's own policy lets through, so no menu leads to a refusal.

What people open many times a day stands in the bar, the rest under “More”.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for

from cer_assist.services import qualification
from cer_assist.views.access import database, policy_of

PROJECT_PAGES = (
    ("Label", "annotate.page"),
    ("Protocols", "protocols.listing"),
    ("Words", "model.words"),
    ("Agreement", "agreement.page"),
    ("Adjudicate", "adjudicate.page"),
    ("Progress", "progress.page"),
    ("Rubric", "rubric.page"),
    ("Audit", "desk.page"),
)
MORE_PAGES = (
    ("Model", "model.versions"),
    ("Queue", "queue.page"),
    ("Assignments", "assignments.page"),
    ("Versions and copies", "studies.copies"),
    ("Training", "training_items.page"),
    ("Doubtful levels", "label_checks.page"),
    ("Fenced sample", "fence.page"),
    ("Share by level", "prevalence.page"),
    ("Simulation", "simulation.page"),
    ("Helping or steering?", "exposure.page"),
    ("Methods", "methods.page"),
    ("Data", "data.page"),
    ("Snapshots", "snapshots.page"),
    ("Settings", "settings.page"),
)
FEW = 2
# Pages of the audit that stand at addresses of their own, beside the desk that the bar leads to.
BESIDE = {"desk.page": ("audit.", "timeline.", "audit_report.")}
ADMIN_PAGES = (("Accounts", "admin.accounts_page"), ("Jobs", "admin.jobs_page"))


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go to."""

    title: str
    url: str
    current: str  # for aria-current: page, true (a page below it), or empty


def register(app: Flask) -> None:
    """Make navigation known to every template."""
    app.context_processor(_context)


def may(endpoint: str) -> bool:
    """Whether the person behind this request gets through to a route."""
    declared = policy_of(current_app, endpoint)
    return declared is not None and declared.allows(g.get("person"), g.get("role"))


def _context() -> dict[str, Any]:
    project = g.get("project")
    here = request.endpoint
    bar, more = _project_links(project.slug, here) if project else ([], [])
    return {
        "person": g.get("person"),
        "project": project,
        "role": g.get("role"),
        "may": may,
        "project_links": bar,
        "more_links": more,
        "admin_links": _links(ADMIN_PAGES, here) if g.get("person") else [],
    }


def _project_links(slug: str, here: str | None) -> tuple[list[Link], list[Link]]:
    """What stands in the bar and under “More”; a coder has so few that nothing is hidden."""
    bar = [*_own_training(here, slug), *_links(PROJECT_PAGES, here, slug=slug)]
    more = _links(MORE_PAGES, here, slug=slug)
    return (bar, more) if len(more) > FEW else (bar + more, [])


def _own_training(here: str | None, slug: str) -> list[Link]:
    """A coder's own, first of all, as long as labelling waits for it."""
    if not g.project.qualifies_first or not may("training.page"):
        return []
    with database().read() as session:
        if not qualification.is_due(session, g.project, g.person.account_id):
            return []
    is_here = (here or "").startswith("training.")
    return [Link("My training", url_for("training.page", slug=slug), "page" if is_here else "")]


def _links(pages: tuple[tuple[str, str], ...], here: str | None, **values: Any) -> list[Link]:
    return [
        Link(title, url_for(endpoint, **values), _current(endpoint, here))
        for title, endpoint in pages
        if may(endpoint)
    ]


def _current(endpoint: str, here: str | None) -> str:
    if here == endpoint:
        return "page"
    if (here or "").startswith(BESIDE.get(endpoint, ())):
        return "true"
    if here is None or here in {name for _, name in (*PROJECT_PAGES, *MORE_PAGES, *ADMIN_PAGES)}:
        return ""
    address = url_for(endpoint, **(request.view_args or {})).split("?")[0]
    return "true" if request.path.startswith(f"{address}/") else ""
