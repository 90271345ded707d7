import numpy as np
import pytest

from cer_assist.learning.out_of_fold import FOLDS, folds_to_test, out_of_fold
from cer_assist.learning.progress import silent
from cer_assist.learning.views import Problem
from tests.learning.shared import a_reading


@pytest.mark.parametrize(
    ("documents", "tested"), [(6, 5), (400, 5), (2000, 5), (4000, 3), (7000, 2), (50_000, 2)]
)
def test_all_folds_are_tested_until_that_would_only_take_time(documents: int, tested: int) -> None:
    found = folds_to_test(np.arange(documents) % FOLDS)
    assert found == list(range(tested))


def test_what_is_judged_stands_with_its_own_level_and_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cer_assist.learning.out_of_fold.ENOUGH_JUDGED", 20)
    levels = np.arange(60) % 3
    readings = [
        a_reading([100 + level] * 3 + [7, 8], seed=at) for at, level in enumerate(levels.tolist())
    ]
    fold_of = np.random.default_rng(0).permutation(np.arange(60) % FOLDS)
    problem = Problem(3, seed=0, read=lambda texts: [])
    found = out_of_fold(["lexical", "meaning"], readings, levels, fold_of, problem, silent)
    assert len(found.levels) == 24  # two of five folds
    assert set(found.fold_of.tolist()) == {0, 1}
    assert list(found.logits) == ["lexical", "meaning"]
    assert np.all(np.isfinite(found.logits["lexical"]))
    assert ((found.logits["lexical"] > 0).sum(axis=1) == found.levels).all()
