"""A report is the same for the same period, and no change of it goes unnoticed."""

from __future__ import annotations

import copy
import datetime as dt
import json
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from cer_assist import VERSION
from cer_assist.config import ROOT, Settings
from cer_assist.domain.adjudication import Act, Reason
from cer_assist.domain.errors import InvalidInput
from cer_assist.services import audit, audit_report, rulings, signing, verification
from cer_assist.services.audit_period import Period
from cer_assist.services.rulings import Ruling
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditEvent, Project
from cer_assist.store.types import now
from cer_assist.views.app import create_app
from cer_assist.views.audit_report import Maker, make
from tests.builders import a_label
from tests.services.timeline_world import a_world

SECRET = "07" * 32
PAGE = f"<p>Seven answers</p>{signing.BEGIN}{signing.END}<p>the end</p>"
BODY: dict[str, Any] = {
    "made": {"at": "2026-11-27", "by": "lea", "chain": {"events": 7, "head": "ab", "intact": True}},
    "content": {
        "period": {"from": "2026-11-01", "to": "2026-11-30"},
        "labels": [{"event": 1, "level": 2, "note": "</script><b> & ünï"}, {"event": 2}],
        "counts": {"label.recorded": {"ana": 2}},
        "first_event": None,
    },
}
SEALED, SEAL = signing.seal(PAGE, BODY, SECRET)
KEY = signing.public_key(SECRET)


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value."""
    found = [before] if before else []
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inside:
            found += paths(one, (*before, key))
    return found


def test_what_was_sealed_opens() -> None:
    opened = signing.open_document(SEALED, KEY)
    assert (opened.fault, opened.body, opened.seal) == (None, BODY, SEAL)
    assert "</script><b>" not in SEALED
    assert signing.open_document(SEALED, signing.public_key("08" * 32)).fault is not None
    assert signing.open_document(SEALED, KEY.upper()).fault is None


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_value_of_a_document_can_change(data: st.DataObject) -> None:
    whole = {"body": copy.deepcopy(BODY), "seal": dict(SEAL)}
    *way, last = data.draw(st.sampled_from(paths(whole)))
    at: Any = whole
    for step in way:
        at = at[step]
    old = at[last]
    new = data.draw(st.none() | st.booleans() | st.integers() | st.text() | st.just([old]))
    if data.draw(st.booleans()):
        assume(new != old or type(new) is not type(old))
        at[last] = new
    else:
        del at[last]
    content = signing._written(whole.get("body"), whole.get("seal"))  # type: ignore[arg-type]
    before, after = PAGE.split(signing.BEGIN + signing.END)
    opened = signing.open_document(before + signing.BEGIN + content + signing.END + after, KEY)
    assert opened.fault is not None


@given(st.integers(0, len(SEALED) - 1), st.characters(), st.sampled_from(["put", "cut", "add"]))
@settings(max_examples=300, deadline=None)
def test_no_character_of_a_file_can_change(place: int, letter: str, how: str) -> None:
    kept = {"put": place + 1, "cut": place + 1, "add": place}[how]
    changed = SEALED[:place] + ("" if how == "cut" else letter) + SEALED[kept:]
    assume(changed != SEALED)
    try:
        assert signing.open_document(changed, KEY).fault is not None
    except InvalidInput:  # no document at all any more
        assert signing.BEGIN not in changed or signing.END not in changed


def test_a_document_that_somebody_else_sealed_is_told() -> None:
    """Who alters it and seals it again has another key, or the chain has another hash."""
    altered = copy.deepcopy(BODY)
    altered["content"]["labels"][0]["level"] = 5
    forged, _ = signing.seal(PAGE, altered, "09" * 32)
    assert signing.open_document(forged, None).fault is None
    assert signing.open_document(forged, KEY).fault == "it was sealed with another key"


def test_a_key_is_64_digits() -> None:
    for wrong in ("", "zz" * 32, "ab" * 31):
        with pytest.raises(InvalidInput):
            signing.check_key(wrong)


def today() -> Period:
    return Period(now().date(), now().date())


def test_the_same_period_gives_the_same_content(any_database: Database) -> None:
    with any_database.write() as session:
        world = a_world(session)
    period = today()
    with any_database.write() as session:
        project = session.get_one(Project, world.project)
        said = audit_report.content(session, project, period, hidden=True)
        a_label(session, project, world.protocols[3], by=world.people["ana"], level=5)
        session.flush()
        later = audit_report.content(session, project, period, hidden=True)
        assert len(later["labels"]) == len(said["labels"]) + 1
        tomorrow = period.until + dt.timedelta(days=1)
        empty = audit_report.content(session, project, Period(tomorrow, tomorrow), hidden=True)
    with any_database.read() as session:
        again = audit_report.content(session, project, period, hidden=True)
    assert signing.hashed(again) == signing.hashed(later) != signing.hashed(said)
    assert (empty["labels"], empty["counts"], empty["first_event"]) == ([], {}, None)
    ana = [one for one in said["labels"] if one["by"] == "ana"]
    assert [(one["level"], (one["replaces"] or {}).get("level")) for one in ana] == [
        (2, None),
        (4, 2),
    ]
    assert said["counts"]["label.recorded"] == {"ana": 2, "ben": 2}
    assert said["exposures"]["ana"] == {"blind": 1, "after_suggestion": 1}
    assert [one["detail"] for one in said["settings"]] == [{"retrain_every": [5, 9]}]
    assert len(said["exports"]) == 1 and len(said["roles"]) == 5
    assert [one["version"] for one in said["rubric_versions"]] == [1, 2]
    assert [one["number"] for one in said["model_versions"]] == [1]
    assert "seed" not in audit.canonical(said)


def test_who_codes_is_not_told_what_came_unannounced(database: Database) -> None:
    with database.write() as session:
        world = a_world(session)
        session.execute(text("DROP TRIGGER label_event_no_update"))
        session.execute(text("UPDATE label_event SET lane = 'check' WHERE id = 4"))
    with database.read() as session:
        project = session.get_one(Project, world.project)
        full, less = (
            audit_report.content(session, project, today(), hidden=hidden)
            for hidden in (True, False)
        )
        assert {one["lane"] for one in less["labels"]} == {"coder"}
        assert len(full["labels"]) == len(less["labels"]) + 1 == 4
        assert less["counts"]["label.recorded"] == {"ana": 2, "ben": 1}


def test_rows_can_be_read_without_the_database(any_database: Database) -> None:
    """Whose role it was and what was adjudicated; what another proposed is not told who codes."""
    with any_database.write() as session:
        world = a_world(session)
        project = session.get_one(Project, world.project)
        for act, level in ((Act.propose, 5), (Act.decide, 4)):
            asked = Ruling(world.protocols[1], act, (), f"key-{act}", level, Reason.slip, "a typo")
            rulings.append(session, project, world.people["lea"], asked, act, [], None)
    with any_database.read() as session:
        project = session.get_one(Project, world.project)
        full, less = (
            audit_report.content(session, project, today(), hidden=hidden)
            for hidden in (True, False)
        )
    roles = [(one["detail"]["user"], one["detail"].get("role")) for one in full["roles"]]
    assert roles == [
        ("lea", "lead"),
        ("ana", "coder"),
        ("ben", "coder"),
        ("aud", "auditor"),
        ("ben", "auditor"),
    ]
    decided = {"protocol": "P-2", "act": "decide", "level": 4, "reason": "slip", "note": "a typo"}
    told = [one["detail"] for one in full["adjudications"]]
    assert [one["level"] for one in told] == [5, 4]
    assert told[1] == decided | {"sha256": told[1]["sha256"]}
    assert [one["detail"] for one in less["adjudications"]] == told[1:]
    assert less["counts"]["adjudication.recorded"] == {"lea": 1}


def reporter(database: Database, values: Settings) -> Callable[[Period], tuple[str, Any]]:
    """Makes reports of a small world, as the command line does."""
    with database.write() as session:
        project = session.get_one(Project, a_world(session).project)
    templates = create_app(values, database).jinja_env
    maker = Maker(None, "the command line", sees_hidden=True)
    return lambda period: make(templates, database, values, project, period, maker)


def test_reports_do_not_change_what_the_next_one_says(database: Database, tmp_path: Path) -> None:
    values = Settings.model_validate({"home": tmp_path})
    report = reporter(database, values)
    pages, made = zip(*(report(today()) for _ in range(3)), strict=True)
    assert made[0]["content"] == made[1]["content"] == made[2]["content"]
    assert len({one["made"]["period_sha256"] for one in made}) == 1
    assert made[0]["made"]["period_sha256"] == signing.hashed(made[0]["content"])
    assert [len(one["made"]["reports"]) for one in made] == [0, 1, 2]
    seal = made[0]["seal"]["content_sha256"]
    assert made[1]["made"]["reports"][0]["detail"]["content_sha256"] == seal
    assert seal in pages[1]
    over = Period.last_month(today().since)
    page, early = report(over)
    not_over = "The period was not over when this was made"
    assert (not_over in pages[0], not_over in page) == (True, False)
    assert (made[0]["made"]["period_was_over"], early["made"]["period_was_over"]) == (False, True)
    assert verification.NOT_COVERED in page


def test_a_report_is_held_by_the_chain_and_found_by_it(database: Database, tmp_path: Path) -> None:
    values = Settings.model_validate({"home": tmp_path})
    report = reporter(database, values)
    document, made = report(today())
    key = tmp_path / "signing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    opened = signing.open_document(document, signing.public_key(values.signing_key()))
    assert opened.fault is None
    assert opened.body["made"]["software"] == VERSION
    assert "level" in document and made["seal"]["content_sha256"] in document
    with database.read() as session:
        (event,) = session.scalars(
            select(AuditEvent).where(AuditEvent.action == audit_report.REPORTED)
        )
        head = opened.body["made"]["chain"]
        assert json.loads(event.detail)["head"] == f"{head['events']}:{head['head']}"
        assert event.id == head["events"] + 1
        assert verification.verify(session).intact
        assert audit_report.chain_fault(session, opened) is None
        # The same, sealed by the key of this home but never recorded.
        forged, _ = signing.seal(PAGE, opened.body, values.signing_key())
        said = audit_report.chain_fault(session, signing.open_document(forged, None))
        assert said is not None and "does not hold" in said
    with database.write() as session:
        session.execute(text("DROP TRIGGER label_event_no_update"))
        session.execute(text("UPDATE label_event SET level = 5 WHERE id = 1"))
    with database.read() as session:
        assert audit_report.chain_fault(session, opened) == "label event 1 was altered"


@pytest.mark.parametrize(
    "days",
    [
        ("2026-02-30", "2026-03-01"),
        ("", ""),
        ("2026-02-02", "2026-02-01"),
        ("9999-12-31", "9999-12-31"),
        ("2999-01-01", "2999-01-31"),
    ],
)
def test_a_period_is_two_days_in_order(days: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput):
        Period.parse(*days)


def test_the_last_month_is_over() -> None:
    for day, since, until in (
        ("2026-03-01", "2026-02-01", "2026-02-28"),
        ("2026-01-31", "2025-12-01", "2025-12-31"),
    ):
        today = dt.date.fromisoformat(day)
        month = Period.last_month(today)
        assert (month.since.isoformat(), month.until.isoformat()) == (since, until)
        assert month.is_over(today) and not month.is_over(month.until)


def test_the_version_told_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
