"""The facts of the methods report against counts made another way, and the text they become."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cer_assist import agreeing
from cer_assist.domain.adjudication import Reason
from cer_assist.domain.prose import Document, Kind, Number, Sentence, shown
from cer_assist.services import (
    adjudicating,
    methods,
    methods_reports,
    methods_software,
    projects,
    stopping,
)
from cer_assist.services.project_settings import Value
from cer_assist.services.rubric_versions import publish
from cer_assist.store.engine import Database
from cer_assist.store.tables import AuditHead, LabelEvent, Project
from cer_assist.views.methods_words import document
from tests.builders import a_label, a_model, a_new_rubric, a_project
from tests.methods_world import report_of
from tests.services.benches import Bench

SAID = [0.05, 0.05, 0.1, 0.7, 0.1]
DIGITS = re.compile(r"\d")


def a_world(session: Session, **settings: object) -> Bench:
    """Two coders, a disagreement that was settled, another that was not, two rubric versions."""
    bench = Bench(session, **settings)
    a_model(session, bench.project, dict.fromkeys(bench.ids, (4, SAID)))
    bench.read(0, 3, 3)
    bench.read(1, 2, 4)
    bench.read(2, 1, 2)
    adjudicating.rule(session, bench.project, bench.lea, bench.asks(1, level=3))
    changed: dict[str, Value] = {"suggestion_policy": "shown", "random_share": 0.3}
    projects.change_settings(session, bench.project, changed, bench.lea)
    stopping.decide(session, bench.project, bench.lea, stops=True, reason="Enough.")
    text = a_new_rubric(session, bench.project, 2, "Other words.")
    publish(session, bench.project.id, text, "Rooms.", None, bench.lea)
    session.flush()
    return bench


def gathered(database: Database, project_id: int, *, with_reports: bool) -> dict[str, Any]:
    """The facts, with the worker's reports or without."""
    if with_reports:
        return report_of(database, project_id)
    with database.read() as session:
        parts = methods_reports.stored(session, project_id)
        return methods.gather(session, session.get_one(Project, project_id), parts)


@pytest.fixture
def facts(database: Database) -> dict[str, Any]:
    with database.write() as session:
        project_id = a_world(session).project.id
    return gathered(database, project_id, with_reports=True)


@pytest.fixture
def bare(database: Database) -> dict[str, Any]:
    with database.write() as session:
        project_id = a_project(session).id
    return gathered(database, project_id, with_reports=False)


def all_text(text: Document) -> str:
    return " ".join(sentence.text for sentence in text.sentences())


def test_the_facts_are_what_was_done(any_database: Database) -> None:
    with any_database.write() as session:
        project_id = a_world(session).project.id
    facts = gathered(any_database, project_id, with_reports=True)
    with any_database.read() as session:
        said = session.query(LabelEvent).filter_by(lane="coder", action="label").all()
        head = session.query(AuditHead).one()
    assert facts["labels"]["readings"] == len(said) == 6
    seen = Counter(event.exposure for event in said)
    assert {k: n for k, n in facts["labels"]["seen"].items() if n} == dict(seen)
    assert facts["as_of"]["sha256"] == head.sha256
    assert facts["protocols"] | {"first_import": 0, "last_import": 0} == {
        "imported": 4, "first_import": 0, "last_import": 0, "labelled": 3, "unread": 1,
        "complete": 3, "are_synthetic": False,
    }  # fmt: skip
    assert facts["double"] == {"protocols": 3, "share": 1.0, "more_than_two": 0}
    assert facts["finals"]["by_level"] == {"1": 0, "2": 0, "3": 2, "4": 0, "5": 0}
    ways = {how: facts["finals"][how] for how in ("adjudicated", "agreed", "disagreed")}
    assert ways == {"adjudicated": 1, "agreed": 1, "disagreed": 1}
    assert facts["settling"]["decided"] == facts["settling"]["tracks"]["far"] == 1
    assert facts["settling"]["reasons"][Reason.rubric_gap] == 1
    assert facts["agreement"]["protocols"] == 3
    assert facts["agreement"]["labels"] == 6
    assert facts["labels"]["by_rubric"] == {"1": 6}
    assert [one["number"] for one in facts["rubric"]["versions"]] == [1, 2]


