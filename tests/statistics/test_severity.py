import csv
from pathlib import Path

import numpy as np
import pytest

from cer_assist.domain.errors import InvalidInput
from cer_assist.statistics.severity import Severity, severity
from tests.statistics.simulated import LEVELS, SIGMA, THRESHOLDS, Drawn, drawn, in_levels, known

EFFECTS = np.array([0.9, -0.6, 0.2, -0.5])


def found_in(readings: Drawn, levels: int = LEVELS) -> Severity:
    return severity(*readings, levels)


def logits(found: Severity) -> np.ndarray:
    return np.array([effect.logit.value for effect in found.coders.values()])


def test_what_was_planted_is_found_and_intervals_hold_it_as_often_as_they_say() -> None:
    generator = np.random.default_rng(1)
    meant = in_levels(EFFECTS)
    values, logit, level, sigma = [], [], [], []
    for _ in range(100):
        readings = drawn(generator, 120, EFFECTS)
        # of three protocols in ten one reading only
        found = found_in(readings.where((generator.random(240) < 0.7) | (readings.units % 2 == 0)))
        assert found.converged
        effects = list(found.coders.values())
        values.append(logits(found))
        logit.append([known(e.logit).holds(t) for e, t in zip(effects, EFFECTS, strict=True)])
        level.append([known(e.in_levels).holds(t) for e, t in zip(effects, meant, strict=True)])
        sigma.append(known(found.sigma).holds(SIGMA))
    assert np.mean(values, axis=0) == pytest.approx(EFFECTS, abs=0.1)
    for held in (logit, level, sigma):
        assert 0.9 <= np.mean(held) <= 0.99


def test_levels_are_known_where_nothing_was_read_twice_and_logits_are_not() -> None:
    generator = np.random.default_rng(2)
    meant = in_levels(EFFECTS)
    held = []
    for _ in range(60):
        found = found_in(drawn(generator, 200, EFFECTS, each=1))
        effects = found.coders.values()
        held.append([known(e.in_levels).holds(t) for e, t in zip(effects, meant, strict=True)])
    assert 0.9 <= np.mean(held) <= 0.99
    sigma = known(found.sigma)
    assert sigma.high > 10 * sigma.low
    assert found.components == 4
    assert not found.connected


def test_many_readings_find_the_effects_closely() -> None:
    found = found_in(drawn(np.random.default_rng(3), 3000, EFFECTS))
    assert logits(found) == pytest.approx(EFFECTS, abs=0.15)
    assert known(found.sigma).value == pytest.approx(SIGMA, abs=0.2)
    assert found.thresholds == pytest.approx(THRESHOLDS, abs=0.2)
    values = [effect.in_levels.value for effect in found.coders.values()]
    assert values == pytest.approx(in_levels(EFFECTS), abs=0.04)


def test_effects_are_nothing_on_average() -> None:
    readings = drawn(np.random.default_rng(4), 60, EFFECTS)
    found = found_in(readings.where((readings.coders != 1) | (readings.units < 10)))
    n = np.array([effect.n for effect in found.coders.values()])
    assert logits(found) @ (n / (n + 20)) == pytest.approx(0, abs=1e-9)


def test_the_scale_turned_round_makes_the_lenient_severe() -> None:
    readings = drawn(np.random.default_rng(5), 100, EFFECTS)
    found = found_in(readings)
    turned = found_in(readings._replace(levels=LEVELS - 1 - readings.levels))
    assert turned.thresholds == pytest.approx(-found.thresholds[::-1], abs=1e-3)
    for one, other in zip(found.coders.values(), turned.coders.values(), strict=True):
        for a, b in ((one.logit, other.logit), (one.in_levels, other.in_levels)):
            back = known(a)
            assert known(b) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-3)


def test_names_and_order_of_readings_do_not_matter() -> None:
    generator = np.random.default_rng(6)
    readings = drawn(generator, 100, EFFECTS)
    names = np.array(["dora", "ana", "cem", "bo"])
    shuffled = readings.where(generator.permutation(200))
    renamed = Drawn(
        np.char.add("p", (997 - shuffled.units).astype(str)),
        names[shuffled.coders],
        shuffled.levels,
    )
    found, again = found_in(readings), found_in(renamed)
    assert list(again.coders) == ["ana", "bo", "cem", "dora"]
    for number, name in enumerate(names.tolist()):
        one, other = found.coders[number], again.coders[name]
        assert known(other.logit) == pytest.approx(known(one.logit), abs=1e-3)
        assert (other.n, other.shared) == (one.n, one.shared)


def test_a_coder_who_always_says_the_highest_level_is_lenient_as_far_as_can_be_told() -> None:
    readings = drawn(np.random.default_rng(7), 150, EFFECTS)
    said = np.where(readings.coders == 2, LEVELS - 1, readings.levels)
    found = found_in(readings._replace(levels=said))
    assert found.converged
    always, *others = (known(found.coders[coder].logit) for coder in (2, 0, 1, 3))
    assert always.low > max(other.high for other in others)
    assert np.isfinite(always.high)
    assert always.width > 1.5 * others[0].width
    meant = known(found.coders[2].in_levels)
    assert 0 < meant.low < meant.value < meant.high < LEVELS - 1


