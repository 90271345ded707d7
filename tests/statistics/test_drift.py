import numpy as np
import pytest

from cer_assist.statistics.drift import Change, Drift, drift
from tests.statistics.simulated import LEVELS, SIGMA, Drawn, drawn, known, said

EFFECTS = np.array([0.5, -0.5, 0.0])


def by_period(
    generator: np.random.Generator, units: int, effects: np.ndarray, moved: float = 0.0
) -> tuple[Drawn, np.ndarray]:
    """Two readings a protocol; effects are (periods, coders), places move by so much a period."""
    parts, periods = [], []
    for period, row in enumerate(effects):
        part = drawn(generator, units, row + moved * period)
        parts.append(part._replace(units=part.units + period * units))
        periods.append(np.full(len(part.units), period))
    return Drawn(*map(np.concatenate, zip(*parts, strict=True))), np.concatenate(periods)


def found_in(readings: Drawn, periods: np.ndarray) -> Drift:
    return drift(readings.units, readings.coders, periods, readings.levels, LEVELS)


def changes(found: Drift) -> list[Change]:
    """Of coders who all have one."""
    all_of_them = [coder.change for coder in found.coders.values()]
    there = [change for change in all_of_them if change is not None]
    assert len(there) == len(all_of_them)
    return there


def p_value(change: Change) -> float:
    assert change.p is not None
    return change.p


@pytest.mark.slow
def test_who_did_not_change_is_called_changed_once_in_twenty_times() -> None:
    generator = np.random.default_rng(1)
    p, apart = [], []
    for _ in range(80):
        found = found_in(*by_period(generator, 50, np.tile(EFFECTS, (3, 1))))
        for change in changes(found):
            assert change.freedom == 2
            p.append(p_value(change))
            if change.apart and change.apart.low is not None:
                apart.append(known(change.apart).holds(0))
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.1
    assert len(apart) == 160, "of three coders one is the median"
    assert 0.9 <= np.mean(apart) <= 0.99


def test_a_coder_who_grew_severe_is_found_and_the_others_are_not() -> None:
    effects = np.tile(EFFECTS, (4, 1))
    effects[:, 0] = [0.5, -0.2, -0.9, -1.6]
    found = found_in(*by_period(np.random.default_rng(2), 150, effects))
    assert found.converged
    hers, *others = changes(found)
    assert p_value(hers) < 0.001
    assert known(hers.value).holds(-2.1)
    assert known(hers.value).high < 0
    assert known(hers.apart).high < 0
    assert all(p_value(change) > 0.01 for change in others)
    for change in others:
        assert change.apart
        assert change.apart.low is None or known(change.apart).holds(0), "she did, not they"
    course = [known(effect.logit).value for effect in found.coders[0].periods.values()]
    assert course == sorted(course, reverse=True)


def test_higher_protocols_later_move_all_coders_and_none_apart() -> None:
    """The queue's doing, not the coders': nothing links the periods here."""
    effects = np.tile(EFFECTS, (2, 1))
    found = found_in(*by_period(np.random.default_rng(3), 300, effects, moved=2.0))
    for change in changes(found):
        assert p_value(change) < 0.01
        assert known(change.value).low > 0
        assert change.apart
        assert change.apart.low is None or known(change.apart).holds(0)
        assert not change.linked


def test_protocols_read_in_both_periods_take_a_part_of_their_move_from_the_coders() -> None:
    """Places two logits higher later; half of each period's are read in the other one, too."""
    generator = np.random.default_rng(4)
    places = generator.normal(0, SIGMA, 1000) + np.repeat([0.0, 2.0], 500)
    units = np.tile(np.arange(1000), 2)
    again = np.arange(2000) >= 1000
    coders = (units + again) % 2
    levels = said(generator, places[units] + np.array([0.4, -0.4])[coders])
    alone = units >= 500
    crossed = np.where(again, units % 4 < 2, alone)
    moves = []
    for periods, linked in ((alone, False), (crossed, True)):
        found = changes(drift(units, coders, periods.astype(int), levels, LEVELS))
        moves.append([known(change.value).value for change in found])
        assert [change.linked for change in found] == [linked, linked]
    assert moves[0] == pytest.approx([2, 2], abs=0.5)
    assert np.mean(moves[1]) < 0.5 * np.mean(moves[0])