def test_a_final_level_of_what_still_wants_a_reader_is_not_counted(database: Database) -> None:
    """A lead who codes may still be given it."""
    with database.write() as session:
        bench = Bench(session)
        bench.read(0, 3, 3)
        before = gathered_now(session, bench.project)["finals"]
        a_label(session, bench.project, bench.ids[1], by=bench.ana, level=5)
        after = gathered_now(session, bench.project)["finals"]
    assert after == before | {"waiting": 1}


def gathered_now(session: Session, project: Project) -> dict[str, Any]:
    return methods.gather(session, project, methods_reports.stored(session, project.id))


def test_every_digit_comes_from_a_number_or_stands_in_a_name(facts: dict[str, Any]) -> None:
    text = document(facts)
    for sentence in text.sentences():
        for part in sentence.parts:
            if isinstance(part, str):
                assert not DIGITS.search(part)
            elif isinstance(part, Number):
                assert text.numbers[part.source][0] >= 1
            else:
                assert part.kind in Kind
    assert len(text.numbers) > 25
    with pytest.raises(ValueError, match="without a source"):
        Sentence(("There were 12 of them.",))


def test_the_text_says_it_in_sentences(facts: dict[str, Any]) -> None:
    said = all_text(document(facts))
    for words in (
        "held four protocols",
        "two coders labelled protocols",
        "In all, six readings stood",
        "this was changed from “shown after the coder's own answer” to “shown from the start”",
        "one adjudicator settled one protocol: 1 with readings two or more levels apart",
        "Krippendorff's ordinal alpha was ",
        "(Krippendorff, 2004)",
        "the only one published, and had learnt five settled protocols",
        "labelling was stopped",
        "had no reading that stands",
        "so the model's performance on protocols that nobody chose is not reported",
    ):
        assert words in said
    assert not re.search(r"\b(None|nan|inf)\b|\{|  ", said)


def test_a_number_is_what_stands_at_its_key(facts: dict[str, Any]) -> None:
    """Those that `methods` itself prints; other commands print the same figures."""
    for source, (_, number) in document(facts).numbers.items():
        if source.command != "methods":
            continue
        found: Any = {"facts": facts}
        for step in source.path.split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert found == number.value


def test_a_bare_project_says_what_is_not_known(bare: dict[str, Any]) -> None:
    text = document(bare)
    said = all_text(text)
    for words in (
        "held no protocol",
        "Nobody had labelled",
        "No reading stood",
        "agreement is not reported",
        "No model had been trained",
        "No fenced sample was drawn, so the model's performance",
        "No protocol had a final level",
        "Nobody had decided to stop",
    ):
        assert words in said
    assert not re.search(r"\b(None|nan)\b", said)
    assert all(shown(number) for _, number in text.numbers.values())
    assert not any(entry.startswith("Krippendorff") for entry in text.references)
    json.dumps(bare, default=str)


def test_the_seed_told_is_the_seed_used() -> None:
    assert agreeing.SEED == methods_software.SEED


def test_a_report_of_earlier_labels_says_so(database: Database) -> None:
    with database.write() as session:
        bench = a_world(session)
        project_id = bench.project.id
    gathered(database, project_id, with_reports=True)
    with database.write() as session:
        bench.session = session
        bench.project = session.get_one(Project, project_id)
        bench.read(3, 5, 5)
    facts = gathered(database, project_id, with_reports=False)
    assert (facts["agreement"]["labels"], facts["agreement"]["is_current"]) == (6, False)
    assert facts["labels"]["readings"] == 8


