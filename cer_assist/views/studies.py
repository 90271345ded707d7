"""Versions and copies: the difference of two texts, links by hand, and groups that are proposed.

A difference is of texts and tells no level. A coder who has read one of the two gets it only once
the other is answered too: what changed would otherwise be read with the first answer in mind, and
the new text is to be read anew. Who may never answer, and who leads, may look at any time.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.differences import Difference, compare_texts
from cer_assist.domain.errors import InvalidInput, NotAllowed
from cer_assist.domain.protocols import Section
from cer_assist.domain.studies import LinkKind
from cer_assist.services import copy_groups, protocols, studies
from cer_assist.services.copy_groups import Verdict
from cer_assist.store.tables import Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.views.access import ALL_ROLES, LEADING_ROLES, database, policy
from cer_assist.views.presentation import count

studies_pages = Blueprint("studies", __name__, url_prefix="/p/<slug>")


@studies_pages.get("/protocols/<int:protocol_id>/difference")
@policy.members(*ALL_ROLES)
def difference(slug: str, protocol_id: int) -> str:
    """What this text says differently from another one of the project."""
    other_id = request.args.get("with", type=int)
    if other_id is None or other_id == protocol_id:
        raise InvalidInput("Say which other protocol it is compared with.")
    with database().read() as session:
        later = protocols.find(session, g.project.id, protocol_id)
        earlier = protocols.find(session, g.project.id, other_id)
        check_may_compare(session, later, earlier)
        found = text_difference(earlier, later)
    return render_template("difference.html", earlier=earlier, later=later, found=found)


def check_may_compare(session: Session, *both: Protocol) -> None:
    """For coders: both are versions or copies of one study, and both are answered by them."""
    if g.role != Role.coder:
        return
    study = studies.numbers(session, g.project.id)
    if study.get(both[0].id, 0) != study.get(both[1].id, -1):
        raise NotAllowed("You can compare versions of one study.")
    answered = [one for one in both if studies.is_answered(session, one.id, g.person.account_id)]
    if len(answered) < len(both):
        raise NotAllowed("Read both versions first: each is to be judged by its own text.")


def text_difference(earlier: Protocol, later: Protocol) -> Difference:
    """By the sections that the texts were imported with."""
    old, new = ([Section(*part) for part in one.sections] for one in (earlier, later))
    return compare_texts(earlier.text, old, later.text, new)


@studies_pages.post("/protocols/<int:protocol_id>/link")
@policy.members(*LEADING_ROLES)
def link(slug: str, protocol_id: int) -> Response:
    """Say what this protocol amends or copies, or take that back."""
    with database().write() as session:
        one = protocols.find(session, g.project.id, protocol_id)
        if request.form.get("action") == "undo":
            studies.unlink(session, g.project, one, g.person.account_id)
            flash("The link is undone. Texts and labels are as they were.")
        else:
            name = request.form.get("earlier", "").strip()
            earlier = protocols.find_by_name(session, g.project.id, name)
            kind = request.form.get("kind", "")
            if kind not in set(LinkKind):
                raise InvalidInput("Choose whether it amends the other protocol or is a copy.")
            leaves = request.form.get("keep") != "1"
            who = g.person.account_id
            pairs = [(one, earlier)]
            studies.link(session, g.project, pairs, kind=LinkKind(kind), leaves=leaves, by=who)
            flash(f"{one.external_id} is linked to {earlier.external_id}.")
    return redirect(url_for("protocols.page", slug=slug, protocol_id=protocol_id), 303)


@studies_pages.get("/copies")
@policy.members(*LEADING_ROLES)
def copies(slug: str) -> str:
    """Groups of near-copies that nobody has decided about; no level is on this page."""
    with database().read() as session:
        found = copy_groups.proposals(session, g.project, request.args.get("page", 1, type=int))
    return render_template("copies.html", found=found)


@studies_pages.post("/copies")
@policy.members(*LEADING_ROLES)
def decide(slug: str) -> Response:
    """Link a group, or remember that it is none."""
    form = request.form
    if form.get("verdict") not in set(Verdict):
        raise InvalidInput("Choose what the protocols of the group are.")
    verdict = Verdict(form["verdict"])
    if verdict is Verdict.copies:
        read = form.get("read", type=int)
        order = [key for key in form.getlist("member", type=int) if key != read]
        order = order if read is None else [read, *order]
    else:
        order = _in_order()
    with database().write() as session:
        done = copy_groups.decide(
            session,
            g.project,
            form.get("group", ""),
            verdict,
            order,
            leaves=form.get("keep") != "1",
            by=g.person.account_id,
        )
    flash(f"{count(done, 'link')} made." if done else "These are not proposed again.")
    return redirect(url_for("studies.copies", slug=slug), 303)


def _in_order() -> list[int]:
    """Members by the numbers that were typed beside them; without one they are left out."""
    keys = request.form.getlist("member", type=int)
    typed = [value.strip() for value in request.form.getlist("place")]
    if len(keys) != len(typed) or not all(value.isdecimal() or not value for value in typed):
        raise InvalidInput("The order is told by whole numbers: 1 is the first version.")
    places = [(int(value), key) for key, value in zip(keys, typed, strict=True) if value]
    if len({place for place, _ in places}) < len(places):
        raise InvalidInput("Two versions have the same number: give each its own.")
    return [key for _, key in sorted(places)]
