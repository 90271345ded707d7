"""Who reads what by name: a lead deals protocols, looks at it first, takes them back, moves them.

Numbers by coder and kind stand here, never which protocols have how many readers: whoever leads may
code as well, and is not to know which are read twice or are kept for measuring.
"""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.dealing import By
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import (
    assignment_board,
    assignments,
    dealing,
    projects,
    queue_wishes,
    readers,
)
from cer_assist.services.dealing import Batch, Deal
from cer_assist.services.readers import Readers
from cer_assist.store.types import now
from cer_assist.views.access import LEADING_ROLES, database, policy
from cer_assist.views.due import due_in_words
from cer_assist.views.presentation import count

assignment_pages = Blueprint("assignments", __name__, url_prefix="/p/<slug>/assignments")


@assignment_pages.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """How far everyone is, and the form for the next batch."""
    with database().read() as session:
        return _rendered(session, None, None)


@assignment_pages.post("")
@policy.members(*LEADING_ROLES)
def look(slug: str) -> str:
    """What a batch would come to; nothing is stored."""
    batch = _batch()
    with database().read() as session:
        return _rendered(session, batch, dealing.look(session, g.project, batch))


@assignment_pages.post("/deal")
@policy.members(*LEADING_ROLES)
def deal(slug: str) -> Response:
    """Deal what was looked at."""
    batch = _batch()
    with database().write() as session:
        done = dealing.store(session, g.project, batch, g.person.account_id)
    said = [f"{share.name} {count(share.dealt)}" for share in done.shares]
    flash(f"{count(done.protocols, 'protocol')} dealt: {', '.join(said)}.")
    return redirect(url_for("assignments.page", slug=slug), 303)


@assignment_pages.post("/take")
@policy.members(*LEADING_ROLES)
def take(slug: str) -> Response:
    """Take back what is open with a coder, or move it to another."""
    account_id = _number("from", "From whom")
    to = _number("to", "To whom")
    names = [name for name in request.form.get("ids", "").splitlines() if name.strip()]
    mine = g.person.account_id
    with database().write() as session:
        ids = queue_wishes.find_ids(session, g.project.id, names).values() if names else None
        if to:
            moved, stay = assignments.move(session, g.project, account_id, to, ids, mine)
            said = f"{count(len(moved), 'protocol')} moved."
            if stay:
                said += f" {count(stay)} could not be, for the other coder has read or has them."
        else:
            taken = assignments.release(session, g.project, account_id, ids, mine)
            said = f"{count(len(taken), 'protocol')} taken back: the queue decides again."
    flash(said)
    return redirect(url_for("assignments.page", slug=slug), 303)


@assignment_pages.post("/tags/<int:account_id>")
@policy.members(*LEADING_ROLES)
def tags(slug: str, account_id: int) -> Response:
    """What a coder knows of, separated by commas."""
    wanted = request.form.get("tags", "").split(",")
    with database().write() as session:
        assignment_board.set_tags(session, g.project, account_id, wanted, g.person.account_id)
    flash("Tags saved.")
    return redirect(url_for("assignments.page", slug=slug), 303)


@assignment_pages.post("/readers")
@policy.members(*LEADING_ROLES)
def draw_readers(slug: str) -> Response:
    """Draw anew how many readers the protocols want that nobody has read."""
    with database().write() as session:
        found = readers.draw_anew(session, g.project, g.person.account_id)
    flash(f"Drawn anew for {count(found.protocols, 'protocol')}: {readers_in_words(found)}.")
    return redirect(url_for("assignments.page", slug=slug) + "#readers", 303)


def readers_in_words(found: Readers) -> str:
    """Such as "170 want 1 reader, 42 want 2 readers"."""
    return ", ".join(
        f"{count(protocols)} want{'s' if protocols == 1 else ''} {count(wanted, 'reader')}"
        for wanted, protocols in found.wanted.items()
    )


def _rendered(session: Session, batch: Batch | None, found: Deal | None) -> str:
    today = now().date()
    lines = assignment_board.by_coder(session, g.project.id)
    columns = dealing.columns(session, g.project.id)
    return render_template(
        "assignments.html",
        lines=lines,
        coders=[line for line in lines if line.may_label],
        any_asked=any(line.open or line.done for line in lines),
        protocols=projects.progress(session, g.project.id, None).protocols,
        columns=columns,
        batch=batch or Batch(()),
        deal=found,
        chosen_from=request.args.get("from", type=int),
        ways=[way for way in By if way is not By.stratum or columns],
        untouched=readers.standing(session, g.project.id),
        readers_in_words=readers_in_words,
        today=today,
        in_words=lambda day: due_in_words(day, today),
    )


def _batch() -> Batch:
    form = request.form
    by = form.get("by", "")
    if by not in set(By):
        raise InvalidInput("Choose how protocols find their coders.")
    coders = tuple(dict.fromkeys(form.getlist("coder", type=int)))
    each = _number("each", "How many each") if form.get("each") else None
    fields = {"seed": form["seed"][:40]} if form.get("seed") else {}
    return Batch(
        coders,
        By(by),
        each,
        form.get("column", ""),
        tuple(form.get("ids", "").splitlines()),
        _day(form.get("due", "")),
        form.get("note", ""),
        **fields,
    )


def _number(name: str, title: str) -> int:
    value = request.form.get(name, type=int)
    if value is None:
        raise InvalidInput(f"“{title}” needs a whole number.")
    return value


def _day(value: str) -> dt.date | None:
    if not value:
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        raise InvalidInput("The due date is no date: write it as 2026-12-31.") from error
