"""How far coders say the same again: the right pairs, and nothing else changes by them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score
from sqlalchemy.orm import Session

from cer_assist import agreeing
from cer_assist.domain.agreement import Readings, Seen
from cer_assist.domain.labels import HIDDEN_LANES, Action, Lane
from cer_assist.domain.serving import CHECK, RETEST
from cer_assist.services import (
    activity,
    agreement,
    disputes,
    export_rows,
    exposure_readings,
    fence,
    history,
    label_checks,
    labelling,
    outlooks,
    prior_labels,
    queue,
    training_data,
)
from cer_assist.services.projects import progress
from cer_assist.store.engine import Database
from cer_assist.store.tables import Job, Project, Protocol
from cer_assist.store.tables.accounts import Role
from cer_assist.store.tables.servings import Disclosed
from tests.builders import (
    a_fence,
    a_label,
    a_member,
    a_model,
    a_project,
    a_request,
    some_protocols,
    two_readings,
)

STRATEGIES = {Lane.retest: RETEST, Lane.check: CHECK}
SCALE = (1, 2, 3, 4, 5)
FIRST = (1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 2, 4)
SECOND = (1, 2, 4, 4, 5, 2, 2, 3, 5, 5, 2, 3)


def again(
    session: Session,
    project: Project,
    coder: int,
    protocol: int,
    *levels: int,
    lane: Lane = Lane.retest,
) -> None:
    """A protocol comes unannounced to a coder, who answers, and perhaps changes that answer."""
    back = protocol, STRATEGIES[lane], random.Random(1), lane
    queue.serve_picked(session, project, coder, *back)
    first, *others = levels
    a_label(session, project, protocol, by=coder, level=first)
    for level in others:
        changed(session, project, coder, protocol, level)


def changed(session: Session, project: Project, coder: int, protocol: int, level: int) -> None:
    last = labelling.last_answer(session, project.id, coder)
    assert last is not None
    labelling.record_label(session, coder, project, a_request(protocol, level, supersedes=last.id))


def test_each_coder_is_held_against_themselves(any_database: Database) -> None:
    with any_database.write() as session:
        project = a_project(session)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        ids = [one.id for one in some_protocols(session, project, 12)]
        for protocol, level in zip(ids, FIRST, strict=True):
            a_label(session, project, protocol, by=ana, level=level)
        a_label(session, project, ids[0], by=ben, level=1)
        history.disclose(session, ids[11], ana, Disclosed.peer_label, None)
        for protocol, level in zip(ids, SECOND, strict=True):
            again(session, project, ana, protocol, level, 6 - level)
        a_label(session, project, ids[1], by=ana, level=5)  # of the first, afterwards
        key = project.id
    found, _ = agreeing.figures(any_database, key, Readings(), SCALE)
    (one,) = found["retest"]
    assert (one["coder"], one["all"]["n"], one["blind"]["n"]) == ("ana", 12, 11)
    kappa = cohen_kappa_score(FIRST, SECOND, weights="quadratic", labels=SCALE)
    assert one["all"]["kappa"]["value"] == pytest.approx(kappa, abs=1e-9)
    same = sum(a == b for a, b in zip(FIRST, SECOND, strict=True)) / 12
    assert one["all"]["percent"]["value"] == pytest.approx(same)
    shift = (sum(SECOND) - sum(FIRST)) / 12
    assert one["all"]["shift"]["value"] == pytest.approx(shift)
    others, _ = agreeing.figures(any_database, key, Readings(coders=("ben",)), SCALE)
    assert others["retest"] == []


def everything(database: Database, key: int, leader: int) -> dict[str, Any]:
    """All that is made of labels, but what is about repeats."""
    with database.read() as session:
        project = session.get_one(Project, key)
        found: dict[str, Any] = {
            "levels": training_data.final_levels(session, key),
            "settled": training_data.settled_levels(session, key),
            "marks": training_data.marked_spans(session, key),
            "open": training_data.open_protocol_ids(session, key),
            "missing": [
                (p.id, p.coders_missing) for p in session.query(Protocol).order_by(Protocol.id)
            ],
            "fence": fence.readings(session, key),
            "exposure": exposure_readings.gather(session, key),
            "progress": progress(session, key, None),
            "answers": sorted(activity.answers(session, key), key=str),
            "read": outlooks.read_counts(session, key),
            "disputes": disputes.docket(session, project, leader).rows,
            "choices": agreement.choices(session, key),
            "checks": label_checks.standing(session, key).suspects,
            "protocols": list(export_rows.protocol_rows(session, project)),
            "jobs": sorted((job.kind, str(job.payload)) for job in session.query(Job)),
        }
    for seen in Seen:
        made, _ = agreeing.figures(database, key, Readings(seen=seen), SCALE)
        found[seen] = {name: value for name, value in made.items() if name != "retest"}
    return found


@pytest.mark.parametrize("lane", HIDDEN_LANES)
def test_nothing_but_that_changes_by_what_is_hidden(any_database: Database, lane: Lane) -> None:
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        ana, ben = (a_member(session, project, name).id for name in ("ana", "ben"))
        lea = a_member(session, project, "lea", Role.lead).id
        cleo = a_member(session, project, "cleo").id
        ids = [one.id for one in some_protocols(session, project, 14)]
        a_fence(session, project, ids[10:12])
        a_model(session, project, dict.fromkeys(ids, (4, [0.05, 0.05, 0.1, 0.7, 0.1])))
        for protocol, level in zip(ids[:9], FIRST, strict=False):
            two_readings(session, project, protocol, (ana, ben), level, max(1, level - 1))
        a_label(session, project, ids[9], by=ana, level=3)
        two_readings(session, project, ids[10], (ana, ben), 3, 3)
        session.query(Job).delete()
        key = project.id
    before = everything(any_database, key, lea)
    with any_database.write() as session:
        project = session.get_one(Project, key)
        for protocol in (*ids[:4], ids[9], ids[10]):
            reader = ana if lane is Lane.retest else cleo
            again(session, project, reader, protocol, 5, 1, lane=lane)
        reader = ben if lane is Lane.retest else cleo
        back = ids[5], STRATEGIES[lane], random.Random(1), lane
        queue.serve_picked(session, project, reader, *back)
        skipped = a_request(ids[5], None, note="a note", evidence=((0, 5),))
        labelling.record_label(session, reader, project, skipped)
    after = everything(any_database, key, lea)
    assert {name for name in before if before[name] != after[name]} == set()
    with any_database.write() as session:
        prior_labels.rebuild_current_labels(session, key)
    after = everything(any_database, key, lea)
    assert {name for name in before if before[name] != after[name]} == set()


def test_an_answer_that_was_taken_back_is_none_even_if_a_repeat_was_given(
    database: Database,
) -> None:
    with database.write() as session:
        project = a_project(session)
        ana = a_member(session, project, "ana").id
        one, *_ = some_protocols(session, project)
        first = a_label(session, project, one.id, by=ana, level=2)
        again(session, project, ana, one.id, 5)
        back = a_request(one.id, None, action=Action.withdraw, supersedes=first.event_id)
        labelling.record_label(session, ana, project, back)
        assert training_data.final_levels(session, project.id) == {}
        assert outlooks.read_counts(session, project.id) == (0, 3)
