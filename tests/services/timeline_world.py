"""A project in which everything happens that a timeline can tell."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cer_assist.domain.remarks import Remark
from cer_assist.services import (
    accounts,
    assignments,
    audit,
    discussion,
    history,
    pinning,
    projects,
    queue,
    queue_wishes,
    remarks,
    rubric_versions,
    timeline,
)
from cer_assist.services.remarks import RemarkRequest
from cer_assist.services.timeline_parts import Asked, Line, Place, Viewer, Window
from cer_assist.store.tables import (
    Account,
    Adjudication,
    Assignment,
    Comment,
    Disclosure,
    LabelEvent,
    Project,
    Protocol,
    Serving,
    WordRemark,
)
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.assignments import AssignmentKind
from cer_assist.store.tables.queue import Wish
from cer_assist.store.tables.servings import Disclosed
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_model,
    a_new_rubric,
    a_project,
    some_protocols,
)

SAID = [0.1, 0.1, 0.6, 0.1, 0.1]
TABLES = {
    "label": LabelEvent,
    "adjudication": Adjudication,
    "comment": Comment,
    "remark": WordRemark,
    "serving": Serving,
    "disclosure": Disclosure,
    "assignment": Assignment,
}


@dataclass
class World:
    """What happened, by the numbers of the rows."""

    project: int
    protocols: list[int]
    people: dict[str, int]


def a_world(session: Session) -> World:
    """Everything that a timeline can tell of happens to the first protocol and to ana."""
    project = a_project(session)
    lea, ana, ben, aud = (
        a_member(session, project, name, role).id
        for name, role in (
            ("lea", Role.lead),
            ("ana", Role.coder),
            ("ben", Role.coder),
            ("aud", Role.auditor),
        )
    )
    protocols = [one.id for one in some_protocols(session, project, 4)]
    first, second, third, _ = protocols
    a_fence(session, project, [first])
    a_model(session, project, {first: (3, SAID), second: (2, SAID)})
    assignments.ask(session, project, first, ana, AssignmentKind.assigned, note="please", by=lea)
    assignments.ask(session, project, third, ben, AssignmentKind.assigned, by=lea)
    queue.serve_picked(session, project, ana, first)
    a_label(session, project, first, by=ana, level=2)
    said = select(text("id")).select_from(text("suggestion"))
    suggestion = session.execute(said.where(text(f"protocol_id = {first}"))).scalar_one()
    history.disclose(session, first, ana, Disclosed.suggestion, suggestion)
    remark = RemarkRequest(first, suggestion, Remark.not_evidence, 0, 5)
    remarks.record(session, project.id, ana, remark)
    a_label(session, project, first, by=ana, level=4)
    a_label(session, project, first, by=ben, level=3)
    a_label(session, project, second, by=ben, level=1)
    _what_a_lead_does(session, project, lea, protocols, ben)
    return World(project.id, protocols, {"lea": lea, "ana": ana, "ben": ben, "aud": aud})


def _what_a_lead_does(
    session: Session, project: Project, lea: int, protocols: list[int], ben: int
) -> None:
    row = session.get_one(Protocol, protocols[0])
    discussion.say(session, project, row, lea, Role.lead, "What of page two?", "key-000001")
    assignments.release(session, project, ben, [protocols[2]], lea)
    queue_wishes.want(session, project, ["P-1"], Wish.held, "look again", lea)
    projects.change_settings(session, project, {"retrain_every": 9}, lea)
    account = session.get_one(Account, ben)
    accounts.set_role(session, project, account, Role.auditor, lea)
    wording = a_new_rubric(session, project, 3, "Another definition.")
    rubric_versions.publish(session, project.id, wording, "clearer", None, lea)
    pinning.pin(session, project, 1, lea)
    exported = audit.Entry("export.taken", f"project:{project.id}", {"format": "csv"})
    audit.append(session, exported, account_id=lea, project_id=project.id)
    again = {"coder": "ben", "reader": "themselves"}
    reread = audit.Entry("agreement.reread", f"project:{project.id}", again)
    audit.append(session, reread, account_id=lea, project_id=project.id)


def told(
    session: Session, about: str, name: str = "", who: Viewer = timeline.COMMAND_LINE, size: int = 3
) -> list[Line]:
    """A whole timeline, read in small pages."""
    project = session.scalars(select(Project)).first()
    assert project is not None
    subject = timeline.find_subject(session, project, about, name)
    lines: list[Line] = []
    window = Window(size=size)
    while True:
        page = timeline.page(session, Asked(project, subject, window, who))
        lines += page.lines
        if page.next is None:
            return lines
        parsed = Place.parse(str(page.next))
        assert parsed == page.next
        window = Window(size=size, after=parsed)


def rows_of(session: Session, table: type, **where: int) -> int:
    return session.execute(select(func.count()).select_from(table).filter_by(**where)).scalar_one()
