"""What coders say of the model's words: contested, missed, or taken back; the newest remark counts.

Only who was shown a suggestion may remark on its words. A remark changes no label and no word by
itself; leads see all of them, with what has become of the words in the version in use.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotAllowed, NotFound
from cer_assist.domain.labels import event_sha256
from cer_assist.domain.remarks import Remark
from cer_assist.services import audit, explanations, suggestions
from cer_assist.services.models import current_version_id
from cer_assist.services.suggestions import SuggestionView
from cer_assist.services.training_data import Spans
from cer_assist.store.tables import Account, Disclosure, Highlight, Protocol, Suggestion, WordRemark
from cer_assist.store.tables.servings import Disclosed
from cer_assist.store.types import now, table_of, utc_text

RECORDED = "word.remarked"
LONGEST = 300  # code points of a place: a phrase, not a page
MOST = 200  # lines of the list
LOOKED_AT_AGAIN = 100  # protocols that a new version looks at for their remarks' sake

_remark = table_of(WordRemark)
_INSERT = insert(_remark).returning(_remark.c.id)
_HASHED = tuple(column.name for column in _remark.c if column.name not in ("id", "sha256"))


@dataclass(frozen=True, slots=True)
class RemarkRequest:
    """What a coder says of a place in a text that a suggestion's words were shown in."""

    protocol_id: int
    suggestion_id: int
    remark: Remark
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a coder's remark stands that still counts."""

    start: int
    end: int
    remark: Remark


@dataclass(frozen=True, slots=True)
class RemarkLine:
    """A remark as the lead's list has it."""

    id: int
    at: dt.datetime
    who: str
    protocol_id: int
    external_id: str
    level: int  # that the words were shown for
    remark: Remark
    quote: str
    suggestion_id: int
    now: str  # what the version in use makes of it: persists, gone, other_level, unknown
    version_number: int | None


def record(session: Session, project_id: int, account_id: int, asked: RemarkRequest) -> None:
    """Append a remark; saying again what stands already adds nothing."""
    text = session.execute(
        select(Protocol.text).where(
            Protocol.id == asked.protocol_id, Protocol.project_id == project_id
        )
    ).scalar()
    if text is None:
        raise NotFound("This protocol is not part of the project.")
    level = _shown_level(session, account_id, asked)
    quote = text[asked.start : asked.end]
    if not 0 <= asked.start < asked.end <= len(text) or not quote.strip():
        raise InvalidInput("The place lies outside the text or is blank: choose words.")
    if len(quote) > LONGEST:
        raise InvalidInput(f"The place is longer than {LONGEST} characters: choose fewer words.")
    mine = standing(session, asked.protocol_id, account_id)
    before = {(one.start, one.end): one.remark for one in mine}.get((asked.start, asked.end))
    if asked.remark is (before or Remark.withdrawn):
        return
    fields: dict[str, Any] = {
        "project_id": project_id,
        "protocol_id": asked.protocol_id,
        "account_id": account_id,
        "suggestion_id": asked.suggestion_id,
        "level": level,
        "remark": asked.remark.value,
        "start": asked.start,
        "end": asked.end,
        "quote": quote,
        "recorded_at": now(),
    }
    fields["sha256"] = remark_sha256(fields)
    remark_id = session.execute(_INSERT, fields).scalar_one()
    detail = {"sha256": fields["sha256"], "protocol": asked.protocol_id, "remark": asked.remark}
    entry = audit.Entry(RECORDED, f"remark:{remark_id}", detail)
    audit.append(session, entry, account_id=account_id, project_id=project_id)


def remark_sha256(remark: WordRemark | dict[str, Any]) -> str:
    """The hash of a remark over everything it says, its time in UTC to the microsecond."""
    fields = {
        name: remark[name] if isinstance(remark, dict) else getattr(remark, name)
        for name in _HASHED
    }
    fields["recorded_at"] = utc_text(fields["recorded_at"])
    return event_sha256(fields)


def _shown_level(session: Session, account_id: int, asked: RemarkRequest) -> int:
    level: int | None = session.execute(
        select(Suggestion.level)
        .join(Disclosure, Disclosure.suggestion_id == Suggestion.id)
        .where(
            Suggestion.id == asked.suggestion_id,
            Suggestion.protocol_id == asked.protocol_id,
            Disclosure.account_id == account_id,
            Disclosure.what == Disclosed.suggestion,
        )
    ).scalar()
    if level is None:
        raise NotAllowed("You can remark on words that you were shown: answer the protocol first.")
    return level


