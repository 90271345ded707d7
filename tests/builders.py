"""Builders that read as sentences: `a_label(session, protocol, by=ana, level=4)`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from cer_assist.cli.demo import TEXTS
from cer_assist.domain.labels import Action
from cer_assist.domain.protocols import compose
from cer_assist.domain.serving import UNCERTAIN
from cer_assist.domain.wording import wording_of, yaml_of
from cer_assist.services import (
    accounts,
    fence_draws,
    labelling,
    models,
    projects,
    quality,
    rubrics,
)
from cer_assist.services.importing import import_protocols
from cer_assist.services.label_events import Recorded
from cer_assist.services.labelling import LabelRequest
from cer_assist.services.queue_order import Place, replace_order
from cer_assist.store.tables import Account, Project, Protocol
from cer_assist.store.tables.accounts import Role

RUBRIC = Path(__file__).parent.parent / "rubric" / "cenr-5.v1.yaml"
PASSWORD = "a long enough password"


def an_account(
    session: Session,
    username: str = "ana",
    *,
    administrator: bool = False,
    password: str | None = None,
) -> Account:
    """An account; without a password it cannot sign in (hashing costs time in tests)."""
    return accounts.add_account(
        session, username, password=password, is_administrator=administrator
    )


def a_project(session: Session, slug: str = "demo", **settings: object) -> Project:
    """A project on the default rubric; settings are set as given."""
    rubric = rubrics.store_rubric(session, RUBRIC.read_text(encoding="utf-8"), RUBRIC.name)
    project = projects.add_project(session, slug, slug.title(), rubric)
    project.double_coded_share = project.diverse_share = project.rare_share = 0.0
    project.no_suggestion_share = 0.0
    for name, value in settings.items():
        assert hasattr(project, name), name
        setattr(project, name, value)
    session.flush()  # visible to the statements of the test
    return project


def a_member(session: Session, project: Project, username: str, role: Role = Role.coder) -> Account:
    """A new account with a role in the project."""
    account = an_account(session, username)
    accounts.set_role(session, project, account, role, None)
    return account


def some_protocols(session: Session, project: Project, count: int = 3) -> list[Protocol]:
    """Short protocols P-1, P-2, … with two sections each."""
    texts = [
        compose(
            f"P-{number}",
            f"Study number {number}",
            [
                ("Aims", f"We study walking group {number} in a small town."),
                ("Recruitment", f"Flyers at church {number} invite people to take part."),
            ],
        )
        for number in range(1, count + 1)
    ]
    report = import_protocols(session, project, texts, [], by=None)
    assert not report.errors
    found = session.query(Protocol).filter_by(project_id=project.id).order_by(Protocol.id)
    return list(found)


def unlike_protocols(session: Session, project: Project, count: int) -> list[Protocol]:
    """Protocols P-1, P-2, … of which none is nearly the same as another."""
    texts = [
        compose(
            f"P-{number}",
            f"Study number {number}",
            [("Text", " ".join(f"word{number}x{at}" for at in range(30)))],
        )
        for number in range(1, count + 1)
    ]
    report = import_protocols(session, project, texts, [], by=None)
    assert not report.errors
    found = session.query(Protocol).filter_by(project_id=project.id).order_by(Protocol.id)
    return list(found)


def a_protocol(session: Session, project: Project, text: str, title: str = "Title") -> Protocol:
    """One protocol with the given text."""
    name = f"X-{secrets.token_hex(4)}"
    import_protocols(session, project, [compose(name, title, [("Text", text)])], [], by=None)
    return session.query(Protocol).filter_by(project_id=project.id, external_id=name).one()


def a_request(
    protocol_id: int, level: int | None = 3, *, supersedes: int | None = None, **fields: object
) -> LabelRequest:
    """What a browser sends; a fresh key unless one is given."""
    values: dict[str, object] = {
        "protocol_id": protocol_id,
        "action": Action.label if level is not None else Action.skip,
        "idempotency_key": secrets.token_hex(16),
        "supersedes_id": supersedes,
        "level": level,
    }
    return LabelRequest(**(values | fields))  # type: ignore[arg-type]


def a_label(
    session: Session, project: Project, protocol_id: int, *, by: int, level: int
) -> Recorded:
    """A coder's label through the same service as the browser's."""
    current = labelling.current_event_id(session, protocol_id, by)
    return labelling.record_label(
        session, by, project, a_request(protocol_id, level, supersedes=current)
    )


def a_model(
    session: Session,
    project: Project,
    suggestions: dict[int, tuple[int, list[float]]],
    *,
    publish: bool = True,
    words: dict[str, object] | None = None,
) -> int:
    """A published model version that says (level, probabilities) of each protocol id."""
    new = models.NewVersion(
        kind="attention",
        label_count=5,
        last_event_id=0,
        metrics={quality.WEAK_BELOW: 0.2},
        words=words or {},
        artefact="none",
        sha256="0" * 64,
        seconds=1.0,
        decision="",
    )
    version_id = models.add_version(session, project.id, new)
    rows, marked = [], []
    for protocol_id, (level, probabilities) in suggestions.items():
        mean = sum(i * p for i, p in enumerate(probabilities))
        spread = sum((i - mean) ** 2 * p for i, p in enumerate(probabilities))
        word = [0, 5, 0.5, 0.2, *(1.0 if at == level else -0.5 for at in range(1, 6))]
        sentence = [0, len(session.get_one(Protocol, protocol_id).text), 1.0]
        marked.append(models.Marked([word], [sentence], [[*sentence, 1.0]], [], 0.6))
        rows.append(models.SuggestionRow(protocol_id, level, probabilities, spread))
    ids = models.add_suggestions(session, version_id, rows)
    models.add_marks(session, dict(zip(ids, marked, strict=True)))
    by_spread = sorted(rows, key=lambda row: -row.uncertainty)
    an_order(session, version_id, UNCERTAIN, {r.protocol_id: r.uncertainty for r in by_spread})
    if publish:
        models.publish(session, version_id, "the first")
    return version_id


def an_order(session: Session, version_id: int, strategy: str, scores: dict[int, float]) -> None:
    """A strategy's order of protocol ids, as the worker would store it."""
    places = [Place(protocol_id, score) for protocol_id, score in scores.items()]
    replace_order(session, version_id, strategy, places)


def intended_levels() -> dict[str, int]:
    """What the demo protocols' writer had in mind: labels that make sense."""
    lines = (TEXTS / "protocols.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row["intended_level"] for row in map(json.loads, lines)}


def a_fence(session: Session, project: Project, ids: Sequence[int]) -> None:
    """Exactly these protocols as the fenced sample, drawn before anyone has read them."""
    numbered = {key: key for key in ids}
    assert fence_draws.draw(session, project.id, len(ids), numbered, None) == len(ids)


def two_readings(
    session: Session, project: Project, protocol_id: int, by: Sequence[int], *levels: int
) -> None:
    """What two coders say of a protocol, one after the other."""
    for account, level in zip(by, levels, strict=True):
        a_label(session, project, protocol_id, by=account, level=level)


def a_new_rubric(
    session: Session,
    project: Project,
    level: int,
    definition: str,
    *,
    number: int = 2,
    rubric_id: str = "cenr-5",
) -> str:
    """The file of the project's rubric with another definition of one level."""
    wording = wording_of(rubrics.project_rubric(session, project))
    levels = tuple(
        replace(one, definition=definition) if one.value == level else one for one in wording.levels
    )
    return yaml_of(replace(wording, levels=levels), rubric_id, number)
