"""Attention finds the two steps that make the label; without attention or mask it is not found."""

import numpy as np
import pytest

from benchmarks.sum_task import VARIANTS, Sequences, Trained, drawn, mass, sequences


@pytest.fixture(scope="module")
def unseen() -> Sequences:
    return sequences(300, seed=101)


@pytest.fixture(scope="module")
def trained() -> dict[str, Trained]:
    data = sequences(800, seed=100)
    names = ("attention", "attention without a mask", "mean of all steps")
    return {name: Trained(VARIANTS[name], data, seed=0) for name in names}


def shares(model: Trained, data: Sequences) -> tuple[float, float]:
    """Attention on the marked steps and on padding."""
    weights = model.weights(data)
    assert weights is not None
    assert np.allclose(weights.sum(axis=1), 1.0, atol=1e-5)
    return mass(weights, data.marked), mass(weights, ~data.mask)


def test_attention_lies_on_the_two_marked_steps(trained, unseen) -> None:
    on_marked, on_padding = shares(trained["attention"], unseen)
    assert on_marked >= 0.8
    assert on_padding == 0.0
    assert trained["attention"].error(unseen) < 0.1


def test_without_a_mask_attention_is_led_astray_by_padding(trained, unseen) -> None:
    on_marked, on_padding = shares(trained["attention without a mask"], unseen)
    assert on_marked < shares(trained["attention"], unseen)[0] - 0.1
    assert on_padding > 0.1
    error = trained["attention without a mask"].error(unseen)
    assert error > 3 * trained["attention"].error(unseen)


def test_the_even_mean_knows_little_more_than_a_guess(trained, unseen) -> None:
    assert shares(trained["mean of all steps"], unseen)[0] < 0.2
    assert trained["mean of all steps"].error(unseen) > 0.9 * np.std(unseen.sums)


def test_padding_changes_no_answer_of_masked_attention(trained, unseen) -> None:
    emptied = unseen._replace(states=unseen.states * unseen.mask[..., None])
    masked, unmasked = trained["attention"], trained["attention without a mask"]
    assert np.array_equal(masked.answers(emptied), masked.answers(unseen))
    assert np.abs(unmasked.answers(emptied) - unmasked.answers(unseen)).max() > 0.1


def test_labels_are_sums_of_two_marked_steps() -> None:
    data = sequences(50, seed=3)
    assert np.all(data.marked.sum(axis=1) == 2)
    values = data.states[..., 0][data.marked].reshape(50, 2)
    assert data.sums == pytest.approx(values.sum(axis=1), abs=1e-6)
    assert np.any(data.states[..., 1][~data.mask] == 1)
    assert all(np.array_equal(x, y) for x, y in zip(data, sequences(50, seed=3), strict=True))


def test_a_drawing_is_darker_where_more_attention_lies() -> None:
    assert drawn(np.array([0.0, 0.05, 0.25, 0.7])) == " .+@"
