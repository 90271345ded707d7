"""What leads do for training: practice protocols, who may go on, and what came of it.

A page that shows the level of a protocol of the project records that it was seen, as all do.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.imports import parse_files
from cer_assist.services import (
    qualification,
    rubrics,
    training_checks,
    training_files,
    training_items,
    training_results,
)
from cer_assist.services.training_items import NewItem, Solution
from cer_assist.store.tables import Project, TrainingItem
from cer_assist.views.access import LEADING_ROLES, OVERSEEING_ROLES, database, policy
from cer_assist.views.marked_text import Marks, is_title, read_sections
from cer_assist.views.presentation import count

training_item_pages = Blueprint("training_items", __name__, url_prefix="/p/<slug>/training/items")
Answer = Response | tuple[str, int]  # gone on, or the form again with what is wrong in it
SUFFIXES = {".csv", ".tsv", ".jsonl", ".xlsx"}


@training_item_pages.get("")
@policy.members(*OVERSEEING_ROLES)
def page(slug: str) -> str:
    """Results and items; a write transaction, because what it shows is recorded as seen."""
    with database().write() as session:
        return _page(session, None, "")


def _page(session: Session, draft: Solution | None, fault: str) -> str:
    """The page; what was typed in and could not be stored stands in its form again."""
    figures = training_results.by_item(session, g.project.id)
    items = [one.line.item for one in figures]
    training_items.note_seen(session, items, g.person.account_id)
    return render_template(
        "training_items.html",
        figures=figures,
        coders=training_results.by_coder(session, g.project),
        checks=training_checks.by_coder(session, g.project.id),
        qualified=training_results.qualified(session, g.project),
        sources=training_items.sources(session, g.project),
        share=training_results.share,
        rubric=rubrics.project_rubric(session, g.project),
        max_explanation=training_items.MAX_EXPLANATION,
        draft=draft,
        fault=fault,
    )


@training_item_pages.get("/new/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
def from_protocol(slug: str, protocol_id: int) -> str:
    """A settled protocol as it would be an item."""
    with database().write() as session:
        mine = g.person.account_id
        new = training_items.from_protocol(session, g.project, protocol_id, mine)
        return _form(session, new.protocol.title, new.solution, new=new)


@training_item_pages.post("/new/<int:protocol_id>")
@policy.members(*LEADING_ROLES)
def add_from_protocol(slug: str, protocol_id: int) -> Answer:
    """Make it one, with the explanation as it stands in the form."""
    given, mine = _solution(), g.person.account_id
    with database().write() as session:
        new = training_items.from_protocol(session, g.project, protocol_id, mine)
        made = NewItem(new.protocol, given, protocol_id)
        try:
            training_items.add(session, g.project, made, mine)
        except InvalidInput as error:
            return _form(session, new.protocol.title, given, new=new, fault=error.message), 400
    return _back(f"{new.protocol.external_id} is a practice protocol now.")


@training_item_pages.post("/add")
@policy.members(*LEADING_ROLES)
def add(slug: str) -> Answer:
    """Add one that was typed in."""
    given, form = _solution(), request.form
    title = form.get("title", "").strip()
    with database().write() as session:
        try:
            name = title[:200] or "Practice protocol"
            text = training_items.typed(name, title, form.get("text", ""))
            new = NewItem(text, given)
            training_items.add(session, g.project, new, g.person.account_id)
        except InvalidInput as error:
            return _page(session, given, error.message), 400
    return _back("The practice protocol is added.")


@training_item_pages.post("/file")
@policy.members(*LEADING_ROLES)
def upload(slug: str) -> Response:
    """Add all of a file, or none of it."""
    given = request.files.get("file")
    suffix = Path(given.filename or "").suffix.lower() if given else ""
    if given is None or suffix not in SUFFIXES:
        raise InvalidInput("Choose a file first: CSV, TSV, XLSX or JSON Lines.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        given.save(path)
        new = training_files.items_of(parse_files([path], {}, None))
    return _back(_stored(new))


@training_item_pages.post("/starter")
@policy.members(*LEADING_ROLES)
def starter(slug: str) -> Response:
    """Add those that come with the program."""
    parsed = parse_files([training_files.STARTER], {}, None)
    return _back(_stored(training_files.items_of(parsed, is_synthetic=True)))


@training_item_pages.get("/<int:item_id>")
@policy.members(*OVERSEEING_ROLES)
def item(slug: str, item_id: int) -> str:
    """One item in full, and for leads the form to mend it."""
    with database().write() as session:
        found = training_items.find(session, g.project.id, item_id)
        training_items.note_seen(session, [found], g.person.account_id)
        passages = tuple(found.text[start:end] for start, end in found.evidence)
        solution = Solution(found.level, found.explanation, found.also_level, passages)
        return _form(session, found.title, solution, item=found)


@training_item_pages.post("/<int:item_id>/mend")
@policy.members(*LEADING_ROLES)
def mend(slug: str, item_id: int) -> Answer:
    """Put a new item in its place."""
    given = _solution()
    with database().write() as session:
        try:
            training_items.mend(session, g.project, item_id, given, g.person.account_id)
        except InvalidInput as error:
            old = training_items.find(session, g.project.id, item_id)
            return _form(session, old.title, given, item=old, fault=error.message), 400
    return _back("Saved. Answers that were given keep what they were given to.")


@training_item_pages.post("/<int:item_id>/use")
@policy.members(*LEADING_ROLES)
def use(slug: str, item_id: int) -> Response:
    """Put it in use, or set it aside."""
    is_used = request.form.get("use") == "yes"
    with database().write() as session:
        training_items.use(session, g.project, item_id, is_used, g.person.account_id)
    return _back("In use again." if is_used else "Set aside: no further round has it.")


@training_item_pages.post("/again")
@policy.members(*LEADING_ROLES)
def again(slug: str) -> Response:
    """Have everybody qualify once more."""
    with database().write() as session:
        project = session.get_one(Project, g.project.id)
        qualification.ask_again(session, project, g.person.account_id)
    return _back("Everybody is asked to qualify again; what they have open stays theirs.")


@training_item_pages.post("/allow/<int:account_id>")
@policy.members(*LEADING_ROLES)
def allow(slug: str, account_id: int) -> Response:
    """Allow a coder another round."""
    with database().write() as session:
        mine = g.person.account_id
        coder = qualification.allow_another(session, g.project, account_id, mine)
    return _back(f"{coder.display_name} may begin one round more.")


def _stored(new: list[NewItem]) -> str:
    with database().write() as session:
        added = training_items.add_all(session, g.project, new, g.person.account_id)
    left = len(new) - len(added)
    said = f"{count(len(added), 'practice protocol')} added."
    return f"{said} {count(left)} had a name that is there already." if left else said


def _solution() -> Solution:
    level = request.form.get("level", type=int)
    if level is None:
        raise InvalidInput("Choose the level that is right.")
    lines = request.form.get("passages", "").splitlines()
    return Solution(
        level,
        request.form.get("explanation", ""),
        request.form.get("also_level", type=int),
        tuple(line for line in lines if line.strip()),
    )


def _form(
    session: Session,
    title: str,
    solution: Solution,
    *,
    new: NewItem | None = None,
    item: TrainingItem | None = None,
    fault: str = "",
) -> str:
    text: Any = item or (new.protocol if new else None)
    bounds = item.sections if item else [(s.name, s.start, s.end) for s in text.sections]
    marks = Marks(evidence=[(start, end) for start, end in item.evidence] if item else [])
    return render_template(
        "training_item_edit.html",
        title=title,
        solution=solution,
        new=new,
        item=item,
        sections=[one for one in read_sections(text.text, bounds, marks) if not is_title(one)],
        rubric=rubrics.project_rubric(session, g.project),
        max_explanation=training_items.MAX_EXPLANATION,
        fault=fault,
    )


def _back(said: str) -> Response:
    flash(said)
    return redirect(url_for("training_items.page", slug=g.project.slug), 303)
