"""Readings under an older rubric that its last change touches: sent back to their coders, or kept.

A write transaction to look at it, because others' levels that it shows are recorded as seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import fence, rereading, rubric_versions, rubrics
from cer_assist.services.rereading import OldReading
from cer_assist.store.tables.rereading import RereadWish
from cer_assist.views.access import LEADING_ROLES, database, policy
from cer_assist.views.presentation import count

SHOWN = 200  # protocols
SAID = {
    RereadWish.again: "sent back: their coders get these protocols first",
    RereadWish.kept: "kept as they are",
}

rereading_pages = Blueprint("rereading", __name__, url_prefix="/p/<slug>/rubric/rereading")


@rereading_pages.get("")
@policy.members(*LEADING_ROLES)
def page(slug: str) -> str:
    """The list, by protocol."""
    with database().write() as session:
        rubric = rubrics.project_rubric(session, g.project)
        last = rubric_versions.versions(session, g.project)[-1]
        levels, adjacent = _levels(last.touched), "1" in request.args.getlist("adjacent")
        found = _found(session, levels, adjacent=adjacent)
        listed = _by_protocol(found)
        rereading.note_seen(
            session, [one for group in listed[:SHOWN] for one in group], g.person.account_id
        )
        return render_template(
            "rubric_rereading.html",
            rubric=rubric,
            last=last,
            levels=levels,
            adjacent=adjacent,
            listed=listed[:SHOWN],
            more=len(listed) - len(listed[:SHOWN]),
            not_yet=rereading.not_yet_listed(session, g.project),
            standing=rereading.standing(session, g.project, found),
            is_fenced=fence.has_sample(session, g.project.id),
        )


@rereading_pages.post("")
@policy.members(*LEADING_ROLES)
def decide(slug: str) -> Response:
    """Send back, or keep, the readings of the protocols that are ticked."""
    wish, ids = request.form.get("wish", ""), set(request.form.getlist("protocol", type=int))
    if wish not in set(RereadWish):
        raise InvalidInput("Say whether the readings are sent back or kept.")
    adjacent = request.form.get("adjacent") == "1"
    levels = request.form.getlist("level", type=int)
    with database().write() as session:
        listed = _found(session, levels, adjacent=adjacent)
        found = [one for one in listed if one.protocol_id in ids]
        note, mine = request.form.get("note", ""), g.person.account_id
        done = rereading.decide(session, g.project, found, RereadWish(wish), note, mine)
    flash(f"{count(done, 'reading')} {SAID[RereadWish(wish)]}.")
    back = url_for("rereading.page", slug=slug, level=levels, adjacent=int(adjacent))
    return redirect(back, 303)


def _levels(touched: Sequence[int]) -> list[int]:
    """Those asked for, else those that the last change was said to touch."""
    if "adjacent" in request.args or "level" in request.args:
        return request.args.getlist("level", type=int)
    return list(touched)


def _found(session: Session, levels: Sequence[int], *, adjacent: bool) -> list[OldReading]:
    scale = rubrics.project_rubric(session, g.project).scale
    looked_at = rereading.affected(levels, scale, adjacent=adjacent)
    return rereading.old_readings(session, g.project, looked_at)


def _by_protocol(found: Sequence[OldReading]) -> list[list[OldReading]]:
    return [list(group) for _, group in groupby(found, key=lambda one: one.protocol_id)]
