import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cer_assist.learning.cumulative import non_increasing
from cer_assist.learning.lexical import (
    INVERSE_REGULARISATION,
    count_words,
    fit_lexical,
    vocabulary,
    weigh,
)
from cer_assist.learning.ordinal import thresholds
from tests.learning.shared import a_reading


def some_readings(count: int = 40, seed: int = 0):
    generator = np.random.default_rng(seed)
    levels = np.arange(count) % 4
    words = [[*generator.integers(1, 30, 12), *[100 + level] * 2, 200] for level in levels]
    return [a_reading(row) for row in words], levels


def fitted(readings, levels, size: int = 4):
    keys = vocabulary(readings)
    return fit_lexical(keys, count_words(readings, keys), levels, size)


def test_the_fast_fit_is_the_plain_logistic_regression_on_the_words() -> None:
    readings, levels = some_readings()
    model = fitted(readings, levels)
    features = weigh(count_words(readings, model.keys), model.idf)
    plain = [
        LogisticRegression(
            C=INVERSE_REGULARISATION, class_weight="balanced", max_iter=5000, tol=1e-8
        )
        .fit(features, above)
        .decision_function(features)
        for above in thresholds(levels, 4).T
    ]
    expected = non_increasing(np.stack(plain, axis=1))
    assert np.allclose(model.logits(readings), expected, atol=0.05)  # its solver stops early


def test_weights_are_tf_idf_of_length_one() -> None:
    counts = count_words([a_reading([5, 5, 9]), a_reading([9])], np.array([5, 9], np.uint64))
    idf = np.array([2.0, 1.0])
    first = np.array([(1 + np.log(2)) * 2.0, 1.0])
    assert np.allclose(weigh(counts, idf).toarray()[0], first / np.linalg.norm(first))
    assert np.allclose(weigh(counts.toarray(), idf), weigh(counts, idf).toarray())


def test_words_mark_their_level_and_unknown_words_say_nothing() -> None:
    readings, levels = some_readings()
    model = fitted(readings, levels)
    top = model.logits([a_reading([103, 103, 200])])[0]
    bottom = model.logits([a_reading([100, 100, 200])])[0]
    assert np.all(top > bottom)
    unknown = model.logits([a_reading([9999])])[0]
    assert unknown == pytest.approx(non_increasing(model.intercepts), abs=1e-6)
    assert model.logits([a_reading([])])[0] == pytest.approx(unknown)


def test_a_level_without_labels_gets_smoothed_odds() -> None:
    readings, levels = some_readings()
    kept = levels < 2
    model = fitted([r for r, keep in zip(readings, kept, strict=True) if keep], levels[kept])
    assert model.intercepts[2] == pytest.approx(np.log(0.5 / 20.5))
    assert np.all(model.coefficients[:, 1:] == 0)


def test_some_words_dense_equal_all_words_sparse() -> None:
    readings, levels = some_readings()
    model = fitted(readings, levels)
    counts = count_words(readings[:1], model.keys)
    which = counts.indices
    dense = model.logits_of_some(counts.toarray()[:, which], which)
    assert np.allclose(dense, model.logits_of_counts(counts), atol=1e-5)
