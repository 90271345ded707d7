"""Every number of the methods report follows what it counts, and its link shows that number."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from cer_assist.config import Settings
from cer_assist.domain.prose import Number, Source
from cer_assist.services import accounts
from cer_assist.store.engine import Database
from cer_assist.store.tables import Project
from cer_assist.store.tables.accounts import Role
from cer_assist.views.app import create_app
from cer_assist.views.methods_words import document
from tests import methods_world as world
from tests.builders import a_member
from tests.methods_world import World, a_world, report_of
from tests.views.office import Browser

Step = Callable[[World], None]
# What is done, and by hand some of what the report then says, by path among the facts.
STEPS: list[tuple[Step, dict[str, object]]] = [
    (world.imports_protocols, {"protocols.imported": 43, "protocols.unread": 22}),
    (world.a_correction, {"labels.corrections": 1, "labels.readings": 36}),
    (
        world.adjudications,
        {
            "settling.decided": 2,
            "settling.sent_back": 1,
            "settling.reasons.overlooked_text": 1,
            "finals.adjudicated": 2,
            "finals.disagreed": 4,  # of six, two were settled
            "finals.by_level.5": 4,  # three were agreed
        },
    ),
    (
        world.a_third_coder,
        {
            "coders.people": 3,
            "coders.fewest": 4,
            "labels.readings": 40,
            "agreement.coders": 3,
            "finals.agreed": 7,  # two of nine are so no more
            "finals.disagreed": 6,
            "double.more_than_two": 4,
        },
    ),
    (
        world.a_decision_by_a_reader,
        {"coders.leads": 1, "settling.by_party": 1, "settling.tracks.far": 1, "coders.people": 4},
    ),
    (world.a_rubric_version, {"labels.by_rubric.1": 41, "labels.by_rubric.2": 2}),
    (
        world.lots,
        {
            "labels.by_lot.none": 2,
            "labels.by_lot.suggestion": 2,
            "labels.by_lot.shown": 2,
            "labels.by_lot.nothing": 0,
            "suggestions.readings": 2,
            "labels.seen.after_suggestion": 1,
            "labels.corrections": 2,
            "coders.timed": 4,
            "coders.median_seconds": 83.5,  # of 82, 83, 84 and two steps of 81
            "exposure.switching.changed.n": 2,
        },
    ),
    (world.a_model_version, {"model.published": 2, "model.labels": 21, "model.measured.n": 21}),
    (world.a_model_learns_on, {"model.published": 3, "model.measured.since": 12}),
    (
        world.imports_labels,
        {"coders.people_imported": 1, "labels.imported": 3, "settling.imported": 1},
    ),
    (
        world.training_and_checks,
        {
            "training.rounds": 2,
            "training.passed": 1,
            "training.first_answers": 20,
            "training.first_right": 10,
            "training.checks": 2,
            "training.checks_right": 1,
        },
    ),
    (world.comes_back, {"agreement.again.pairs": 3, "agreement.again.same": 2}),
    (world.a_sample, {"sample.estimate.n": 2, "sample.draws.0.drawn": 3}),
    (world.the_sample_is_measured_again, {"sample.estimate.n": 3, "sample.draws.1.drawn": 1}),
    (
        world.settings_change,
        {"settings.now.adjudicators": 2, "settings.changes.6.after": 0.25},
    ),
    (world.settings_change_again, {"settings.now.no_suggestion_share": 0.3}),
]
# Of what is so whatever is done here: levels of the scale, a rule of thumb, a seed.
CONSTANT = {
    ("methods", "facts.rubric.levels"),
    ("agreement", "warnings.0.wanted"),
    ("methods", "facts.software.seed"),
}
# Where a page shows it: its text around the number.
SHOWN = {
    "protocols": r"{n} protocols",
    "progress": r"(labelled {n} of|{n} labels in all|\w {n} \d+ not|(random|coder) \d+ {n} \d)",
    "training/items": r"{n} of \d+ coders? ha",
    "rubric": r"\b{n} Reciprocal",  # the last level
    "desk": r"{n} readings?:",
    "audit": r"{n}( →|;| \w+ \d|$)|→ {n}",
    "settings": r"{n} ",
    "exposure": r"{n}",
    "agreement": r"{n}( protocols| coders| the intervals|,| \(|:)",
    "model": r"{n}",
    "fence": r"{n}( \(| protocols|,| \d|\b)",
}


def taken(database: Database, project_id: int, at: World, steps: list[Step]) -> None:
    for step in steps:
        with database.write() as session:
            at.session = at.bench.session = session
            at.bench.project = session.get_one(Project, project_id)
            step(at)


def numbers(facts: dict[str, Any]) -> dict[tuple[str, str], float]:
    """By command and key."""
    found = document(facts).numbers.items()
    return {(source.command, source.path): number.value for source, (_, number) in found}


def at_path(facts: Any, path: str) -> Any:
    for step in path.split("."):
        facts = facts[int(step)] if isinstance(facts, list) else facts[step]
    return facts


def test_every_number_follows_what_it_counts(database: Database) -> None:
    with database.write() as session:
        at = a_world(session)
        project_id = at.project.id
    before = numbers(report_of(database, project_id))
    moved: set[tuple[str, str]] = set()
    for step, expected in STEPS:
        taken(database, project_id, at, [step])
        facts = report_of(database, project_id)
        told = {path: at_path(facts, path) for path in expected}
        assert told == expected, step.__name__
        now = numbers(facts)
        moved |= {key for key, value in now.items() if before.get(key) != value}
        before = now
    assert len(before) > 100
    assert set(before) - moved == CONSTANT


@pytest.fixture
def done(database: Database) -> tuple[World, int, dict[str, Any]]:
    """The project after everything, an auditor of it, and its report's facts."""
    with database.write() as session:
        at = a_world(session)
        project_id, auditor = at.project.id, a_member(session, at.project, "aud", Role.auditor).id
    taken(database, project_id, at, [step for step, _ in STEPS])
    return at, auditor, report_of(database, project_id)


