"""Practice protocols for tests: two of each level, named by it."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from cer_assist.services import training, training_items
from cer_assist.services.training import Attempt, Feedback
from cer_assist.services.training_items import NewItem, Solution
from cer_assist.store.tables import Project, Protocol, TrainingItem
from tests.builders import a_label


def some_items(session: Session, project: Project, each: int = 2) -> list[TrainingItem]:
    """Items T-1-a, T-1-b, T-2-a, …; each level's own text says nothing of the level's number."""
    words = ("nobody", "flyers", "advice", "a board", "a committee")
    return [
        training_items.add(
            session,
            project,
            NewItem(
                training_items.typed(
                    f"T-{level}-{letter}",
                    f"Practice {letter} with {word}",
                    f"Text {letter}: the study has {word} as its partner.",
                ),
                Solution(level, f"Because of {word}, zebra {level}.", passages=(word,)),
            ),
            None,
        )
        for level, word in enumerate(words, 1)
        for letter in "abcdefgh"[:each]
    ]


def a_known(
    session: Session, project: Project, protocol_id: int, *, by: int, level: int
) -> TrainingItem:
    """A protocol that a coder has read, and a practice protocol made of it."""
    a_label(session, project, protocol_id, by=by, level=level)
    protocol = session.get_one(Protocol, protocol_id)
    session.refresh(protocol)
    text = training_items.typed(protocol.external_id, protocol.title, protocol.text)
    new = NewItem(text, Solution(level, f"Because, zebra {level}."), protocol_id)
    return training_items.add(session, project, new, None)


def say(
    session: Session, project: Project, account_id: int, *, off: int = 0, key: str | None = None
) -> Feedback:
    """Answer the item that comes next, so many levels off."""
    question = training.standing(session, project, account_id).question
    assert question is not None
    level = session.get_one(TrainingItem, question.item_id).level
    said = level + off if level + off <= 5 else level - off
    attempt = Attempt(question.round_id, question.item_id, said, key or secrets.token_hex(8))
    return training.answer(session, project, account_id, attempt)
