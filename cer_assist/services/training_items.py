"""Practice protocols and their levels: copies of their own, made by leads, mended by new ones.

An item may be the copy of a protocol of the project, once that has a final level and wants no more
readers. It is then drawn for nobody who has read it, or is asked to; and whoever gets feedback on
it is recorded as having learnt another's label (`training`), so a reading of theirs that comes
later never counts as blind. The protocol itself stays where it is: the queue gives out none that
wants no readers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.domain.labels import Action, Lane, event_sha256
from cer_assist.domain.protocols import ProtocolText, Section, clean, compose
from cer_assist.services import audit, history, protocols, standing
from cer_assist.services.rubrics import project_rubric
from cer_assist.store.tables import (
    Account,
    CurrentLabel,
    LabelEvent,
    Project,
    Protocol,
    TrainingItem,
    TrainingUse,
)
from cer_assist.store.types import now

ADDED, USED, SET_ASIDE = "training.item_added", "training.item_used", "training.item_set_aside"
MAX_EXPLANATION = 4000
MAX_PASSAGES = 20
SHOWN = 200  # protocols to choose from


@dataclass(frozen=True, slots=True)
class Solution:
    """What is right for an item, and why."""

    level: int
    explanation: str
    also_level: int | None = None
    passages: tuple[str, ...] = ()  # evidence, word for word


@dataclass(frozen=True, slots=True)
class NewItem:
    """A text with its solution."""

    protocol: ProtocolText
    solution: Solution
    protocol_id: int | None = None  # whose copy it is
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item on the leads' list."""

    item: TrainingItem
    is_used: bool
    by: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Source:
    """A protocol that an item could be made from."""

    protocol_id: int
    external_id: str
    title: str


_newest = (
    select(func.max(TrainingUse.id))
    .where(TrainingUse.item_id == TrainingItem.id)
    .correlate(TrainingItem)
    .scalar_subquery()
)
_REPLACED = select(TrainingItem.replaces_id).where(TrainingItem.replaces_id.is_not(None))


def lines(session: Session, project_id: int) -> list[ItemLine]:
    """All items of a project, those in use first, by level; replaced ones are left out."""
    rows = session.execute(
        select(TrainingItem, TrainingUse.is_used, Account.display_name)
        .join(TrainingUse, TrainingUse.id == _newest)
        .outerjoin(Account, Account.id == TrainingItem.account_id)
        .where(TrainingItem.project_id == project_id, TrainingItem.id.not_in(_REPLACED))
        .order_by(TrainingUse.is_used.desc(), TrainingItem.level, TrainingItem.id)
    )
    return [ItemLine(item, used, name or "the command line", item.at) for item, used, name in rows]


def in_use(session: Session, project_id: int) -> list[int]:
    """The numbers of the items that rounds are drawn from, without reading their texts."""
    return list(
        session.scalars(
            select(TrainingItem.id)
            .join(TrainingUse, TrainingUse.id == _newest)
            .where(TrainingItem.project_id == project_id, TrainingItem.id.not_in(_REPLACED))
            .where(TrainingUse.is_used)
        )
    )


def find(session: Session, project_id: int, item_id: int) -> TrainingItem:
    """An item of the project."""
    item = session.get(TrainingItem, item_id)
    if item is None or item.project_id != project_id:
        raise NotFound("There is no such practice protocol in this project.")
    return item


def add(session: Session, project: Project, new: NewItem, by: int | None) -> TrainingItem:
    """Store an item and put it in use."""
    text = new.protocol
    item = TrainingItem(
        project_id=project.id,
        protocol_id=new.protocol_id,
        name=text.external_id,
        is_synthetic=new.is_synthetic,
        title=text.title,
        sections=[[section.name, section.start, section.end] for section in text.sections],
        text=text.text,
    )
    return _store(session, project, item, new.solution, by)


def mend(
    session: Session, project: Project, item_id: int, solution: Solution, by: int | None
) -> TrainingItem:
    """Put a new item with the same text in the place of one; answers keep what they answered."""
    old = find(session, project.id, item_id)
    newer = select(TrainingItem.id).where(TrainingItem.replaces_id == old.id)
    if session.execute(newer).first() is not None:
        raise InvalidInput("This practice protocol was mended already: open the newer one.")
    kept = ("project_id", "protocol_id", "name", "is_synthetic", "title", "sections", "text")
    item = TrainingItem(replaces_id=old.id, **{name: getattr(old, name) for name in kept})
    return _store(session, project, item, solution, by)


def use(session: Session, project: Project, item_id: int, is_used: bool, by: int | None) -> None:
    """Put an item in use, or set it aside; rounds under way keep theirs."""
    item = find(session, project.id, item_id)
    _use(session, item.id, is_used, by)
    _note(session, project, USED if is_used else SET_ASIDE, item, by)


def add_all(
    session: Session, project: Project, new: Iterable[NewItem], by: int | None
) -> list[TrainingItem]:
    """Store items whose name is not in the project's list yet; those that were stored."""
    known = {line.item.name for line in lines(session, project.id)}
    return [add(session, project, one, by) for one in new if one.protocol.external_id not in known]