def test_every_link_leads_to_a_page_that_shows_the_number(
    database: Database, settings: Settings, done: tuple[World, int, dict[str, Any]]
) -> None:
    at, auditor, facts = done
    app = create_app(settings, database)
    wrong: list[tuple[str, str]] = []
    followed = {"aud": 0, "lea": 0}
    for name, account in (("aud", auditor), ("lea", at.bench.lea)):
        browser = signed_in(app.test_client(), database, account)
        methods = browser.get("/p/demo/methods").text
        for source, (_, number) in document(facts).numbers.items():
            address = f"/p/demo/{source.page}"
            if not source.page or f'href="{html.escape(address)}"' not in methods:
                continue
            followed[name] += 1
            answer = browser.get(address)
            page = main_text(answer.text)
            # Who leads and codes is not shown readings of what they may still be given.
            fits = shows(page, source, number) or (name == "lea" and "left out" in page)
            if answer.status_code != 200 or not fits:
                wrong.append((address, f"{source.path} = {number.shown}"))
    assert wrong == []
    assert followed["aud"] > 40
    assert followed["lea"] > followed["aud"]  # settings are not for auditors


def signed_in(client: Any, database: Database, account: int) -> Browser:
    with database.write() as session:
        token = accounts.open_session(session, account, dt.timedelta(hours=1))
    client.set_cookie("cer_session", token)
    return Browser(client)


def main_text(page: str) -> str:
    """What stands on a page, what its fields hold too."""
    main = re.sub(r'<input[^>]*name="csrf_token"[^>]*>', "", page[page.find("<main") :])
    held = re.sub(r'<input[^>]*\bvalue="([^"]*)"[^>]*>', r" \1 ", main)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", held)))


def shows(page: str, source: Source, number: Number) -> bool:
    """Whether the number stands where the page has it, in one of the forms of pages."""
    around = SHOWN[re.split(r"[?#]", source.page)[0]]
    return any(
        re.search(rf"(?<![\d.]){around.replace('{n}', re.escape(form))}", page)
        for form in forms(number.value)
    )


def forms(value: float) -> set[str]:
    if isinstance(value, int):
        return {f"{value:,}"}
    share = f"{100 * value:.0f}"
    return {str(value), f"{value:.2f}", f"{share} %", f"+{share} points", f"{share} hundredths"}
