"""Coders whose steering is known: the report finds it, and intervals hold as often as they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cer_assist.domain.exposures import Reading, Sight
from cer_assist.statistics.exposure import exposure_figures

SCALE = (1, 2, 3, 4, 5)


def world(
    seed: int,
    *,
    protocols: int = 120,
    coders: int = 3,
    without: float = 0.3,
    yields: float = 0.5,
    model: float = 0.8,
) -> list[Reading]:
    """Coders who see the truth or an error beside it, and take over `yields` of what differs.

    How hard a protocol is, all its readers share; so they share what the model says of it.
    """
    dice = np.random.default_rng(seed)
    found = []
    for protocol in range(protocols):
        truth = int(dice.integers(1, 6))
        ease = dice.beta(6, 3)
        suggested = truth if dice.random() < model else beside(truth, dice)
        for coder in range(coders):
            first = truth if dice.random() < ease else beside(truth, dice)
            sees = dice.random() >= without
            takes = sees and dice.random() < yields
            found.append(
                Reading(
                    protocol,
                    coder,
                    Sight.after if sees else Sight.none,
                    True,
                    first,
                    suggested if sees else None,
                    suggested if takes else first,
                    float(dice.lognormal(4, 0.5)),
                    False,
                    truth,
                    (truth if dice.random() < ease else beside(truth, dice),),
                )
            )
    return found


def beside(level: int, dice: np.random.Generator) -> int:
    return {1: 2, 5: 4}.get(level, level + int(dice.choice([-1, 1])))


def report(readings: list[Reading], resamples: int = 400) -> dict[str, Any]:
    return exposure_figures(readings, SCALE, resamples=resamples)


def test_a_table_that_can_be_counted_by_hand() -> None:
    revealed = [  # first, suggested, last, truth
        (3, 4, 4, 4),  # right now
        (3, 4, 4, 3),  # wrong now
        (2, 4, 4, 4),  # right now
        (3, 4, 3, 3),  # held its ground
        (4, 4, 4, 4),  # nothing to take over
        (1, 4, 2, 5),  # another level than suggested, still wrong
        (1, 5, 1, None),  # nobody knows
    ]
    readings = [
        Reading(
            at,
            1,
            Sight.after,
            False,
            first,
            suggested,
            last,
            10.0 + at,
            False,
            truth,
            (last, 9 - 4),
        )
        for at, (first, suggested, last, truth) in enumerate(revealed)
    ]
    found = report(readings)
    said: dict[str, Any] = {
        name: (one["n"], pytest.approx(one["value"] * one["n"]))
        for name, one in found["switching"].items()
    }
    assert said == {
        "changed": (7, 4),
        "adopted": (6, 3),
        "right": (6, 2),
        "wrong": (6, 1),
        "net": (6, 1),
        "closer": (7, 2),
    }
    after = found["seen"]["after"]
    assert (after["readings"], after["accuracy"]["n"]) == (7, 6)
    assert after["accuracy"]["value"] == pytest.approx(4 / 6)
    assert after["distance"]["value"] == pytest.approx((0 + 1 + 0 + 0 + 0 + 3) / 6)
    assert after["seconds"]["value"] == 13.0
    # Seven protocols are too few to be drawn again.
    assert (after["qwk"]["low"], after["seconds"]["low"]) == (None, None)
    assert found["lots"]["after"]["readings"] == 0
    assert found["differences"]["after"]["accuracy"]["value"] is None


def test_every_measure_is_what_scikit_learn_makes_of_it() -> None:
    from sklearn.metrics import cohen_kappa_score

    readings = world(3)
    found = report(readings)
    for sight in (Sight.none, Sight.after):
        arm = [one for one in readings if one.sight is sight]
        truth, last = [one.truth for one in arm], [one.last for one in arm]
        kappa = cohen_kappa_score(truth, last, weights="quadratic")
        assert found["lots"][sight]["qwk"]["value"] == pytest.approx(kappa, abs=1e-5)
        assert found["lots"][sight]["seconds"]["value"] == np.median([o.seconds for o in arm])
        assert found["lots"][sight]["readings"] == len(arm)


def truths(**known: Any) -> dict[str, float]:
    """What the figures tend to, from one world too large to err."""
    found = report(world(1, protocols=6000, **known), resamples=2)
    return {name: read(found)["value"] for name, read in FIGURES.items()}


FIGURES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "changed": lambda found: found["switching"]["changed"],
    "adopted": lambda found: found["switching"]["adopted"],
    "right": lambda found: found["switching"]["right"],
    "wrong": lambda found: found["switching"]["wrong"],
    "net": lambda found: found["switching"]["net"],
    "closer": lambda found: found["switching"]["closer"],
    "accuracy": lambda found: found["lots"]["none"]["accuracy"],
    "qwk": lambda found: found["lots"]["after"]["qwk"],
    "ahead": lambda found: found["differences"]["after"]["accuracy"],
    "agrees": lambda found: found["differences"]["after"]["agreement"],
    "nearer": lambda found: found["differences"]["after"]["distance"],
    "slower": lambda found: found["differences"]["after"]["seconds"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "known",
    [
        {"yields": 0.5, "model": 0.8},  # helps
        {"yields": 0.05, "model": 0.8},  # hardly anything happens
    ],
    ids=["helps", "little"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(known: dict[str, Any]) -> None:
    tries = 150
    expected = truths(**known)
    held = dict.fromkeys(FIGURES, 0)
    for seed in range(tries):
        found = report(world(1000 + seed, protocols=80, **known), resamples=300)
        for name, read in FIGURES.items():
            one = read(found)
            held[name] += one["low"] <= expected[name] <= one["high"]
    # Of 80 protocols the percentiles of kappa hold 93 %; less three standard errors of the try.
    assert {name: count for name, count in held.items() if count < 0.87 * tries} == {}


def test_what_helps_and_what_steers_are_told_apart() -> None:
    helps = report(world(5, protocols=400, model=0.95))
    steers = report(world(5, protocols=400, model=0.2))
    assert helps["switching"]["net"]["low"] > 0
    assert helps["differences"]["after"]["accuracy"]["low"] > 0
    assert steers["switching"]["net"]["high"] < 0
    assert steers["differences"]["after"]["accuracy"]["high"] < 0
    assert steers["switching"]["closer"]["high"] < 0


def test_readings_of_one_protocol_count_together() -> None:
    """Everybody reads the same: eight readers of 30 protocols tell little more than one."""
    single = world(7, protocols=30, coders=1, without=0.0)
    eight = [replace(one, coder=at % 4) for one in single for at in range(8)]
    narrow, wide = (report(of)["switching"]["changed"] for of in (eight, single))
    assert eight[0].coder != eight[1].coder
    assert narrow["n"] == 8 * wide["n"]
    width = {id(one): one["high"] - one["low"] for one in (narrow, wide)}
    assert width[id(narrow)] > 0.9 * width[id(wide)]


def test_coders_are_drawn_where_there_are_enough_of_them() -> None:
    """One of six takes everything over, the others nothing: other coders could do either."""

    def of(coders: int) -> dict[str, Any]:
        readings = world(2, protocols=200, coders=coders, without=0.0, model=0.0, yields=0.0)
        swayed = [
            replace(one, last=one.suggested) if one.coder == 0 and one.suggested else one
            for one in readings
        ]
        return report(swayed)

    few, many = of(4), of(6)
    assert (few["draws_coders"], many["draws_coders"]) == (False, True)
    spread = [one["switching"]["changed"]["high"] - one["switching"]["changed"]["low"]
              for one in (few, many)]  # fmt: skip
    assert spread[1] > 2 * spread[0]


@pytest.mark.parametrize(
    "readings",
    [
        [],
        world(1, protocols=1, coders=1),
        [replace(one, truth=None, peers=(), seconds=None) for one in world(1)],
        [replace(one, truth=3, first=3, last=3, suggested=3) for one in world(1)],
    ],
    ids=["none", "one", "nothing known", "all alike"],
)
def test_little_or_nothing_gives_no_figure_that_would_mislead(readings: list[Reading]) -> None:
    found = report(readings)
    figures = [*found["switching"].values()]
    for group in ("seen", "lots", "differences"):
        for arm in found[group].values():
            figures += [one for one in arm.values() if isinstance(one, dict)]
    assert len(figures) == 6 + 3 * 5 + 3 * 5 + 2 * 5
    for one in figures:
        assert set(one) >= {"value", "low", "high", "n"}
        assert (one["low"] is None) == (one["high"] is None)
        if one["low"] is not None:
            assert one["low"] <= one["value"] <= one["high"]
            assert np.isfinite([one["low"], one["high"]]).all()
        if not one["n"]:
            assert one["value"] is None
    if readings and all(one.truth == one.last for one in readings):
        assert found["switching"]["changed"]["value"] == 0
        assert found["switching"]["changed"]["high"] > 0.02  # none of 120 is not "never"
        assert found["lots"]["after"]["qwk"]["value"] is None  # with a single level undefined


def test_withheld_protocols_are_compared_only_with_what_is_withheld_as_well() -> None:
    """Under `shown` a withheld protocol has no reading that was shown the suggestion."""
    none = [replace(one, sight=Sight.none, withheld=one.protocol < 60) for one in world(4)]
    shown = [
        replace(one, sight=Sight.shown, coder=one.coder + 3, first=None)
        for one in world(4)
        if one.protocol >= 60
    ]
    found = report(none + shown)
    counted = sum(not one.withheld for one in none) + len(shown)
    assert found["differences"]["shown"]["accuracy"]["n"] == counted
    assert found["lots"]["none"]["readings"] == len(none)
