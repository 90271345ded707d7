"""Drawing the fenced sample: at random, from protocols nobody has read, and only ever more of them.

A lead asks, the worker draws, for it knows near-copies: a protocol whose near-copy was read may be
known to a model, so it is not drawn, and of near-copies one is drawn at most. What was drawn from,
how many and when is an event in the audit, with the hash of what was drawn and the seed: the order
of SHA-256("seed:protocol number") is the order of the draw, so it can be done again by anyone.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput
from cer_assist.services import audit, jobs
from cer_assist.store.tables import (
    AuditEvent,
    Disclosure,
    FencedProtocol,
    LabelEvent,
    Project,
    Protocol,
    Serving,
)
from cer_assist.store.types import now

ASKED, DRAWN = "fence.asked", "fence.drawn"
WAS_SEEN = (
    exists().where(LabelEvent.protocol_id == Protocol.id)
    | exists().where(Serving.protocol_id == Protocol.id)
    | exists().where(Disclosure.protocol_id == Protocol.id)
)
IS_FENCED = exists().where(FencedProtocol.protocol_id == Protocol.id)


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw: what was asked for, what it was drawn from, what came of it."""

    at: dt.datetime
    asked: int
    drawn: int
    unread: int  # protocols it could have drawn


def unread(session: Session, project_id: int) -> int:
    """How many protocols nobody has been given, shown or asked about and that are not drawn yet."""
    statement = select(func.count()).select_from(Protocol)
    return session.execute(
        statement.where(Protocol.project_id == project_id, ~WAS_SEEN, ~IS_FENCED)
    ).scalar_one()


def ask(session: Session, project: Project, size: int, by: int | None) -> None:
    """Have the worker draw so many, or say why it cannot."""
    if is_waiting(session, project.id):
        raise InvalidInput("A draw is under way already: wait until it has ended.")
    there = unread(session, project.id)
    if not 1 <= size <= there:
        raise InvalidInput(
            f"Ask for 1 to {there:,} protocols: so many have not been read by anyone."
            if there
            else "Every protocol has been read by someone, so none can be drawn: import more first."
        )
    jobs.enqueue(session, jobs.FENCE_DRAW, project.id, payload={"size": size, "by": by})
    entry = audit.Entry(ASKED, _subject(project.id), {"size": size})
    audit.append(session, entry, account_id=by, project_id=project.id)


def is_waiting(session: Session, project_id: int) -> bool:
    """Whether a draw that was asked for has not ended."""
    return jobs.under_way(session, jobs.FENCE_DRAW, project_id) is not None


def draw(
    session: Session, project_id: int, size: int, clusters: Mapping[int, int], by: int | None
) -> int:
    """Draw up to so many; `clusters` numbers protocols by which are near-copies of each other.

    What it does not number has come since the texts were compared, and cannot be drawn.
    """
    _lock(session, project_id)
    candidates = _candidates(session, project_id, clusters)
    seed = secrets.token_hex(16)
    chosen: dict[int, int] = {}  # cluster -> protocol
    for key in sorted(candidates, key=lambda key: _place(seed, key)):
        if len(chosen) < size:
            chosen.setdefault(clusters[key], key)
    ids = sorted(chosen.values())
    if ids:
        at = now()
        session.execute(
            insert(FencedProtocol),
            [{"protocol_id": key, "project_id": project_id, "drawn_at": at} for key in ids],
        )
        twice = {"coders_wanted": 2, "coders_missing": 2}
        session.execute(
            update(Protocol).where(Protocol.id.in_(ids), Protocol.coders_wanted < 2).values(twice)
        )
    detail = {
        "asked": size,
        "drawn": len(ids),
        "unread": len(candidates),
        "protocols_sha256": _sha256(ids),
        "seed": seed,
    }
    entry = audit.Entry(DRAWN, _subject(project_id), detail)
    audit.append(session, entry, account_id=by, project_id=project_id)
    return len(ids)


def fault(session: Session, drawn: Iterable[tuple[int, Mapping[str, Any]]]) -> str | None:
    """Which sample is not what the chain's events say, each a project and what was drawn in it.

    What one draw chose has one time; another draw's may be earlier, if the clock was set back.
    """
    chosen: defaultdict[tuple[int, dt.datetime], list[int]] = defaultdict(list)
    rows = select(FencedProtocol.project_id, FencedProtocol.drawn_at, FencedProtocol.protocol_id)
    for project_id, at, key in session.execute(rows.order_by(FencedProtocol.protocol_id)):
        chosen[project_id, at].append(key)
    found = Counter((project_id, _sha256(ids)) for (project_id, _), ids in chosen.items())
    held = Counter(
        (project_id, said["protocols_sha256"]) for project_id, said in drawn if said["drawn"]
    )
    if found == held:
        return None
    project_id = min((found - held) | (held - found))[0]
    return f"the fenced sample of project {project_id} is not what was drawn"


def draws(session: Session, project_id: int) -> list[Draw]:
    """All draws of a project, the first one first."""
    rows = session.execute(
        select(AuditEvent.at, AuditEvent.detail)
        .where(AuditEvent.subject == _subject(project_id), AuditEvent.action == DRAWN)
        .order_by(AuditEvent.id)
    )
    found = []
    for at, detail in rows:
        said = json.loads(detail)
        found.append(Draw(at, said["asked"], said["drawn"], said["unread"]))
    return found


def population(found: Sequence[Draw]) -> int | None:
    """What the sample was drawn from; None for several draws, each of which had another."""
    return found[0].unread if len(found) == 1 else None


def _lock(session: Session, project_id: int) -> None:
    """Let none be served, shown or answered while the unread ones are looked up (PostgreSQL)."""
    statement = select(Protocol.id).where(Protocol.project_id == project_id).order_by(Protocol.id)
    session.execute(statement.with_for_update()).all()


def _candidates(session: Session, project_id: int, clusters: Mapping[int, int]) -> list[int]:
    rows = session.execute(
        select(Protocol.id, (WAS_SEEN | IS_FENCED).label("is_out")).where(
            Protocol.project_id == project_id
        )
    ).all()
    known = {clusters.get(row.id) for row in rows if row.is_out}
    return [
        row.id
        for row in rows
        if not row.is_out and row.id in clusters and clusters[row.id] not in known
    ]


def _sha256(ids: Sequence[int]) -> str:
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()


def _place(seed: str, protocol_id: int) -> str:
    return hashlib.sha256(f"{seed}:{protocol_id}".encode()).hexdigest()


def _subject(project_id: int) -> str:
    return f"fence:{project_id}"
