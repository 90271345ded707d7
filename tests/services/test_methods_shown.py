"""The methods report on suggestions: those that coders were shown, of whichever version."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from cer_assist.services import labelling, methods, methods_reports, reading
from cer_assist.store.engine import Database
from cer_assist.store.tables import ModelVersion
from cer_assist.views.methods_words import document
from cer_assist.views.methods_words_suggested import suggested
from cer_assist.views.methods_writer import Writer
from tests.builders import a_member, a_model, a_project, a_request, some_protocols
from tests.desk import SAID, Always, Desk

FIGURE = {"value": 0.8125, "low": 0.7, "high": 0.9}
WITHOUT = 0.1  # how the lot falls


def a_desk(session: Session) -> Desk:
    """A model of the rubric alone that says something of two protocols out of five."""
    project = a_project(session, "demo", no_suggestion_share=0.5)
    coders = [a_member(session, project, name).id for name in ("ana", "ben")]
    protocols = [one.id for one in some_protocols(session, project, 5)]
    first = a_model(session, project, dict.fromkeys(protocols[:2], (4, SAID)))
    version = session.get_one(ModelVersion, first)
    version.kind, version.label_count = "cold_start", 0
    return Desk(session, project, protocols, coders)


def reads_without(desk: Desk, at: int, level: int | None) -> None:
    """A protocol for which the lot gave none."""
    coder, key = desk.coders[1], desk.protocols[at]
    reading.picked_card(desk.session, desk.project, coder, key, dice=Always(WITHOUT))
    labelling.record_label(desk.session, coder, desk.project, a_request(key, level, seconds=5))


def told(desk: Desk) -> dict[str, Any]:
    desk.session.flush()
    parts = methods_reports.stored(desk.session, desk.project.id)
    return methods.gather(desk.session, desk.project, parts)


def said(facts: dict[str, Any], key: str) -> str:
    one = next(one for one in document(facts).sections if one.key == key)
    return " ".join(line.text for lines in one.paragraphs for line in lines)


def test_a_suggestion_is_told_of_the_version_that_made_it(any_database: Database) -> None:
    with any_database.write() as session:
        desk = a_desk(session)
        desk.reads(desk.protocols[0], 2, 4)  # changed after the suggestion
        desk.reads(desk.protocols[1], 2)  # left as it was
        desk.reads(desk.protocols[2], 2)  # there is none to show
        a_model(session, desk.project, {})
        facts = told(desk)
    text = said(facts, "model")
    assert facts["suggestions"]["readings"] == 2
    assert facts["model"]["version"] == 2
    for words in (
        "In two readings the coder was shown a suggestion, before the answer or right after it. "
        "All of these suggestions came from version 1, made from the rubric alone; it had learnt "
        "no settled protocols and had not been measured on labelled protocols.",
        "The version in use when this report was made, version 2 (SHA-256 ",
        "None of the suggestions that coders were shown came from it.",
    ):
        assert words in text
    assert "Levels were suggested by" not in text


def test_what_is_looked_up_at_another_time_is_no_part_of_a_reading(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session)
        reads_without(desk, 0, 2)
        facts = told(desk)
    assert facts["suggestions"]["readings"] == 0
    assert "No reading that stands had been given with a suggestion." in said(facts, "model")


def test_who_might_have_a_suggestion_need_not_have_had_one(any_database: Database) -> None:
    with any_database.write() as session:
        desk = a_desk(session)
        desk.reads(desk.protocols[0], 2, 4)
        desk.reads(desk.protocols[2], 2)
        desk.reads(desk.protocols[3], 3)
        reads_without(desk, 1, 4)
        reads_without(desk, 4, None)  # skipped, so no reading
        facts = told(desk)
    assert facts["labels"]["by_lot"] == {"none": 1, "suggestion": 3, "shown": 1, "nothing": 2}
    assert (
        "Of the readings for which the lot was drawn, it denied a suggestion to 1, whether "
        "there was one to show or not, and allowed one "
        "to 3; among the latter, the coder was shown one in 1, and in 2 there was none to show."
    ) in said(facts, "labelling")


def test_a_protocol_that_two_read_is_two_readings_by_reason(database: Database) -> None:
    with database.write() as session:
        desk = a_desk(session)
        for coder in (0, 1):
            desk.reads(desk.protocols[2], 2, by=coder)
        facts = told(desk)
        text = document(facts)
    counted = "Counted by reading, so that a protocol that two coders read counts twice, labelled"
    assert counted in said(facts, "choosing")
    notes = [source.meaning for source in text.numbers if "serving.reasons" in source.path]
    assert notes == [
        "Readings, each a protocol given to a coder for this reason and then labelled."
    ]


def a_version(number: int, readings: int, **fields: object) -> dict[str, Any]:
    about = {"version": number, "kind": "blend", "is_used": False, "labels": 10 * number}
    return about | {"readings": readings, "measured": None} | fields


@pytest.fixture
def many() -> dict[str, Any]:
    own = {"qwk": FIGURE, "n": 30, "version": 3, "since": 0}
    versions = [
        a_version(3, 40, measured=own),
        a_version(4, 20, measured=own | {"since": 10}),
        a_version(9, 10, is_used=True),
        a_version(5, 4),
    ]
    others = {"versions": 7, "readings": 12, "fewest_labels": 50, "most_labels": 80, "measured": 1,
              "lowest_qwk": 0.6, "highest_qwk": 0.6}  # fmt: skip
    return {"readings": 86, "told": 3, "versions": versions, "others": others}


def test_of_many_versions_the_most_shown_are_told_and_the_others_together(
    many: dict[str, Any],
) -> None:
    text = " ".join(one.text for one in suggested(Writer({"suggestions": many})))
    for words in (
        "Of these suggestions 40 came from version 3, of the kind “sentences that decide, word "
        "counts and the rubric together” (Ilse et al., 2018); it had learnt 30 settled protocols; "
        "its quadratically weighted kappa was .81 (95 % CI .70 to .90) on 30 labelled protocols "
        "that it had not read.",
        "quadratically weighted kappa of version 3, from which it had learnt on, was .81",
        "Of these suggestions 10 came from version 9, the one in use.",
        "The other 12 came from seven further versions, which had learnt between 50 and 80 settled "
        "protocols",
    ):
        assert words in text
    assert "version 5" not in text
