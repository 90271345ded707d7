"""A project of full size, written in bulk: 10,000 protocols with 50,000 answers of five coders.

Every tenth answer supersedes another, towards its suggestion or away from it; suggestions are of
three versions that learnt what came before; every twentieth protocol is settled besides. Keys refer
to what exists and label hashes are right; the audit chain is not written, for nothing that is timed
reads it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from benchmarks.site import PASSWORD, PROJECT, texts
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.domain.labels import Action, Exposure, Lane, Origin
from cer_assist.services import accounts, audit, desk_rows, models, projects, rubrics
from cer_assist.services.importing import import_protocols
from cer_assist.store import schema
from cer_assist.store.engine import Database
from cer_assist.store.tables import CurrentLabel, Disclosure, LabelEvent, Project, Protocol, Serving
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.servings import Arm, Disclosed, ServingState

PROTOCOLS, LABELS, CODERS, VERSIONS = 10_000, 50_000, 5, 3
LEVELS, READERS = (1, 2, 3, 4, 5), 4  # readers a protocol; the rest supersedes or settles
BEGAN = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
_AT_ONCE = 2_000


@dataclass(frozen=True)
class Said:
    """What a version says, and the last label that it learnt."""

    learnt: int
    of: dict[int, tuple[int, int]]  # by protocol its suggestion and that one's level


@dataclass(frozen=True)
class Read:
    """What the answers of one reading share."""

    project: Project
    protocol: int
    account: int
    serving: int | None
    suggestion: int | None
    lane: Lane = Lane.coder


def build(home: Path, *, protocols: int = PROTOCOLS, labels: int = LABELS, seed: int = 0) -> None:
    """Make the project `bench` in a new home: coders `coder-0` …, `auditor`, `lead`."""
    url = f"sqlite:///{home / 'cer.sqlite3'}"
    schema.upgrade(url)
    database = Database(url)
    with database.write() as session:
        project, coders = _people(session)
        report = import_protocols(session, project, texts(protocols, seed), [], by=None)
        if report.errors:
            raise RuntimeError(report.errors[0])
        ids = list(session.scalars(_ids(project)))
        dice = random.Random(seed)  # noqa: S311
        said = _suggest(session, project, ids, labels, dice)
        events = list(_events(project, coders[1:], ids, said, labels, dice))
        events += _finals(project, coders[0], ids, labels, dice)
        _store(session, Serving, _servings(events))
        _store(session, LabelEvent, iter(events))
        _store(session, Disclosure, _disclosures(events))
        _store(session, CurrentLabel, _standing(events))
        session.execute(update(Protocol).values(coders_missing=0))
        desk_rows.rewrite_project(session, project)
    database.close()


def _people(session: Session) -> tuple[Project, list[int]]:
    rubric = rubrics.store_rubric(session, DEFAULT_RUBRIC.read_text("utf-8"), "rubric")
    project = projects.add_project(session, PROJECT, "Benchmark", rubric)
    project.coders_per_protocol, project.double_coded_share = READERS, 0.0
    roles = {f"coder-{number}": Role.coder for number in range(CODERS)}
    found = {}
    for name, role in (roles | {"auditor": Role.auditor, "lead": Role.lead}).items():
        account = accounts.add_account(session, name, password=PASSWORD)
        accounts.set_role(session, project, account, role, None)
        found[name] = account.id
    return project, [found[name] for name in ("lead", *roles)]


def _ids(project: Project) -> Any:
    return select(Protocol.id).where(Protocol.project_id == project.id).order_by(Protocol.id)


def _suggest(
    session: Session, project: Project, ids: list[int], labels: int, dice: random.Random
) -> list[Said]:
    """Versions that learnt a quarter of the labels each; a third of levels change between two."""
    said: list[Said] = []
    levels = {key: dice.choice(LEVELS) for key in ids}
    for number in range(1, VERSIONS + 1):
        learnt = labels * number // (VERSIONS + 1)
        new = models.NewVersion(
            "blend", learnt, learnt, {"weak_below": 0.2}, {}, "none", "0" * 64, 1.0, ""
        )
        version = models.add_version(session, project.id, new)
        rows, marks = [], []
        for key in ids:
            levels[key] = dice.choice(LEVELS) if dice.random() < 1 / 3 else levels[key]
            chances = [0.2 + (0.6 if one == levels[key] else -0.15) for one in LEVELS]
            rows.append(models.SuggestionRow(key, levels[key], chances, 0.5))
            marks.append(models.Marked([[0, 5, 0.5, 0.2]], [], [], [], dice.random()))
        keys = models.add_suggestions(session, version, rows)
        models.add_marks(session, dict(zip(keys, marks, strict=True)))
        models.publish(session, version, "for the benchmark")
        by_protocol = {
            row.protocol_id: (key, row.level) for key, row in zip(keys, rows, strict=True)
        }
        said.append(Said(learnt, by_protocol))
    return said


def _events(
    project: Project,
    coders: list[int],
    ids: list[int],
    said: list[Said],
    count: int,
    dice: random.Random,
) -> Iterator[dict[str, Any]]:
    """Readings in order, each followed in one of nine by an answer that supersedes it."""
    number, place = 0, 0
    while number < count:
        protocol, turn = ids[place % len(ids)], place // len(ids)
        place += 1
        number += 1
        known = next((one.of for one in reversed(said) if one.learnt < number), {})
        suggestion, suggested = known.get(protocol, (None, dice.choice(LEVELS)))
        level = suggested if dice.random() < 0.6 else dice.choice(LEVELS)
        reading = Read(project, protocol, coders[turn % len(coders)], place, suggestion)
        yield _event(number, reading, level, Exposure.blind, None, dice)
        if number < count and suggestion is not None and dice.random() < 4 / 27:
            number += 1
            again = suggested if dice.random() < 0.7 else dice.choice(LEVELS)
            yield _event(number, reading, again, Exposure.after_suggestion, number - 1, dice)


def _finals(
    project: Project, lead: int, ids: list[int], count: int, dice: random.Random
) -> Iterator[dict[str, Any]]:
    """Every twentieth protocol is settled."""
    for number, protocol in enumerate(ids[::20], count + 1):
        settled = Read(project, protocol, lead, None, None, Lane.final)
        yield _event(number, settled, dice.choice(LEVELS), Exposure.after_peer, None, dice)


def _event(
    number: int,
    read: Read,
    level: int,
    exposure: Exposure,
    supersedes: int | None,
    dice: random.Random,
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": number,
        "project_id": read.project.id,
        "protocol_id": read.protocol,
        "account_id": read.account,
        "lane": read.lane,
        "action": Action.label,
        "level": level,
        "confidence": dice.choice((1, 2, 3)),
        "evidence": [{"start": 0, "end": 5, "quote": "Study"}],
        "note": "",
        "rubric_version_id": read.project.rubric_version_id,
        "rubric_sha256": hashlib.sha256(b"bench").hexdigest(),
        "exposure": exposure,
        "suggestion_id": read.suggestion,
        "serving_id": read.serving,
        "seconds": round(dice.uniform(5, 240), 1),
        "supersedes_id": supersedes,
        "idempotency_key": f"bench-{number}",
        "request_sha256": hashlib.sha256(f"bench-{number}".encode()).hexdigest(),
        "origin": Origin.browser,
        "recorded_at": BEGAN + dt.timedelta(minutes=3 * number),
        "made_at": None,
    }
    return row | {"sha256": audit.label_sha256(row)}


def _servings(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What each reading was served by: its second answer is to the same serving."""
    for one in events:
        if one["serving_id"] is not None and one["supersedes_id"] is None:
            same = ("project_id", "protocol_id", "account_id", "lane", "suggestion_id")
            yield {name: one[name] for name in same} | {
                "id": one["serving_id"], "strategy": "random", "reason": "for the benchmark",
                "score": None, "model_version_id": None, "state": ServingState.answered,
                "arm": Arm.suggestion, "served_at": one["recorded_at"],
                "reserved_until": one["recorded_at"],
            }  # fmt: skip


def _disclosures(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in events:
        if one["exposure"] is Exposure.after_suggestion:
            same = ("protocol_id", "account_id", "suggestion_id")
            yield {name: one[name] for name in same} | {
                "what": Disclosed.suggestion, "at": one["recorded_at"]
            }  # fmt: skip


def _standing(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    newest = {(one["protocol_id"], one["account_id"], one["lane"]): one for one in events}
    for one in newest.values():
        same = ("protocol_id", "account_id", "lane", "project_id", "action", "level")
        yield {name: one[name] for name in same} | {"event_id": one["id"]}


def _store(session: Session, kind: Any, rows: Iterator[dict[str, Any]]) -> None:
    while some := list(islice(rows, _AT_ONCE)):
        session.execute(insert(kind), some)
