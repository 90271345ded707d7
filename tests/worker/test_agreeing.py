"""The worker's figures of agreement: the right labels in, and an alarm where somebody drifts."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from cer_assist import agreeing, worker
from cer_assist.config import Settings
from cer_assist.domain.agreement import Readings, Seen
from cer_assist.domain.labels import PriorLabel
from cer_assist.services import agreement, jobs, labelling, rubric_versions
from cer_assist.services.importing import import_protocols
from cer_assist.services.reports import Report
from cer_assist.store.engine import Database
from cer_assist.store.tables.accounts import Role
from tests.builders import (
    a_label,
    a_member,
    a_new_rubric,
    a_project,
    some_protocols,
    two_readings,
)

SCALE = (1, 2, 3, 4, 5)


def made(database: Database, settings: Settings, project_id: int, wanted: Readings) -> Report:
    """Do the job that waits for what is asked."""
    lease = dt.timedelta(seconds=30)
    with database.write() as session:
        agreement.ask(session, project_id, wanted)
        claim = jobs.claim(session, "test", lease, only=(jobs.AGREEMENT, project_id))
    assert claim is not None
    worker.perform(settings, worker.Held(database, claim, lease, threading.Event()), agreeing.agree)
    with database.read() as session:
        return agreement.report(session, project_id, wanted)


def test_figures_are_of_the_labels_that_were_given(
    any_database: Database, settings: Settings
) -> None:
    dice = np.random.default_rng(1)
    first = dice.integers(1, 6, 40)
    second = np.clip(first + dice.integers(0, 2, 40), 1, 5)
    with any_database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        pair = [a_member(session, project, name).id for name in ("ana", "ben")]
        protocols = some_protocols(session, project, 41)
        for protocol, *levels in zip(protocols, first.tolist(), second.tolist(), strict=False):
            two_readings(session, project, protocol.id, pair, *levels)
        a_label(session, project, protocols[40].id, by=pair[0], level=1)
        key = project.id
    report = made(any_database, settings, key, Readings())
    found = report.found
    assert found is not None and not report.is_waiting
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert (found["units"], found["readings"], found["waiting"]) == (40, 80, 1)
    kappa = cohen_kappa_score(first, second, weights="quadratic", labels=SCALE)
    assert found["coefficients"]["kappa_quadratic"]["value"] == pytest.approx(kappa, abs=1e-9)
    (both,) = found["pairs"]
    assert (both["a"], both["b"], both["n"]) == ("ana", "ben", 40)
    assert both["table"][0][0] == int(((first == 1) & (second == 1)).sum())
    assert [one["level"] for one in found["levels"]] == list(SCALE)
    effects = {one["coder"]: one["in_levels"]["value"] for one in found["severity"]["coders"]}
    assert effects["ana"] < 0 < effects["ben"]


def test_where_only_imported_labels_are_shared_they_are_told_of(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        some_protocols(session, project, 3)
        labels = [PriorLabel("P-1", name, 3) for name in ("r1", "r2")]
        assert not import_protocols(session, project, [], labels, by=None).errors
        key = project.id
    found = made(database, settings, key, Readings()).found
    assert found is not None
    assert (found["units"], found["elsewhere"]) == (0, 1)
    assert found["coefficients"]["alpha_ordinal"]["value"] is None
    imported = made(database, settings, key, Readings(seen=Seen.elsewhere)).found
    assert imported is not None
    assert imported["units"] == 1
    assert imported["severity"] is None, "all gave one level: nothing to compare"


def a_year(
    database: Database, monkeypatch: pytest.MonkeyPatch, shift: dict[tuple[str, int], float]
) -> int:
    """Three coders who read pairs of protocols over four months; `shift` by coder and month."""
    dice = np.random.default_rng(4)
    names = ("ana", "ben", "eli")
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        people = {name: a_member(session, project, name).id for name in names}
        for at, protocol in enumerate(some_protocols(session, project, 160)):
            month, place = 1 + at % 4, 3 + dice.normal(0, 1.2)
            day = dt.datetime(2026, month, 3, tzinfo=dt.UTC)
            monkeypatch.setattr(labelling, "now", lambda day=day: day)
            for name in (names[at % 3], names[(at + 1) % 3]):
                said = place + shift.get((name, month), 0.0) + dice.normal(0, 0.4)
                level = int(np.clip(round(said), 1, 5))
                a_label(session, project, protocol.id, by=people[name], level=level)
        return project.id


def alarms(found: dict[str, Any]) -> set[str]:
    return {one["coder"] for one in found["drift"]["coders"] if one["alarm"]}


def test_who_comes_to_read_higher_is_told_of_and_nobody_else(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = a_year(database, monkeypatch, {("ben", 3): 1.3, ("ben", 4): 1.3})
    found, _ = agreeing.figures(database, key, Readings(), SCALE)
    assert alarms(found) == {"ben"}
    months = {one["coder"]: [m["month"] for m in one["months"]] for one in found["drift"]["coders"]}
    assert months["ben"] == ["2026-01", "2026-02", "2026-03", "2026-04"]


def test_a_queue_that_serves_harder_protocols_later_is_nobodys_drift(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = {(name, month): 1.0 for name in ("ana", "ben", "eli") for month in (3, 4)}
    key = a_year(database, monkeypatch, later)
    found, _ = agreeing.figures(database, key, Readings(), SCALE)
    assert alarms(found) == set()


def test_severity_is_told_by_version_of_the_rubric(
    database: Database,
) -> None:
    """One coder reads lower by the second version; the third has too few readings to tell."""
    dice, names = np.random.default_rng(6), ("ana", "ben", "eli")
    with database.write() as session:
        project = a_project(session, coders_per_protocol=2)
        people = {name: a_member(session, project, name).id for name in names}
        lea = a_member(session, project, "lea", Role.lead).id
        for at, protocol in enumerate(some_protocols(session, project, 166)):
            if at in (80, 160):
                number = 2 + at // 160
                text = a_new_rubric(session, project, 2, f"Rooms, {number}.", number=number)
                rubric_versions.publish(session, project.id, text, "why", [2], lea)
            place = 3 + dice.normal(0, 1.2)
            for name in (names[at % 3], names[(at + 1) % 3]):
                moved = -1.3 if name == "ben" and at >= 80 else 0.0
                level = int(np.clip(round(place + moved + dice.normal(0, 0.4)), 1, 5))
                a_label(session, project, protocol.id, by=people[name], level=level)
        key = project.id
    found, _ = agreeing.figures(database, key, Readings(), SCALE)
    by_rubric = found["by_rubric"]
    assert by_rubric["left_out"] == [3]
    assert [one["coder"] for one in by_rubric["coders"]] == ["ana", "ben", "eli"]
    effects = {
        (one["coder"], at["version"]): at["in_levels"]
        for one in by_rubric["coders"]
        for at in one["versions"]
    }
    assert set(effects) == {(name, number) for name in names for number in (1, 2)}
    assert effects["ben", 2]["high"] < effects["ben", 1]["low"]
    for name in ("ana", "eli"):
        assert effects[name, 2]["low"] < effects[name, 1]["high"]
    one_version, _ = agreeing.figures(database, key, Readings(rubric=1), SCALE)
    assert one_version["by_rubric"] is None