def sources(session: Session, project: Project) -> list[Source]:
    """Settled protocols that no item was made from; no level is told, for the list is no case."""
    made = select(TrainingItem.protocol_id).where(TrainingItem.protocol_id.is_not(None))
    settled = select(CurrentLabel.protocol_id).where(
        CurrentLabel.project_id == project.id,
        CurrentLabel.lane == Lane.final,
        CurrentLabel.action == Action.label,
    )
    rows = session.execute(
        select(Protocol.id, Protocol.external_id, Protocol.title)
        .where(Protocol.project_id == project.id, Protocol.coders_missing == 0)
        .where(Protocol.id.in_(settled), Protocol.id.not_in(made))
        .order_by(Protocol.external_id)
        .limit(SHOWN)
    )
    return [Source(*row) for row in rows]


def from_protocol(session: Session, project: Project, protocol_id: int, by: int | None) -> NewItem:
    """What a settled protocol would be as an item; the explanation is the adjudicator's note."""
    protocol = protocols.find(session, project.id, protocol_id)
    final = standing.final_of(session, protocol.id)
    if final is None or protocol.coders_missing:
        raise InvalidInput(
            f"{protocol.external_id} has no final level yet, or still wants readers: take one that "
            "an adjudicator has settled."
        )
    if by is not None:
        history.note_peer_view(session, protocol, by)
    act = standing.last_act(session, protocol.id)
    same = [
        one.event_id
        for one in standing.readings_of(session, protocol.id)
        if one.level == final.level
    ]
    marked = session.scalars(select(LabelEvent.evidence).where(LabelEvent.id.in_(same)))
    quotes = [mark["quote"] for marks in marked for mark in marks if "start" in mark]
    passages = tuple(dict.fromkeys(map(clean, quotes)))[:MAX_PASSAGES]
    return NewItem(
        ProtocolText(
            protocol.external_id,
            protocol.title,
            protocol.text,
            tuple(Section(*section) for section in protocol.sections),
        ),
        Solution(final.level, act.note if act else "", passages=passages),
        protocol_id=protocol.id,
    )


def typed(name: str, title: str, text: str) -> ProtocolText:
    """A text that was typed in."""
    return compose(name, title, [("Text", text)])


def note_seen(session: Session, items: Sequence[TrainingItem], account_id: int) -> None:
    """Record that a person saw the levels of items that are copies of protocols."""
    for item in items:
        if item.protocol_id is not None:
            source = session.get_one(Protocol, item.protocol_id)
            history.note_peer_view(session, source, account_id)


def _store(
    session: Session, project: Project, item: TrainingItem, solution: Solution, by: int | None
) -> TrainingItem:
    _check(session, project, item.name, solution)
    item.level, item.also_level = solution.level, solution.also_level
    item.explanation = clean(solution.explanation)
    item.evidence = _places(item.text, solution.passages)
    item.account_id, item.at = by, now()
    session.add(item)
    session.flush()  # its use names it
    _use(session, item.id, True, by)
    _note(session, project, ADDED, item, by)
    return item


def _check(session: Session, project: Project, name: str, solution: Solution) -> None:
    rubric = project_rubric(session, project)
    rubric.level(solution.level)
    if solution.also_level is not None:
        rubric.level(solution.also_level)
    if solution.also_level == solution.level:
        raise InvalidInput("The second level that counts as right is another one than the first.")
    if not clean(solution.explanation) or len(solution.explanation) > MAX_EXPLANATION:
        raise InvalidInput(
            f"{name}: say why it is that level, in up to {MAX_EXPLANATION:,} characters, for it is "
            "what coders learn from."
        )
    if len(solution.passages) > MAX_PASSAGES:
        raise InvalidInput(f"More than {MAX_PASSAGES} passages are marked: remove some.")


def _places(text: str, passages: Sequence[str]) -> list[list[int]]:
    """Where passages stand; one that does not stand there is named."""
    found = []
    for passage in dict.fromkeys(map(clean, passages)):
        at = text.find(passage) if passage else -1
        if at < 0:
            raise InvalidInput(f"“{passage[:80]}” does not stand in the text: copy it as it is.")
        found.append([at, at + len(passage)])
    return sorted(found)


def _use(session: Session, item_id: int, is_used: bool, by: int | None) -> None:
    session.add(TrainingUse(item_id=item_id, is_used=is_used, account_id=by, at=now()))
    session.flush()  # the list that follows reads it


def _note(
    session: Session, project: Project, action: str, item: TrainingItem, by: int | None
) -> None:
    # What is right is told by its hash: whoever reads the audit may code as well.
    said = ("text", "level", "also_level", "explanation", "evidence")
    sha256 = event_sha256({name: getattr(item, name) for name in said})
    detail = {"name": item.name, "replaces": item.replaces_id, "sha256": sha256}
    entry = audit.Entry(action, f"training_item:{item.id}", detail)
    audit.append(session, entry, account_id=by, project_id=project.id)
