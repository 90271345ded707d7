"""A project's draft of its next rubric version: one for all leads, saved as it was typed.

Every saving names the revision that it was filled in over. One that comes late changes nothing and
is told what stands, so no lead writes over another's words without having seen them.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import CerError, InvalidInput
from cer_assist.domain.rubric import Rubric, parse_rubric
from cer_assist.domain.wording import Wording, faults, one_line, wording_of, yaml_of
from cer_assist.services import fence, history, protocols, rubric_versions, training_data
from cer_assist.services.models import locked_project
from cer_assist.services.rubrics import project_rubric, rubric_version
from cer_assist.store.tables import Account, Project, Protocol, RubricDraft, RubricVersion
from cer_assist.store.types import now

MAX_QUOTE = 2000


@dataclass(frozen=True, slots=True)
class Draft:
    """What the next version is to say; one without a revision was never saved."""

    wording: Wording
    note: str
    revision: str
    based_on: Rubric
    by: str | None
    updated_at: dt.datetime | None

    @property
    def faults(self) -> dict[str, str]:
        """What keeps it from being published, by place."""
        return faults(self.wording)


class StaleDraft(CerError):
    """Someone else has saved the draft since; carries what stands."""

    def __init__(self, stored: Draft) -> None:
        who = stored.by or "the command line"
        super().__init__(
            f"{who} has saved this draft since you opened it. Nothing of yours was stored yet: "
            "compare, take over what is to stay, and save again."
        )
        self.stored = stored


def open_draft(session: Session, project: Project) -> Draft:
    """The draft, or the version in use as one that nobody has changed yet."""
    row = session.execute(
        select(RubricDraft, Account.display_name)
        .outerjoin(Account, Account.id == RubricDraft.account_id)
        .where(RubricDraft.project_id == project.id)
    ).first()
    if row is None:
        rubric = project_rubric(session, project)
        return Draft(wording_of(rubric), "", "", rubric, None, None)
    draft, name = row
    return Draft(
        Wording.from_json(draft.wording),
        draft.note,
        draft.revision,
        rubric_version(session, draft.based_on_id),
        name,
        draft.updated_at,
    )


def save(
    session: Session, project: Project, wording: Wording, note: str, revision: str, by: int | None
) -> str:
    """Keep a wording with all its faults; the revision that it is now."""
    stored = _lock(session, project, revision)
    if wording.scale != stored.based_on.scale:
        raise InvalidInput("The levels of a scale stay as they are: only what is said of them can.")
    row = session.scalars(select(RubricDraft).where(RubricDraft.project_id == project.id)).first()
    if row is None:
        row = RubricDraft(project_id=project.id, based_on_id=project.rubric_version_id)
        session.add(row)
    row.wording, row.note = wording.as_json(), note.strip()[: rubric_versions.MAX_NOTE]
    # Not a number: one would come again after a draft was thrown away.
    row.revision = secrets.token_hex(8)
    row.account_id, row.updated_at = by, now()
    session.flush()  # the page that follows reads it
    return row.revision


def replace_by_file(
    session: Session, project: Project, text: str, name: str, revision: str, by: int | None
) -> str:
    """Put a file's wording in the draft's place; its number is given when it is published."""
    rubric, current = parse_rubric(text, name), project_rubric(session, project)
    if (rubric.id, rubric.scale) != (current.id, current.scale):
        raise InvalidInput(
            f"{name} is rubric {rubric.id} on levels {rubric.scale[0]} to {rubric.scale[-1]}; this "
            f"project is coded by {current.id} on {current.scale[0]} to {current.scale[-1]}."
        )
    note = open_draft(session, project).note
    return save(session, project, wording_of(rubric), note, revision, by)


def discard(session: Session, project: Project, revision: str) -> None:
    """Throw the draft away; the version in use is what it was."""
    _lock(session, project, revision)
    session.execute(delete(RubricDraft).where(RubricDraft.project_id == project.id))


def add_example(
    session: Session, project: Project, quoted: tuple[str, str, str], revision: str, by: int | None
) -> str:
    """Add (id of a protocol, passage, why) to the level that the protocol counts as."""
    name, passage, why = map(one_line, quoted)
    protocol, level = _settled(session, project, name)
    if not 1 <= len(passage) <= MAX_QUOTE or passage not in one_line(protocol.text):
        raise InvalidInput(f"This passage does not stand in {name}: copy it word for word.")
    if not why:
        raise InvalidInput("Say why this passage makes the protocol one of its level.")
    if by is not None:
        history.note_peer_view(session, protocol, by)
    stored = open_draft(session, project)
    wording = stored.wording.with_example(level, passage, why)
    return save(session, project, wording, stored.note, revision, by)


def publish(
    session: Session,
    project: Project,
    revision: str,
    note: str,
    touched: Sequence[int],
    by: int | None,
) -> RubricVersion:
    """Make the draft the project's next version, with the note in the change log."""
    draft = _lock(session, project, revision)
    if draft.faults:
        raise InvalidInput("The draft is not complete yet: see what stands beside its fields.")
    text = next_text(session, draft)
    row = rubric_versions.publish(session, project.id, text, note, touched, by)
    session.execute(delete(RubricDraft).where(RubricDraft.project_id == project.id))
    return row


def next_text(session: Session, draft: Draft) -> str:
    """The file that the draft would be published as."""
    rubric_id = draft.based_on.id
    return yaml_of(draft.wording, rubric_id, rubric_versions.next_number(session, rubric_id))


def _lock(session: Session, project: Project, revision: str) -> Draft:
    """The draft as it stands; whoever saves at the same time waits and is then too late."""
    locked_project(session, project.id)
    stored = open_draft(session, project)
    if stored.revision != revision:
        raise StaleDraft(stored)
    return stored


def _settled(session: Session, project: Project, name: str) -> tuple[Protocol, int]:
    protocol = protocols.find_by_name(session, project.id, name)
    if not protocol.coders_missing and protocol.id in fence.fenced_ids(session, project.id):
        raise InvalidInput(
            f"{name} is kept for measuring models, which read the rubric: take another one."
        )
    level = training_data.settled_levels(session, project.id).get(protocol.id)
    if protocol.coders_missing or level is None:
        raise InvalidInput(
            f"{name} has no final level yet, or still wants readers: take one that is settled."
        )
    return protocol, level
