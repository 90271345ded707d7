"""Labels made elsewhere come in as events like any other, under the name of who made them.

Their exposure is `unknown` unless one of our own exports brings it back: we did not see them made.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from cer_assist.domain.faults import Fault
from cer_assist.domain.labels import Action, Lane, Origin, PriorLabel
from cer_assist.services import assignments, audit, desk_rows, pseudonyms
from cer_assist.services.audit import label_sha256
from cer_assist.services.label_events import clean_seconds
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import Account, CurrentLabel, LabelEvent, Project, Protocol
from cer_assist.store.types import now, table_of

FINAL_CODER = "final"
_Key = tuple[str, str, str]  # protocol, coder, lane
_INSERT = insert(table_of(LabelEvent)).returning(table_of(LabelEvent).c.id)


def insert_labels(
    session: Session,
    project: Project,
    labels: Sequence[PriorLabel],
    ids: dict[str, int],
    by: int | None,
) -> list[str]:
    """Append imported labels in order; returns the names that became accounts."""
    new_coders: list[str] = []
    coders = _coder_ids(session, {label.coder for label in labels}, new_coders)
    quoted = {ids[label.external_id] for label in labels if label.evidence or label.evidence_spans}
    texts = _texts(session, quoted)
    newest: dict[tuple[int, int, str], int] = {}
    entries = []
    for label in labels:
        protocol_id = ids[label.external_id]
        event = _event(session, project, label, protocol_id, coders[label.coder])
        event["evidence"] = _evidence(label, texts.get(protocol_id, ""))
        key = (protocol_id, event["account_id"], event["lane"])
        event["supersedes_id"] = newest.get(key)
        event["sha256"] = label_sha256(event)
        newest[key] = session.execute(_INSERT, event).scalar_one()
        entries.append(audit.label_entry(newest[key], event))
    audit.append_many(session, entries, account_id=by, project_id=project.id)
    rebuild_current_labels(session, project.id)
    desk_rows.rewrite_project(session, project)
    return new_coders


def by_whom(
    session: Session, project: Project, labels: Sequence[PriorLabel]
) -> Sequence[PriorLabel]:
    """Labels under their coders' names, where pseudonyms are of this very project."""
    named = [(one.pseudonym_in, one.coder) for one in labels if one.pseudonym_in is not None]
    known = pseudonyms.coders_behind(session, project, named)
    if not known:
        return labels
    return [
        one
        if one.pseudonym_in is None
        else replace(one, coder=known.get((one.pseudonym_in, one.coder), one.coder))
        for one in labels
    ]


def lane_of(label: PriorLabel) -> Lane:
    """A coder called `final` speaks for the team, as in adjudicated data sets."""
    return label.lane or (Lane.final if label.coder == FINAL_CODER else Lane.coder)


def split_known(
    session: Session, project_id: int, labels: Sequence[PriorLabel]
) -> tuple[list[PriorLabel], int, list[Fault]]:
    """Labels that are new here, how many are here already, and those that say otherwise.

    An import never supersedes what a coder answered in the program: someone else may have made
    the file. What a coder has replaced since is here already if an event of this project says it.
    """
    stored = _stored_answers(session, project_id)
    latest = {_key(label): label for label in labels}  # the last one of a coder's events counts
    same = {key for key, label in latest.items() if stored.get(key) == (label.action, label.level)}
    if others := {key for key in latest if key in stored} - same:
        same |= _superseded_here(session, project_id, [x for x in labels if _key(x) in others])
    errors = [
        _changes(label, f"{label.coder} has already answered {label.external_id} otherwise")
        for key, label in latest.items()
        if key in stored and key not in same
    ]
    errors += _over_final_levels(latest, stored)
    new = [label for label in labels if _key(label) not in stored]
    return new, sum(_key(label) in same for label in labels), errors


def _superseded_here(session: Session, project_id: int, labels: Sequence[PriorLabel]) -> set[_Key]:
    """Whose labels are each an event of this project, the time to the microsecond included."""
    rows = session.execute(
        select(
            Protocol.external_id,
            Account.username,
            LabelEvent.lane,
            LabelEvent.action,
            LabelEvent.level,
            func.coalesce(LabelEvent.made_at, LabelEvent.recorded_at),
        )
        .join(Protocol, Protocol.id == LabelEvent.protocol_id)
        .join(Account, Account.id == LabelEvent.account_id)
        .where(LabelEvent.project_id == project_id)
    )
    events = {tuple(row) for row in rows}
    unknown = {
        _key(label)
        for label in labels
        if (*_key(label), label.action, label.level, _made_at(label)) not in events
    }
    return {_key(label) for label in labels} - unknown


def _over_final_levels(
    latest: dict[_Key, PriorLabel], stored: dict[_Key, tuple[str, int | None]]
) -> list[Fault]:
    """Of several final levels the newest counts: an imported one must not undo a decision."""
    finals = {
        name: level
        for (name, _, lane), (action, level) in stored.items()
        if lane == Lane.final and action == Action.label
    }
    return [
        _changes(label, f"{label.external_id} has the final level {finals[label.external_id]}")
        for key, label in latest.items()
        if key not in stored
        and lane_of(label) is Lane.final
        and label.action is Action.label
        and finals.get(label.external_id, label.level) != label.level
    ]


