"""The worker's look at settled levels: planted errors come first, fenced levels not at all."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import select

from cer_assist import doubting, worker
from cer_assist.cli.demo import TEXTS
from cer_assist.config import Settings
from cer_assist.imports import parse_files
from cer_assist.services import jobs, label_checks
from cer_assist.services.importing import import_protocols
from cer_assist.store.engine import Database
from cer_assist.store.tables import LabelCheck, Protocol
from tests.builders import a_fence, a_label, a_member, a_project, intended_levels

PLANTED = 3
FENCED = 2


@pytest.mark.slow
def test_planted_errors_come_first_and_fenced_levels_are_not_looked_at(
    database: Database, settings: Settings
) -> None:
    project_id, planted, fenced = an_office(database)
    with database.write() as session:
        claim = jobs.claim(
            session, "test", dt.timedelta(seconds=60), only=(jobs.LABEL_CHECK, project_id)
        )
    assert claim is not None
    held = worker.Held(database, claim, dt.timedelta(seconds=60), threading.Event())
    note = worker.perform(settings, held, doubting.check)
    assert note == f"{72 - FENCED} levels checked"
    with database.read() as session:
        found = session.get_one(LabelCheck, project_id).found
        order = [one["protocol"] for one in found["suspects"]]
        stands = label_checks.standing(session, project_id)
    assert (found["checked"], found["kind"]) == (72 - FENCED, "sentences")
    assert not fenced & set(order)
    assert planted <= set(order[: 5 * PLANTED]), "three of seventy: by chance one time in 120"
    gains = [one["gain"] for one in found["suspects"]]
    assert gains == sorted(gains, reverse=True)
    assert [one.protocol_id for one in stands.suspects] == order[: label_checks.SHOWN]
    assert stands.job is None


def an_office(database: Database) -> tuple[int, set[int], set[int]]:
    """The demo's texts with the levels that their writer had in mind, but three at the far end."""
    protocols = parse_files([TEXTS / "protocols.jsonl"], {}, None).protocols
    intended = intended_levels()
    with database.write() as session:
        project = a_project(session, model_kind="sentences")
        ana = a_member(session, project, "ana").id
        assert not import_protocols(session, project, protocols, [], by=None).errors
        rows = session.execute(
            select(Protocol.external_id, Protocol.id).where(Protocol.project_id == project.id)
        )
        ids = dict(rows.all())
        highest = [ids[name] for name, level in sorted(intended.items()) if level == 5]
        fenced = [ids[name] for name, level in sorted(intended.items()) if level == 3][:FENCED]
        a_fence(session, project, fenced)
        planted = set(highest[:PLANTED])
        for name, key in ids.items():
            level = 1 if key in planted else intended[name]
            a_label(session, project, key, by=ana, level=level)
        session.get_one(Protocol, fenced[0]).coders_missing = 0
        label_checks.ask(session, project, ana)
        return project.id, planted, set(fenced)
