"""Whoever follows the cursors of a list gets every row once, also while rows are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cer_assist.services import proposals, snapshot_making, studies
from cer_assist.services.snapshot_splits import Asked
from cer_assist.store.tables import Protocol
from tests.builders import a_label, a_new_rubric, a_protocol
from tests.views.office import OWN, Office
from tests.views.test_openapi import a_token

ROOT = f"/api/v1/projects/{OWN}"
ONE, TWO = "coder@own", "administrator@own"


def a_disagreement(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        key = a_protocol(session, project, "We ask neighbours.").id
        a_label(session, project, key, by=office.people[ONE], level=2)
        a_label(session, project, key, by=office.people[TWO], level=5)


def a_link(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        pair = (a_protocol(session, project, "Later"), a_protocol(session, project, "Earlier"))
        studies.link(session, project, [pair], by=None)


def a_proposal(office: Office) -> None:
    with office.database.write() as session:
        project = office.project(session)
        proposals.propose(session, project.id, office.people[ONE], "Say what a board is.")


def a_snapshot(office: Office) -> None:
    with office.database.read() as session:
        name = f"of {session.query(Protocol).count()} and more"
    a_link(office)
    snapshot_making.make(office.database, office.projects[OWN], Asked(name), None)


# Where, what it lists, by what a row is known, and what adds one.
LISTS: dict[str, tuple[str, str, Callable[[Office], None]]] = {
    "/protocols": ("protocols", "protocol_id", a_link),
    "/links": ("links", "protocol", a_link),
    "/adjudications": ("protocols", "protocol_id", a_disagreement),
    "/rubric/proposals": ("proposals", "id", a_proposal),
    "/rubric/rereading?level=2": ("readings", "event_id", a_disagreement),
    "/snapshots": ("snapshots", "number", a_snapshot),
    "/desk/readings": ("readings", "event_id", a_disagreement),
}


@pytest.mark.parametrize("where", LISTS)
def test_every_row_comes_once_also_when_one_is_added_meanwhile(office: Office, where: str) -> None:
    kind, key, add = LISTS[where]
    for _ in range(3):
        add(office)
    if "rereading" in where:
        under_a_new_rubric(office)
    ask = asker(office)
    before = {row[key] for row in ask(where)[kind]}
    seen: list[Any] = []
    sign, reply = "&" if "?" in where else "?", {"next": ""}
    while reply["next"] is not None:
        reply = ask(f"{where}{sign}limit=1&cursor={reply['next']}")
        assert len(reply[kind]) == 1
        seen += [row[key] for row in reply[kind]]
        if len(seen) == 1 and "rereading" not in where:  # what is read now is under the new one
            add(office)
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    assert set(seen) == {row[key] for row in ask(where)[kind]}
    if "rereading" not in where:
        assert len(seen) > len(before)


def asker(office: Office) -> Callable[[str], Any]:
    client = office.app.test_client()
    headers = {"Authorization": f"Bearer {a_token(office, 'lead@own')}"}

    def ask(where: str) -> Any:
        reply = client.get(f"{ROOT}{where}", headers=headers)
        assert reply.status_code == 200, reply.text
        body = reply.get_json()
        assert ("Link" in reply.headers) is (body["next"] is not None)
        return body

    return ask


def under_a_new_rubric(office: Office) -> None:
    with office.database.write() as session:
        new = a_new_rubric(session, office.project(session), 2, "Told only.")
    headers = {"Authorization": f"Bearer {a_token(office, 'lead@own')}"}
    sent = {"text": new, "note": "Clearer.", "touched": [2]}
    done = office.app.test_client().post(f"{ROOT}/rubric/publish", json=sent, headers=headers)
    assert done.status_code in (200, 201), done.text
