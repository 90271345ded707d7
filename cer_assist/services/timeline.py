"""Everything known of a protocol, a coder, a version or the project, as one list in time.

Sources are merged a page at a time: each gives one line more than a page holds from a place on, the
first of them all are the page. What a lead may still read is left out of it, as is for them what
was asked unannounced; an auditor sees both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cer_assist.domain.errors import InvalidInput, NotFound
from cer_assist.services import (
    audit_log,
    history,
    rubric_versions,
    timeline_chain,
    timeline_sources,
    unannounced,
)
from cer_assist.services.timeline_parts import (
    About,
    Asked,
    Line,
    Subject,
    TimelinePage,
    Viewer,
)
from cer_assist.store.tables import (
    Account,
    Disclosure,
    LabelEvent,
    Membership,
    ModelVersion,
    Project,
    Protocol,
    Suggestion,
)
from cer_assist.store.tables.accounts import CODING, Role
from cer_assist.store.tables.servings import Disclosed

Source = Callable[[Session, Asked, int], list[Line]]
# In the order in which things of one instant are told; each with what it can be chosen by.
SOURCES: tuple[tuple[str, Source], ...] = (
    ("model", timeline_sources.versions),
    ("other", timeline_sources.fenced),
    ("assignments", timeline_chain.asked_for),
    ("assignments", timeline_sources.rereads),
    ("served", timeline_sources.servings),
    ("saw", timeline_sources.disclosures),
    ("labels", timeline_sources.labels),
    ("adjudications", timeline_sources.acts),
    ("comments", timeline_sources.comments),
    ("remarks", timeline_sources.word_remarks),
    ("events", timeline_chain.deeds),
)
KINDS = tuple(dict.fromkeys(kind for kind, _ in SOURCES))


def viewer(session: Session, project: Project, account_id: int, role: Role) -> Viewer:
    """Who looks at it, with what must be kept from them."""
    hidden = unannounced.hidden_in_hand(session, project.id, account_id)
    return Viewer(account_id, role in CODING, hidden)


COMMAND_LINE = Viewer(None, False)


def find_subject(session: Session, project: Project, about: str, name: str) -> Subject:
    """What a timeline is about, by the name that people use: id, user name or number."""
    if about not in set(About):
        raise InvalidInput(f"A timeline is about one of {', '.join(About)}.")
    kind = About(about)
    if kind is About.project:
        return Subject(kind, project.id, project.slug)
    if not name:
        raise InvalidInput("Say which one: a protocol's id, a user name, or a version's number.")
    finder = {
        About.protocol: _protocol,
        About.coder: _coder,
        About.rubric: _rubric,
        About.model: _model,
    }[kind]
    return finder(session, project, name)


def page(session: Session, asked: Asked, kind: str = "") -> TimelinePage:
    """A page of the timeline, and where the next one begins."""
    if kind and kind not in KINDS:
        raise InvalidInput(f"Choose one of {', '.join(KINDS)}.")
    found = [
        line
        for rank, (name, source) in enumerate(SOURCES)
        if not kind or name == kind
        for line in source(session, asked, rank)
    ]
    found.sort(key=lambda line: line.key, reverse=asked.window.newest_first)
    lines, rest = found[: asked.window.size], found[asked.window.size :]
    timeline_chain.vouch(session, lines)
    _add_what_was_replaced(session, lines)
    _add_suggestions(session, lines)
    add_names(session, lines)
    after = lines[-1].place if rest else None
    return TimelinePage(lines, after, _left_out(session, asked))


Shown = tuple[int, Disclosed, int | None]  # protocol, what, suggestion


def unnoted(session: Session, lines: Iterable[Line], account_id: int) -> set[Shown]:
    """What these lines tell of others' answers and of the model's that is not on record yet."""
    shown: set[Shown] = set()
    for line in lines:
        if line.protocol_id and line.source in _ANSWERS and line.account_id != account_id:
            shown.add((line.protocol_id, Disclosed.peer_label, None))
        if line.protocol_id and line.suggestion_id:
            shown.add((line.protocol_id, Disclosed.suggestion, line.suggestion_id))
    rows = session.execute(
        select(Disclosure.protocol_id, Disclosure.what, Disclosure.suggestion_id).where(
            Disclosure.account_id == account_id,
            Disclosure.protocol_id.in_({one[0] for one in shown}),
        )
    )
    return shown - {(key, Disclosed(what), suggestion) for key, what, suggestion in rows}


_ANSWERS = {"label", "adjudication", "comment"}


def note(session: Session, shown: Iterable[Shown], account_id: int) -> None:
    """Record it, once for each."""
    for protocol_id, what, suggestion_id in shown:
        history.disclose(session, protocol_id, account_id, what, suggestion_id)


def _protocol(session: Session, project: Project, name: str) -> Subject:
    found = session.execute(
        select(Protocol.id, Protocol.external_id).where(
            Protocol.project_id == project.id, Protocol.external_id == name
        )
    ).first()
    if found is None:
        raise NotFound(f"This project has no protocol {name[:60]}.")
    return Subject(About.protocol, found.id, found.external_id)


def _coder(session: Session, project: Project, name: str) -> Subject:
    """Whoever is or was a member; of one who left labels or events remain."""
    found = session.execute(
        select(Account.id, Account.username).where(
            Account.username == name,
            Account.id.in_(select(Membership.account_id).where(Membership.project_id == project.id))
            | Account.id.in_(
                select(LabelEvent.account_id).where(LabelEvent.project_id == project.id)
            ),
        )
    ).first()
    if found is None:
        raise NotFound(f"Nobody called {name[:60]} works or has worked in this project.")
    return Subject(About.coder, found.id, found.username)


def _rubric(session: Session, project: Project, name: str) -> Subject:
    for one in rubric_versions.versions(session, project):
        if str(one.number) == name:
            return Subject(About.rubric, one.version_id, f"version {name}", one.number)
    raise NotFound(f"This project was never coded under version {name[:60]} of its rubric.")


def _model(session: Session, project: Project, name: str) -> Subject:
    number = int(name) if name.isdecimal() and len(name) < _LONG_NUMBER else 0
    found = session.execute(
        select(ModelVersion.id, ModelVersion.number).where(
            ModelVersion.project_id == project.id, ModelVersion.number == number
        )
    ).first()
    if found is None:
        raise NotFound(f"This project has no model version {name[:60]}.")
    return Subject(About.model, found.id, f"version {found.number}", found.number)


_LONG_NUMBER = 10  # digits


def _add_what_was_replaced(session: Session, lines: Iterable[Line]) -> None:
    replacing = {line.before["event"]: line for line in lines if "event" in line.before}
    rows = session.execute(
        select(
            LabelEvent.id,
            LabelEvent.action,
            LabelEvent.level,
            LabelEvent.confidence,
            LabelEvent.note,
        ).where(LabelEvent.id.in_(replacing))
    )
    for key, action, level, confidence, note in rows:
        old = {"action": action, "level": level, "confidence": confidence, "note": note}
        replacing[key].before |= old


def _add_suggestions(session: Session, lines: Iterable[Line]) -> None:
    wanted = {line.seen["suggestion"] for line in lines if line.seen.get("suggestion")}
    rows = session.execute(
        select(Suggestion.id, Suggestion.level, ModelVersion.number)
        .join(ModelVersion, ModelVersion.id == Suggestion.model_version_id)
        .where(Suggestion.id.in_(wanted))
    )
    known = {key: {"level": level, "version": number} for key, level, number in rows}
    for line in lines:
        if "suggestion" in line.seen:
            line.suggestion_id = line.seen.pop("suggestion")
            line.seen |= known.get(line.suggestion_id or 0, {})


def add_names(session: Session, lines: Iterable[Line]) -> None:
    """Say of each line who did it, and of an event that is about people who these are."""
    # Of a row the reader is a number; an event of the chain may have a name there.
    read = [line for line in lines if isinstance(line.detail.get("reader"), int)]
    ids = {line.account_id for line in lines} | {line.detail["reader"] for line in read}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(ids)))
    names = {key: name for key, name in rows}  # noqa: C416 - rows are not pairs to mypy
    for line in lines:
        line.who = names.get(line.account_id or 0, "")
    for line in read:
        line.detail["reader"] = names[line.detail["reader"]]
    events = [line for line in lines if line.source == "chain"]
    named = audit_log.name_people(session, [line.detail for line in events])
    for line, detail in zip(events, named, strict=True):
        line.detail = detail
    users = audit_log.account_names(session, {line.detail.get("subject", "") for line in lines})
    for line in lines:
        if line.detail.get("subject") in users:
            line.detail = {"user": users[line.detail["subject"]]} | line.detail


def _left_out(session: Session, asked: Asked) -> int:
    """Protocols of the project that nothing is told of; the same number in every timeline.

    Counted for one coder it would tell how many of these that coder has answered.
    """
    conditions = asked.open_to_viewer()
    if not conditions:
        return 0
    of_project = Protocol.project_id == asked.project.id
    total = select(func.count()).select_from(Protocol).where(of_project)
    shown = total.where(*conditions)
    return session.execute(total).scalar_one() - session.execute(shown).scalar_one()
