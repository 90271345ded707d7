"""Planted errors are found, distance counts, and no label has a say in its own verdict."""

import numpy as np
import pytest

from cer_assist.learning.kinds import KINDS
from cer_assist.learning.label_errors import (
    RELIABILITY,
    Suspicion,
    judged_apart,
    reading_errors,
    suspect,
)
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading
from tests.learning.planted import PROBLEM, planted
from tests.learning.shared import a_reading, collecting

LEVELS = 5


def of(
    probabilities: list[list[float]], given: list[int], clusters: list[int] | None = None
) -> Suspicion:
    """Suspicion of levels none of which has a near-copy, unless told."""
    alone = np.arange(len(given)) if clusters is None else np.array(clusters)
    return suspect(np.array(probabilities), np.array(given), alone)


def leaning(given: int, other: int, share: float, levels: int) -> list[float]:
    """Probabilities with this share on another level and the rest on the given one."""
    row = np.zeros(levels)
    row[given], row[other] = 1 - share, share
    return row.tolist()


def guesses(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True levels, and probabilities that lie about them as a fair model's would."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, LEVELS, count)
    centre = truth + generator.normal(0, 0.6, count)
    said = np.exp(-((np.arange(LEVELS) - centre[:, None]) ** 2) / (2 * 0.6**2))
    return truth, said / said.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("steps", "least"), [(2, 0.7), (1, 0.25)])
def test_planted_errors_come_first(steps: int, least: float) -> None:
    truth, said = guesses(400, seed=1)
    given = truth.copy()
    which = np.random.default_rng(2).choice(400, 20, replace=False)
    given[which] += np.where(given[which] >= steps, -steps, steps)
    found = suspect(said, given, np.arange(400))
    assert np.isin(found.order[:20], which).mean() >= least
    assert (found.likely[which] == truth[which]).mean() > 0.5  # by chance one in four


@pytest.mark.parametrize("levels", [3, 4, 5, 7])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 1.0])
def test_two_steps_off_gain_more_than_one_step_off(levels: int, share: float) -> None:
    """In the same direction: at an end of the scale readers are surer, so a slip there gains."""
    for given in range(levels):
        for way in (-1, 1):
            if 0 <= given + 2 * way < levels:
                rows = [leaning(given, given + way * step, share, levels) for step in (1, 2)]
                near, far = of(rows, [given, given]).gain
                assert far > near > 0


def test_gain_is_what_reading_again_saves_on_average() -> None:
    """Truths are drawn from what is said, given levels and second readings from how readers err."""
    generator = np.random.default_rng(0)
    said = np.array([0.1, 0.3, 0.3, 0.2, 0.1])
    errors = reading_errors(LEVELS, RELIABILITY)
    truth = generator.choice(LEVELS, 400_000, p=said)
    first, second = (
        (generator.random(len(truth))[:, None] > errors.cumsum(axis=1)[truth]).sum(axis=1)
        for _ in range(2)
    )
    saved = np.maximum(np.abs(first - truth) - np.abs(second - truth), 0)
    found = of([said.tolist()] * LEVELS, list(range(LEVELS)))
    for level in range(LEVELS):
        assert found.gain[level] == pytest.approx(saved[first == level].mean(), abs=0.01)
        assert found.wrong[level] == pytest.approx(
            (truth != level)[first == level].mean(), abs=0.01
        )


def test_the_order_of_documents_changes_nothing() -> None:
    truth, said = guesses(60, seed=3)
    given = np.random.default_rng(4).permutation(truth)
    clusters = np.arange(60) // 2
    shuffled = np.random.default_rng(5).permutation(60)
    found = suspect(said, given, clusters)
    again = suspect(said[shuffled], given[shuffled], clusters[shuffled])
    for name in ("wrong", "likely", "gain"):
        assert np.allclose(getattr(again, name), getattr(found, name)[shuffled])
    assert shuffled[again.order].tolist() == found.order.tolist()


def test_a_scale_read_backwards_gives_the_same() -> None:
    truth, said = guesses(60, seed=6)
    given = np.random.default_rng(7).permutation(truth)
    found = suspect(said, given, np.arange(60))
    mirrored = suspect(said[:, ::-1], LEVELS - 1 - given, np.arange(60))
    assert np.allclose(mirrored.gain, found.gain)
    assert (mirrored.likely == LEVELS - 1 - found.likely).all()


def test_a_model_that_knows_nothing_finds_nothing() -> None:
    truth, _ = guesses(400, seed=8)
    given = truth.copy()
    which = np.random.default_rng(9).choice(400, 20, replace=False)
    given[which] = (given[which] + 2) % LEVELS
    found = suspect(np.full((400, LEVELS), 0.2), given, np.arange(400))
    assert found.wrong.max() < 0.5
    for level in range(LEVELS):  # who was given the same is as suspicious as everyone else
        assert np.ptp(found.gain[given == level]) == pytest.approx(0)


def test_levels_of_no_probability_are_finite_and_surely_wrong() -> None:
    found = of([[0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0]], [0, 2, 0])
    assert found.wrong.tolist() == [1, 0, 0]
    assert found.likely[0] == 2
    assert found.gain[0] > 1.5
    assert found.gain[1:].tolist() == [0, 0]
    assert found.order.tolist() == [0, 1, 2]


