"""What an adjudicator does with a protocol: one transaction appends it with all that follows.

A final level is a label event of the lane `final`; coders' own events stay as they are, so that
agreement is measured on what they said. A form that was filled in over other answers than now stand
changes nothing: whoever sent it is shown what stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cer_assist.domain import adjudication
from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.errors import InvalidInput, NotAllowed, NotFound, NotReady, StaleDecision
from cer_assist.domain.labels import Action, Exposure, Lane
from cer_assist.domain.protocols import clean
from cer_assist.services import (
    assignments,
    disputes,
    history,
    label_effects,
    proposals,
    rulings,
    standing,
)
from cer_assist.services.answer_state import hold
from cer_assist.services.label_events import append_event
from cer_assist.services.rubrics import project_rubric
from cer_assist.services.rulings import Ruled, Ruling, append
from cer_assist.services.standing import Final, Said
from cer_assist.store.tables import CurrentLabel, Project, Protocol
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.types import now

MAX_NOTE = 4000
SENT_BACK = AssignmentKind.returned


def rule(session: Session, project: Project, account_id: int, asked: Ruling) -> Ruled:
    """Do what an adjudicator asks for; the same key and body twice gives the first result."""
    hold(session, asked.protocol_id)
    known = rulings.known(session, account_id, asked)
    if known is not None:
        return known
    protocol = session.get(Protocol, asked.protocol_id)
    if protocol is None or protocol.project_id != project.id:
        raise NotFound("This protocol is not part of the project.")
    said = standing.readings_for(session, project.id, protocol.id, account_id)
    final = standing.final_of(session, protocol.id)
    _check(session, project, asked, said, final)
    if asked.act is Act.take_back:
        return _take_back(session, project, account_id, asked, said, final)
    _refuse_stale(protocol, asked, said, final)
    allow(session, project, account_id, said)
    # Whoever settles it from the command line has not opened the page, and knows all the same.
    history.note_peer_view(session, protocol, account_id)
    readers = [(asked.protocol_id, one.account_id) for one in said]
    if asked.act is Act.send_back:
        note = clean(asked.note)
        for key, coder in readers:  # in place of a re-read that is open, whose note says less
            assignments.ask(session, project, key, coder, SENT_BACK, note=note, by=account_id)
        return append(session, project, account_id, asked, Act.send_back, said, None)
    if _wants_another(session, project, account_id, asked, said):
        return append(session, project, account_id, asked, Act.propose, said, None)
    event_id = _final_event(session, project, account_id, asked, Action.label)
    assignments.no_longer(session, readers, SENT_BACK)
    _report_gap(session, project, account_id, asked)
    return append(session, project, account_id, asked, Act.decide, said, event_id)


def _report_gap(session: Session, project: Project, account_id: int, asked: Ruling) -> None:
    """What the rubric leaves open becomes a proposal for its next version, if a note says it."""
    note = clean(asked.note)
    if asked.reason is Reason.rubric_gap and note:
        about = {"level": asked.level, "protocol_id": asked.protocol_id}
        proposals.propose(session, project.id, account_id, note, **about)


def allow(session: Session, project: Project, account_id: int, said: Sequence[Said]) -> None:
    """Refuse whoever read the protocol themselves, while others could settle it."""
    leaders = disputes.leading(session, project.id)
    coders = [one.account_id for one in said]
    if not adjudication.may_settle(account_id, coders, leaders, project.adjudicators):
        raise NotAllowed(
            "You are one of this protocol's readers, so another lead or administrator settles it."
        )


def _check(
    session: Session, project: Project, asked: Ruling, said: Sequence[Said], final: Final | None
) -> None:
    if not 8 <= len(asked.idempotency_key) <= 80:
        raise InvalidInput("The form carries no usable key: reload the page and decide again.")
    if len(asked.note) > MAX_NOTE:
        raise InvalidInput(f"The note is longer than {MAX_NOTE:,} characters: shorten it.")
    if (asked.act is Act.decide) != (asked.level is not None):
        raise InvalidInput("Choose the final level.")
    if asked.act is Act.propose:
        raise InvalidInput("Decide: whether it waits for a second adjudicator is the project's.")
    if asked.level is not None:
        project_rubric(session, project).level(asked.level)
    differ = len({one.level for one in said}) > 1
    if asked.act is Act.decide and differ and asked.reason is None and final is None:
        raise InvalidInput("Choose why the readings differ.")
    if asked.act is Act.send_back and not clean(asked.note):
        raise InvalidInput("Say in the note what the coders are to look at again.")


def _refuse_stale(
    protocol: Protocol, asked: Ruling, said: Sequence[Said], final: Final | None
) -> None:
    stands: dict[str, object] = {
        "final": final.level if final else None,
        "readings": [{"event_id": one.event_id, "level": one.level} for one in said],
    }
    if final is not None:
        raise StaleDecision(
            f"{final.by} has settled this protocol: level {final.level}. Nothing was changed.",
            stands,
        )
    if protocol.coders_missing or len(said) < 2:
        # What stands is no longer this person's to see.
        raise NotReady("This protocol waits for readers, so there is nothing to settle yet.")
    if set(asked.between) != {one.event_id for one in said}:
        raise StaleDecision(
            "A coder has answered again since you opened this protocol. Nothing was changed: look "
            "at what stands now, then decide.",
            stands,
        )


def _wants_another(
    session: Session, project: Project, account_id: int, asked: Ruling, said: Sequence[Said]
) -> bool:
    """Whether this level waits for a second adjudicator; what all readers said is confirmed."""
    if project.adjudicators < 2 or {one.level for one in said} == {asked.level}:
        return False
    others = standing.proposals(session, asked.protocol_id, said)
    others.pop(account_id, None)
    return asked.level not in others.values()


def _take_back(
    session: Session,
    project: Project,
    account_id: int,
    asked: Ruling,
    said: Sequence[Said],
    final: Final | None,
) -> Ruled:
    if final is None or final.account_id != account_id:
        raise NotAllowed("Only a final level of your own, while it stands, can be taken back.")
    event_id = _final_event(session, project, account_id, asked, Action.withdraw)
    return append(session, project, account_id, asked, Act.take_back, said, event_id)


def _final_event(
    session: Session, project: Project, account_id: int, asked: Ruling, action: Action
) -> int:
    rubric = project_rubric(session, project)
    fields = {
        "project_id": project.id,
        "protocol_id": asked.protocol_id,
        "account_id": account_id,
        "lane": Lane.final.value,
        "action": action.value,
        "level": asked.level,
        "confidence": None,
        "evidence": [],
        "note": clean(asked.note),
        "rubric_version_id": project.rubric_version_id,
        "rubric_sha256": rubric.sha256,
        "exposure": Exposure.after_peer.value,
        "suggestion_id": standing.newest_suggestion_id(session, asked.protocol_id),
        "serving_id": None,
        "seconds": None,
        "supersedes_id": _own_final_event(session, asked.protocol_id, account_id),
        "idempotency_key": asked.idempotency_key,
        "request_sha256": asked.sha256(),
        "origin": asked.origin.value,
        "recorded_at": now(),
        "made_at": None,
    }
    recorded = append_event(session, fields)
    label_effects.follow(session, project, asked.protocol_id, action)
    return recorded.event_id


def _own_final_event(session: Session, protocol_id: int, account_id: int) -> int | None:
    return session.execute(
        select(CurrentLabel.event_id).where(
            CurrentLabel.protocol_id == protocol_id,
            CurrentLabel.account_id == account_id,
            CurrentLabel.lane == Lane.final,
        )
    ).scalar()