def with_all_parts(facts: dict[str, Any]) -> dict[str, Any]:
    """The same with what only a long project has: sample, lots, training, imports, cautions."""
    figure = {"value": 0.8125, "low": 0.7, "high": 0.9, "n": 40}
    at = facts["as_of"]["at"]
    draw = {"at": at, "asked": 40, "drawn": 40, "unread": 300}
    estimate = {
        "n": 38,
        "version": 1,
        "population": 300,
        "differ": 2,
        "made_at": at,
        "accuracy": figure,
    }
    warnings = [
        {"fact": "few_units", "units": 3, "wanted": 30},
        {"fact": "skewed", "level": 1, "share": 0.9},
        {"fact": "unused_levels", "levels": [4, 5]},
        {"fact": "perfect", "coefficients": ["percent"]},
        {"fact": "lone_coders", "coders": ["cleo"]},
        {"fact": "far_apart", "coefficients": ["ac2", "alpha_ordinal"], "difference": 0.31},
    ]
    change = {"event": 9, "at": at, "setting": "no_suggestion_share", "before": 0.0, "after": 0.1}
    switching = dict.fromkeys(("changed", "adopted", "right", "wrong", "net"), figure)
    about = {"labels": 6, "made_at": at, "switching": switching}
    ahead = {"after": {"accuracy": figure}, "shown": {"accuracy": figure | {"value": -0.1}}}
    now = facts["settings"]["now"] | {"qualifies_first": True, "adjudicators": 2,
                                      "double_coded_share": 0.2, "diverse_share": 0.1,
                                      "no_suggestion_share": 0.1}  # fmt: skip
    again = {"coders": 1, "pairs": 20, "same": 18}
    return facts | {
        "sample": {"size": 40, "draws": [draw], "standing": {"settled": 38}, "is_current": True,
                   "estimate": estimate | {"qwk": figure, "mae": figure}},
        "model": facts["model"] | {"encoder_sha256": "ab" * 32, "is_pinned": True, "measured": {
            "accuracy": figure, "qwk": figure, "mae": None, "n": 40, "version": 1, "since": 2}},
        "settings": facts["settings"] | {"now": now,
                                         "changes": [*facts["settings"]["changes"], change]},
        "exposure": about | {"differences": ahead},
        "agreement": facts["agreement"] | {"warnings": warnings, "again": again},
        "training": {"rounds": 2, "passed": 1, "first_answers": 20, "first_right": 17,
                     "checks": 5, "checks_right": 4},
        "labels": facts["labels"] | {"by_lot": {"none": 3, "suggestion": 27, "shown": 20,
                                                  "nothing": 5}, "imported": 1},
        "coders": facts["coders"] | {"leads": 1, "timed": 6, "median_seconds": 71.5,
                                     "people_imported": 1},
        "settling": facts["settling"] | {"by_party": 1, "sent_back": 2, "imported": 1},
    }  # fmt: skip


def test_the_text_of_a_project_with_all_parts(facts: dict[str, Any]) -> None:
    text = document(with_all_parts(facts))
    said = all_text(text)
    for words in (
        "On 38 settled protocols of the sample, version 1 gave exactly the readers' level in 81 % "
        "(95 % CI 70 to 90 %); quadratically weighted kappa was .81 (95 % CI .70 to .90); the mean "
        "distance was 0.81 (95 % CI 0.70 to 0.90) levels.",
        "40 protocols were drawn at random from 300 that nobody had read.",
        "Missing were two protocols on which such readings differed",
        "Readings with a suggestion from the start differed in accuracy by −10 percentage points",
        "the share of readings without a suggestion was changed from 0 % to 10 %",
        "it denied a suggestion to 3, whether there was one to show or not, and allowed one "
        "to 27; among the latter, the coder was shown "
        "one in 20, and in 5 there was none to show",
        "As 90 % of the readings gave level 1",
        "No reading gave level 4 or 5",
        "lie .31 apart",
        "Of 20 protocols that one coder read a second time unannounced, 18 got the same",
        "of ten practice protocols".replace("ten", "10"),
        "Since then it learnt two further labels",
        "A reading took a median of 72 seconds",
        "one person also led or administered",
        "two adjudicators had given the same level",
        "10 % what was least like the labelled (Sener & Savarese, 2018)",
    ):
        assert words in said, words
    assert not re.search(r"\b(None|nan)\b|  | ,|\.\.", said)
    assert len({entry.split(",")[0] for entry in text.references}) == len(text.references)