def test_one_class_is_suspected_where_the_model_leans_away_from_it() -> None:
    rows = [leaning(1, 3, share, LEVELS) for share in (0.0, 0.9, 0.3)]
    found = of(rows, [1, 1, 1])
    assert found.order.tolist() == [1, 2, 0]
    assert np.isfinite(found.gain).all()


def test_nothing_to_suspect_is_no_error() -> None:
    found = suspect(np.zeros((0, LEVELS)), np.zeros(0, int), np.zeros(0, int))
    assert [len(part) for part in found] == [0, 0, 0, 0]


@pytest.mark.parametrize("shape", [(2, LEVELS), (3,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected"):
        suspect(np.ones(shape), np.zeros(3, int), np.arange(3))


def test_a_near_copy_with_another_level_makes_both_suspicious() -> None:
    said = [[0.2] * LEVELS] * 4
    alone, together = of(said, [1, 3, 1, 1]), of(said, [1, 3, 1, 1], [0, 0, 1, 1])
    assert together.gain[:2].min() > alone.gain.max() > together.gain[2:].max()
    assert together.likely[:2].tolist() == [3, 1]


def test_many_copies_outvote_a_level_no_more_than_two() -> None:
    said = [leaning(3, 1, 0.2, LEVELS)] * 30
    few, many = of(said[:3], [3, 1, 1], [0] * 3), of(said, [3] + [1] * 29, [0] * 30)
    assert many.wrong[0] == pytest.approx(few.wrong[0])
    assert many.wrong[0] < 0.5  # what is said of the text itself still counts


@pytest.mark.parametrize("levels", [2, 3, 5, 7])
def test_readers_err_by_two_more_rarely_than_by_one(levels: int) -> None:
    errors = reading_errors(levels, 0.8)
    assert np.allclose(errors.sum(axis=1), 1)
    assert np.diag(errors).min() == pytest.approx(0.8)
    for row, true in zip(errors, range(levels), strict=True):
        assert (np.diff(row[true:]) < 0).all() and (np.diff(row[: true + 1]) > 0).all()


@pytest.mark.parametrize("reliability", [0.0, 1.0, 1.2])
def test_readers_who_never_or_always_err_are_refused(reliability: float) -> None:
    with pytest.raises(ValueError, match="reliability"):
        reading_errors(LEVELS, reliability)


def judged(
    readings: list[Reading],
    given: np.ndarray,
    *,
    kind: str = "lexical",
    clusters: np.ndarray | None = None,
) -> np.ndarray:
    alone = np.arange(len(given)) if clusters is None else clusters
    return judged_apart(readings, given, alone, PROBLEM, KINDS[kind], silent)


def looked_up(readings: list[Reading], given: np.ndarray) -> Suspicion:
    return suspect(judged(readings, given), given, np.arange(len(given)))


def test_errors_among_learnt_documents_are_found_with_their_true_level() -> None:
    readings, levels = planted(90, seed=1)
    given = levels.copy()
    which = [4, 36, 77]  # of the levels 1, 0 and 2
    given[which] = [0, 2, 0]
    found = looked_up(readings, given)
    assert sorted(found.order[:3].tolist()) == which
    assert found.likely[which].tolist() == levels[which].tolist()
    assert found.order[0] != 4  # the one that is a single step off


def test_no_label_takes_part_in_its_own_verdict() -> None:
    readings, levels = planted(45, seed=2)
    before = judged(readings, levels)
    for at in (0, 7, 20):
        given = levels.copy()
        given[at] = 2 - given[at] if given[at] != 1 else 0
        moved = np.abs(judged(readings, given) - before).max(axis=1)
        # Not by nothing: the calibration is fitted on what is said of the others.
        assert moved[at] < 0.005
        assert moved.max() > 0.1  # it has taught whoever judges them


def test_no_label_takes_part_in_the_verdict_of_its_near_copy() -> None:
    """Two documents alike, like nothing else."""
    readings, levels = planted(44, seed=3)
    readings += [a_reading([500, 501, 502, 503, 504, 505, 506, 507], seed=9)] * 2
    known, unknown = np.append(np.arange(44), [44, 44]), np.arange(46)

    def moved(clusters: np.ndarray) -> float:
        said = [
            judged(readings, np.append(levels, [0, other]), kind="meaning", clusters=clusters)
            for other in (0, 2)
        ]
        return float(np.abs(said[1] - said[0])[44].max())

    assert moved(known) < 0.02
    assert moved(unknown) > 0.1


def test_everything_is_judged_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model's own figures are of some folds only where these hold enough documents."""
    monkeypatch.setattr("cer_assist.learning.out_of_fold.ENOUGH_JUDGED", 10)
    readings, levels = planted(40, seed=4)
    shares: list[float] = []
    alone, kind = np.arange(40), KINDS["sentences"]
    said = judged_apart(readings, levels, alone, PROBLEM, kind, collecting(shares))
    assert np.allclose(said.sum(axis=1), 1)
    assert (said.argmax(axis=1) == levels).mean() > 0.9
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