def test_between_two_periods_the_test_is_the_square_of_the_change() -> None:
    found = found_in(*by_period(np.random.default_rng(5), 60, np.tile(EFFECTS, (2, 1))))
    for change in changes(found):
        value = known(change.value)
        error = value.width / 2 / 1.959964
        assert change.chi_square == pytest.approx((value.value / error) ** 2)
        assert (p_value(change) < 0.05) == (not value.holds(0))


def test_a_change_is_the_difference_of_the_effects_and_apart_that_from_the_middle_one() -> None:
    readings, periods = by_period(np.random.default_rng(6), 60, np.tile(EFFECTS, (3, 1)))
    kept = (readings.coders != 2) | (periods < 2)  # the third left early
    found = found_in(readings.where(kept), periods[kept])
    logit = [
        {period: known(effect.logit).value for period, effect in coder.periods.items()}
        for coder in found.coders.values()
    ]
    assert list(logit[2]) == [0, 1]
    cells = [effect for coder in found.coders.values() for effect in coder.periods.values()]
    weighted = [known(cell.logit).value * cell.n / (cell.n + 20) for cell in cells]
    assert sum(weighted) == pytest.approx(0, abs=1e-9)
    moved = [known(change.value).value for change in changes(found)]
    apart = [change.apart.value for change in changes(found) if change.apart]
    assert moved[:2] == pytest.approx([one[2] - one[0] for one in logit[:2]])
    assert moved[2] == pytest.approx(logit[2][1] - logit[2][0])
    half = (moved[0] - moved[1]) / 2
    assert apart[:2] == pytest.approx([half, -half])
    assert apart[2] == pytest.approx(moved[2] - np.median([one[1] - one[0] for one in logit]))
    assert changes(found)[2].freedom == 1


def test_a_coder_of_one_period_has_no_change_and_one_alone_nobody_to_be_apart_from() -> None:
    readings, periods = by_period(np.random.default_rng(7), 60, np.tile(EFFECTS, (2, 1)))
    kept = (readings.coders == 0) | ((readings.coders == 1) & (periods == 1))
    found = found_in(readings.where(kept), periods[kept])
    assert found.coders[1].change is None
    assert list(found.coders[1].periods) == [1]
    change = found.coders[0].change
    assert change is not None
    assert change.apart is None
    alone = readings.coders == 0
    assert list(found_in(readings.where(alone), periods[alone]).coders) == [0]


def test_a_coder_may_read_a_protocol_again_which_links_the_periods() -> None:
    generator = np.random.default_rng(8)
    places = generator.normal(0, SIGMA, 300)
    units, periods = np.tile(np.arange(300), 2), np.repeat([2023, 2024], 300)
    levels = said(generator, places[units] + np.where(periods == 2024, 1.0, 0.0))
    found = drift(units, np.full(600, "ana"), periods, levels, LEVELS)
    (change,) = changes(found)
    assert change.linked
    assert known(change.value).holds(1)
    assert p_value(change) < 0.001
    periods_read = found.coders["ana"].periods
    assert {period: effect.shared for period, effect in periods_read.items()} == {
        2023: 300,
        2024: 300,
    }


def test_periods_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 3 periods, received 2"):
        drift(np.arange(3), np.array([0, 1, 1]), np.array([0, 1]), np.array([0, 1, 1]), 2)
    with pytest.raises(ValueError, match="one reading of a protocol"):
        drift(np.zeros(2, int), np.zeros(2, int), np.zeros(2, int), np.array([0, 1]), 2)