def _changes(label: PriorLabel, has: str) -> Fault:
    wrong = f"{has} in this project, and an import changes no answers"
    return of_label(label, wrong, "remove the label from the file.", "level")


def of_label(label: PriorLabel, wrong: str, remedy: str, column: str) -> Fault:
    """What is wrong with a label that is to be imported."""
    return Fault(wrong, remedy, label.place, "labels", label.external_id, label.row, column)


def _key(label: PriorLabel) -> _Key:
    return label.external_id, label.coder.lower(), str(lane_of(label))


def _stored_answers(
    session: Session, project_id: int
) -> dict[tuple[str, str, str], tuple[str, int | None]]:
    rows = session.execute(
        select(
            Protocol.external_id,
            Account.username,
            CurrentLabel.lane,
            CurrentLabel.action,
            CurrentLabel.level,
        )
        .join(Protocol, Protocol.id == CurrentLabel.protocol_id)
        .join(Account, Account.id == CurrentLabel.account_id)
        .where(CurrentLabel.project_id == project_id)
    )
    return {(name, coder, lane): (action, level) for name, coder, lane, action, level in rows}


def _coder_ids(session: Session, names: set[str], new_coders: list[str]) -> dict[str, int]:
    known = dict(
        session.execute(
            select(Account.username, Account.id).where(
                Account.username.in_({name.lower() for name in names})
            )
        ).all()
    )
    for name in sorted(names):
        if name.lower() not in known:
            # A name without a password: it holds labels and cannot sign in.
            account = Account(
                username=name.lower(), display_name=name, created_at=now(), is_administrator=False
            )
            session.add(account)
            session.flush()  # its labels need its id
            known[name.lower()] = account.id
            new_coders.append(name)
    return {name: known[name.lower()] for name in names}


def _texts(session: Session, ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(Protocol.id, Protocol.text).where(Protocol.id.in_(ids)))
    return dict(rows.all())


def _event(
    session: Session, project: Project, label: PriorLabel, protocol_id: int, account_id: int
) -> dict[str, Any]:
    return {
        "project_id": project.id,
        "protocol_id": protocol_id,
        "account_id": account_id,
        "lane": str(lane_of(label)),
        "action": str(label.action),
        "level": label.level,
        "confidence": label.confidence,
        "note": label.note,
        "rubric_version_id": project.rubric_version_id,
        "rubric_sha256": project_rubric(session, project).sha256,
        "exposure": str(label.exposure),
        "suggestion_id": None,
        "serving_id": None,
        "seconds": clean_seconds(label.seconds),
        "idempotency_key": f"import-{secrets.token_hex(16)}",
        "request_sha256": "0" * 64,
        "origin": str(Origin.imported),
        "recorded_at": now(),
        "made_at": _made_at(label),
    }


def _made_at(label: PriorLabel) -> dt.datetime | None:
    if not label.recorded_at:
        return None
    at = dt.datetime.fromisoformat(label.recorded_at)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _evidence(label: PriorLabel, text: str) -> list[dict[str, Any]]:
    """Marked words with their place; a quote that is not there word for word is kept without."""
    spans = [(span.start, span.end, span.quote) for span in label.evidence_spans]
    if not spans and label.evidence:
        start = text.find(label.evidence)
        spans = [(start, start + len(label.evidence), label.evidence)]
    return [
        {"start": start, "end": end, "quote": quote}
        if start >= 0 and text[start:end] == quote
        else {"quote": quote}
        for start, end, quote in spans
    ]


def rebuild_current_labels(session: Session, project_id: int) -> None:
    """Derive current labels and open places of a project from its events."""
    latest: dict[tuple[int, int, str], LabelEvent] = {}
    events = select(LabelEvent).where(LabelEvent.project_id == project_id).order_by(LabelEvent.id)
    for event in session.scalars(events):
        latest[event.protocol_id, event.account_id, event.lane] = event
    session.execute(delete(CurrentLabel).where(CurrentLabel.project_id == project_id))
    session.execute(
        insert(CurrentLabel),
        [
            {
                "protocol_id": event.protocol_id,
                "account_id": event.account_id,
                "lane": event.lane,
                "project_id": project_id,
                "event_id": event.id,
                "action": event.action,
                "level": event.level,
            }
            for event in latest.values()
        ],
    )
    _set_missing(session, project_id, latest.values())
    assignments.close_answered(session, project_id)


def _set_missing(session: Session, project_id: int, latest: Iterable[LabelEvent]) -> None:
    readers: Counter[int] = Counter()
    settled: set[int] = set()
    for event in latest:
        if event.action == Action.label and event.lane == Lane.coder:
            readers[event.protocol_id] += 1
        elif event.action == Action.label and event.lane == Lane.final:
            settled.add(event.protocol_id)
    wanted = session.execute(
        select(Protocol.id, Protocol.coders_wanted).where(Protocol.project_id == project_id)
    )
    rows = [
        {"id": key, "coders_missing": 0 if key in settled else max(0, want - readers[key])}
        for key, want in wanted
    ]
    session.execute(update(Protocol), rows)
