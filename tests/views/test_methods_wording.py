"""Sentences of the methods report that once said what was not so, or of one thing as of many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from cer_assist.domain.labels import Exposure
from cer_assist.domain.prose import Section
from cer_assist.views import methods_words_agreeing as agreeing
from cer_assist.views import methods_words_model as modelling
from cer_assist.views import methods_words_reading as reading
from cer_assist.views.methods_writer import Writer

DAY = dt.datetime(2026, 3, 31, tzinfo=dt.UTC)
FIGURE = {"value": 1.0, "low": 0.9, "high": 1.0}
SETTINGS = {"coders_per_protocol": 1, "double_coded_share": 0.2, "adjudicators": 1,
            "qualifies_first": False, "suggestion_policy": "hidden",
            "no_suggestion_share": 0.0}  # fmt: skip


def text(made: Callable[[Writer], Section], facts: dict[str, Any]) -> str:
    now = SETTINGS | facts.pop("now", {})
    facts = {"settings": {"now": now, "changes": [], "uncertain_share": 0.5}} | facts
    lines = [line for lines in made(Writer(facts)).paragraphs for line in lines]
    return " ".join(line.text for line in lines)


def an_agreement(*perfect: str) -> dict[str, Any]:
    names = ("alpha_ordinal", "kappa_quadratic", "ac2", "percent", "within_one")
    return {
        "protocols": 137, "coders": 4, "labels": 662, "made_at": DAY, "again": {"pairs": 0},
        "coefficients": dict.fromkeys(names, FIGURE),
        "warnings": [{"fact": "perfect", "coefficients": list(perfect)}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("perfect", "said", "not_said"),
    [
        (("within_one",), "That no two readings lay more than one level apart holds", "differed"),
        (("percent", "within_one"), "none of these protocols differed", "lay more than"),
    ],
)
def test_full_agreement_within_a_level_is_not_told_as_no_difference(
    perfect: tuple[str, ...], said: str, not_said: str
) -> None:
    double = {"protocols": 137, "share": 0.34, "more_than_two": 0}
    facts = {"double": double, "agreement": an_agreement(*perfect), "sample": {"size": 60}}
    told = text(agreeing.double, facts)
    assert said in told
    assert not_said not in told
    assert "even if replaced later" in told
    assert "when coders had given 662 answers, replaced ones counted" in told


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (60, "read by one coder, those of the fenced sample by two, and 20 %"),
        (0, "read by one coder, and 20 %"),
    ],
)
def test_how_often_a_protocol_was_to_be_read_depends_on_the_fenced_sample(
    size: int, said: str
) -> None:
    facts = {"double": {"protocols": 0}, "sample": {"size": size}}
    assert said in text(agreeing.double, facts)


def test_an_answer_that_was_replaced_is_no_reading_but_may_count_elsewhere() -> None:
    seen = {str(one): 0 for one in Exposure} | {"blind": 3}
    labels = {"readings": 3, "corrections": 1, "seen": seen, "share": {"blind": 1.0},
              "by_lot": {"none": 0, "suggestion": 0}}  # fmt: skip
    told = text(reading.labelling, {"labels": labels, "exposure": None})
    assert "Not among them was one answer that coders had replaced or taken back." in told
    assert "did not count" not in told


@pytest.mark.parametrize(
    ("fewest", "said"), [(12, "and gave 12 readings each."), (3, "between 3 and 12 readings each.")]
)
def test_coders_who_read_as_many_have_one_number(fewest: int, said: str) -> None:
    of = {"people": 2, "people_imported": 0, "leads": 0, "timed": 0, "fewest": fewest, "most": 12,
          "first_day": DAY, "last_day": DAY}  # fmt: skip
    facts = {"coders": of, "training": {"rounds": 0, "checks": 0}}
    assert said in text(reading.coders, facts)


def test_one_imported_final_level_is_told_as_one() -> None:
    told = text(agreeing.settling, {"settling": {"imported": 1, "decided": 0}})
    assert "For one protocol the final level was imported; who settled it and how" in told


def test_what_the_queue_and_the_model_were_set_to_do_is_told_as_a_setting() -> None:
    now = {"rare_share": 0.0, "diverse_share": 0.0, "random_share": 0.5, "retrain_every": 5,
           "retrain_idle_seconds": 120, "accepted_half_width": 0.1,
           "accepted_wrong_share": 0.1}  # fmt: skip
    facts = {"now": now, "serving": {"reasons": []}, "stopping": {"decision": None}}
    told = text(modelling.choosing, facts)
    assert "to give these shares: 50 % what the model was unsure of" in told
    assert "The model was set to learn on after every five new labels" in told
