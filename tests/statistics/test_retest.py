import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from cer_assist.domain.errors import InvalidInput
from cer_assist.statistics.retest import retest
from tests.statistics.simulated import known


def pairs(count: int, shift: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    place = generator.normal(2, 1.2, count)
    first, second = (np.rint(place + move + generator.normal(0, 0.5, count)) for move in (0, shift))
    return first.clip(0, 4).astype(int), second.clip(0, 4).astype(int)


def test_the_figures_are_those_of_their_definitions() -> None:
    first, second = pairs(80)
    found = retest(first, second, 5)
    assert found.n == 80
    assert found.kappa.value == pytest.approx(
        cohen_kappa_score(first, second, labels=range(5), weights="quadratic")
    )
    assert found.percent.value == pytest.approx(np.mean(first == second))
    assert found.shift.value == pytest.approx(np.mean(second - first))
    for figure in (found.kappa, found.percent, found.shift):
        assert known(figure).holds(known(figure).value)
    # the normal approximation of a mean
    error = np.std(second - first) / np.sqrt(80)
    assert known(found.shift).width == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_who_was_more_lenient_the_second_time_is_found() -> None:
    found = retest(*pairs(60, shift=0.6), 5)
    assert known(found.shift).low > 0
    first, second = pairs(60, shift=0.6)
    back = retest(second, first, 5)
    assert back.shift.value == pytest.approx(-known(found.shift).value)
    assert back.kappa.value == pytest.approx(found.kappa.value)


def test_intervals_hold_no_shift_nineteen_times_in_twenty() -> None:
    shifts = [known(retest(*pairs(40, seed=seed), 5).shift) for seed in range(150)]
    assert 0.9 <= np.mean([shift.holds(0) for shift in shifts]) <= 0.99


def test_the_same_seed_gives_the_same_interval() -> None:
    first, second = pairs(30)
    assert retest(first, second, 5) == retest(first, second, 5)
    assert retest(first, second, 5, seed=1) != retest(first, second, 5)


def test_ten_equal_pairs_do_not_show_that_a_coder_never_differs() -> None:
    levels = np.arange(10) % 5
    found = retest(levels, levels, 5)
    assert found.kappa.value == 1
    assert (found.kappa.low, found.kappa.high) == (None, None)
    assert found.shift.value == 0
    assert found.shift.low is None
    assert found.percent.value == 1
    # Wilson: 10 / (10 + 1.96 ** 2)
    assert found.percent.low == pytest.approx(0.7225, abs=1e-4)


def test_kappa_of_a_single_level_is_undefined() -> None:
    found = retest(np.full(8, 2), np.full(8, 2), 5)
    assert found.kappa.value is None
    assert found.percent.value == 1


def test_what_cannot_be_read_is_refused() -> None:
    nothing = np.zeros(0, int)
    with pytest.raises(InvalidInput, match="No protocol was read twice"):
        retest(nothing, nothing, 5)
    with pytest.raises(ValueError, match="expected levels from 0 to 4, received -1"):
        retest(np.array([0, -1]), np.array([0, 1]), 5)
    with pytest.raises(ValueError, match="expected levels"):
        retest(np.array([0, 5]), np.array([0, 1]), 5)
    with pytest.raises(ValueError, match="same shape"):
        retest(np.array([0, 1]), np.array([0]), 5)