def test_a_single_reading_tells_next_to_nothing_of_its_coder() -> None:
    readings = drawn(np.random.default_rng(8), 150, EFFECTS)
    kept = (readings.coders != 3) | (np.cumsum(readings.coders == 3) == 1)
    found = found_in(readings.where(kept))
    assert found.coders[3].n == 1
    logit = known(found.coders[3].logit)
    # The prior alone would leave 3.9 spreads of a reading.
    assert logit.width > 2 * np.sqrt(known(found.sigma).value ** 2 + np.pi**2 / 3)
    assert logit.holds(0)
    without = found_in(readings.where(readings.coders != 3))
    for name, effect in without.coders.items():
        before, after = known(effect.logit), known(found.coders[name].logit)
        assert after.value == pytest.approx(before.value, abs=0.1)
        assert after.width == pytest.approx(before.width, rel=0.05)


def test_coders_who_agree_fully_are_alike_and_sigma_stays_finite() -> None:
    levels = np.arange(60) % LEVELS
    readings = Drawn(np.tile(np.arange(60), 2), np.repeat([0, 1], 60), np.tile(levels, 2))
    found = found_in(readings)
    assert found.converged
    assert logits(found) == pytest.approx([0, 0], abs=1e-3)
    assert 5 < known(found.sigma).value < 100


def test_two_levels_are_enough() -> None:
    readings = drawn(np.random.default_rng(9), 400, EFFECTS)
    found = found_in(readings._replace(levels=(readings.levels > 1).astype(int)), levels=2)
    assert found.thresholds.shape == (1,)
    assert logits(found) == pytest.approx(EFFECTS, abs=0.5)


def test_levels_that_nobody_gave_leave_no_room_on_the_scale() -> None:
    readings = drawn(np.random.default_rng(10), 200, EFFECTS)
    given = np.array([1, 1, 3, 4, 4])[readings.levels]  # of 0 .. 5
    found = found_in(readings._replace(levels=given), levels=6)
    low, between, above = found.thresholds[[1, 2, 3]]
    assert found.thresholds[0] == -np.inf
    assert found.thresholds[4] == np.inf
    assert low == between < above
    closed = found_in(readings._replace(levels=np.array([0, 0, 1, 2, 2])[readings.levels]), 3)
    assert logits(found) == pytest.approx(logits(closed))
    # From 1 to 3 is two levels, on the closed scale one.
    wide, narrow = (known(one.coders[0].in_levels).value for one in (found, closed))
    assert wide > 1.2 * narrow


def test_readings_and_shared_ones_are_counted_and_groups_told_apart() -> None:
    units = np.array([1, 1, 2, 3, 3, 3, 9])
    coders = np.array(["a", "b", "a", "c", "d", "e", "c"])
    found = severity(units, coders, np.array([0, 1, 1, 1, 0, 1, 0]), 2)
    counts = {name: (e.n, e.shared, e.component) for name, e in found.coders.items()}
    assert counts == {
        "a": (2, 1, 0),
        "b": (1, 1, 0),
        "c": (2, 1, 1),
        "d": (1, 1, 1),
        "e": (1, 1, 1),
    }
    assert found.components == 2
    assert not found.connected
    linked = severity(
        np.append(units, 2), np.append(coders, "c"), np.array([0, 1, 1, 1, 0, 1, 0, 1]), 2
    )
    assert linked.connected


def test_nothing_to_compare_is_an_error_that_says_so() -> None:
    units, coders, levels = np.arange(6), np.arange(6) % 2, np.arange(6) % 3
    with pytest.raises(InvalidInput, match="readings are of 1 and 3"):
        severity(units, np.zeros(6, int), levels, 3)
    with pytest.raises(InvalidInput, match="readings are of 2 and 1"):
        severity(units, coders, np.full(6, 2), 3)
    with pytest.raises(InvalidInput, match="readings are of 0 and 0"):
        severity(units[:0], coders[:0], levels[:0], 3)


@pytest.mark.parametrize("levels", [[0, 1, 3], [-1, 1, 2]])
def test_a_level_off_the_scale_is_refused(levels: list[int]) -> None:
    with pytest.raises(ValueError, match="expected levels from 0 to 2"):
        severity(np.arange(3), np.array([0, 1, 1]), np.array(levels), 3)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="received 3, 3 and 2"):
        severity(np.arange(3), np.array([0, 1, 1]), np.array([0, 1]), 3)
    with pytest.raises(ValueError, match="one reading of a protocol"):
        severity(np.array([5, 5, 6]), np.array([0, 0, 1]), np.array([0, 1, 2]), 3)


def test_the_two_reference_readers_are_alike(reference_data: Path) -> None:
    with (reference_data / "cenr" / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["coder"] != "final"]
    found = severity(
        np.array([row["protocol_id"] for row in rows]),
        np.array([row["coder"] for row in rows]),
        np.array([int(row["level"]) - 1 for row in rows]),
        LEVELS,
    )
    assert found.converged
    assert found.connected
    assert (
        {e.n for e in found.coders.values()} == {e.shared for e in found.coders.values()} == {404}
    )
    assert known(found.sigma).value > 5  # their quadratic kappa is .977
    means = [
        np.mean([int(r["level"]) for r in rows if r["coder"] == name]) for name in found.coders
    ]
    for effect, mean in zip(found.coders.values(), means, strict=True):
        # Both read all protocols, so what the model says can be counted.
        assert effect.in_levels.value == pytest.approx(mean - np.mean(means), abs=0.01)
        assert known(effect.in_levels).holds(0)