def standing(session: Session, protocol_id: int, account_id: int) -> list[Place]:
    """This coder's remarks on a protocol that stand, in the order of the text."""
    mine = WordRemark.protocol_id == protocol_id, WordRemark.account_id == account_id
    rows = session.scalars(_standing().where(*mine))
    found = [Place(row.start, row.end, Remark(row.remark)) for row in rows]
    return sorted(found, key=lambda place: (place.start, place.end))


def _standing() -> Any:
    """The newest remark of every coder on every place, unless it takes an earlier one back."""
    newest = select(func.max(WordRemark.id)).group_by(
        WordRemark.protocol_id, WordRemark.account_id, WordRemark.start, WordRemark.end
    )
    return select(WordRemark).where(
        WordRemark.id.in_(newest), WordRemark.remark != Remark.withdrawn
    )


def spans(session: Session, project_id: int, remark: Remark) -> dict[int, Spans]:
    """Where remarks of a kind stand in each protocol, by any coder."""
    found: dict[int, Spans] = {}
    of_kind = WordRemark.project_id == project_id, WordRemark.remark == remark
    for row in session.scalars(_standing().where(*of_kind).order_by(WordRemark.id)):
        found[row.protocol_id] = (*found.get(row.protocol_id, ()), (row.start, row.end))
    return found


def lines(session: Session, project_id: int) -> list[RemarkLine]:
    """The newest standing remarks of a project, with what has become of the words."""
    statement = (
        _standing()
        .add_columns(Account.display_name, Protocol.external_id)
        .join(Account, Account.id == WordRemark.account_id)
        .join(Protocol, Protocol.id == WordRemark.protocol_id)
        .where(WordRemark.project_id == project_id)
        .order_by(WordRemark.id.desc())
        .limit(MOST)
    )
    rows = session.execute(statement).all()
    views = {
        key: _view_now(session, project_id, key) for key in {row[0].protocol_id for row in rows}
    }
    return [
        RemarkLine(
            row.id,
            row.recorded_at,
            who,
            row.protocol_id,
            external_id,
            row.level,
            Remark(row.remark),
            row.quote,
            row.suggestion_id,
            *_became(row, views[row.protocol_id]),
        )
        for row, who, external_id in rows
    ]


def _view_now(session: Session, project_id: int, protocol_id: int) -> SuggestionView | None:
    """What the version in use says of a protocol, if its words were weighed."""
    found = suggestions.current_suggestion_id(session, project_id, protocol_id)
    view = suggestions.suggestion_view(session, found) if found else None
    if view is not None and view.has_words:
        return view
    return suggestions.view_on_request(session, project_id, protocol_id)


def _became(remark: WordRemark, view: SuggestionView | None) -> tuple[str, int | None]:
    if view is None or view.id == remark.suggestion_id:
        return "unknown", None  # no later version has looked at it
    if view.level != remark.level:
        return "other_level", view.version_number
    is_marked = any(
        word.weight > 0 and word.start < remark.end and word.end > remark.start
        for word in view.words
    )
    persists = is_marked if remark.remark == Remark.not_evidence else not is_marked
    return "persists" if persists else "gone", view.version_number


def look_again(session: Session, project_id: int) -> None:
    """Have the version in use weigh the words that were remarked on, to see what became of them."""
    version_id = current_version_id(session, project_id)
    if version_id is None:
        return
    has_words = select(Highlight.suggestion_id).join(
        Suggestion, Suggestion.id == Highlight.suggestion_id
    )
    has_words = has_words.where(
        Suggestion.model_version_id == version_id, Suggestion.protocol_id == WordRemark.protocol_id
    )
    remarked = (
        select(WordRemark.protocol_id)
        .where(WordRemark.id.in_(_standing().with_only_columns(WordRemark.id)))
        .where(WordRemark.project_id == project_id, ~has_words.exists())
        .group_by(WordRemark.protocol_id)
        .order_by(func.max(WordRemark.id).desc())
        .limit(LOOKED_AT_AGAIN)
    )
    for protocol_id in session.scalars(remarked).all():
        explanations.ask(session, project_id, version_id, protocol_id)
