import numpy as np
import pytest

from cer_assist.explain.columns import winners
from cer_assist.explain.gradients import RULES, gradient_times_input, integrated_gradients
from cer_assist.learning.ordinal import level_probabilities
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.networks import FittedNetwork
from tests.learning.planted import LEVELS, SIGNS, fitted, planted

NETWORKS = ["attention", "bilstm", "embedding", "hierarchical", "maxpool", "self_attention"]


@pytest.fixture(scope="module")
def learnt() -> dict[str, FittedNetwork]:
    readings, levels = planted(150, seed=0)
    found = {}
    for name in NETWORKS:
        network = fitted(name, readings, levels)
        assert isinstance(network, FittedNetwork)
        found[name] = network
    return found


@pytest.fixture(scope="module")
def unread() -> tuple[list[Reading], np.ndarray]:
    return planted(12, seed=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_all_words_add_up_to_what_the_document_has_beyond_the_baseline(
    name: str, learnt, unread
) -> None:
    for reading in unread[0]:
        found = integrated_gradients(learnt[name], reading)
        assert found.contributions.shape == (LEVELS - 1, len(reading.words))
        assert np.all(found.gap <= 1e-2)
        [logits] = learnt[name].logits([reading])
        nothing = learnt[name].slopes(*emptied(learnt[name], reading))[0][0]
        assert found.moved == pytest.approx(logits - nothing, abs=1e-4)


def emptied(network: FittedNetwork, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    states, mask = network.states_of(reading)
    return np.zeros_like(states), mask


@pytest.mark.parametrize("rule", RULES)
def test_more_steps_come_nearer_and_any_baseline_will_do(rule: str, learnt, unread) -> None:
    baseline = np.full(64, 0.5, np.float32)
    network, reading = learnt["attention"], unread[0][0]
    few, many = (
        integrated_gradients(network, reading, baseline=baseline, steps=steps, rule=rule)
        for steps in (2, 200)
    )
    assert many.gap.max() <= 1e-3
    assert many.gap.max() < few.gap.max()


def test_steps_and_rules_that_make_no_sense_are_refused(learnt, unread) -> None:
    with pytest.raises(ValueError, match="gauss-legendre, trapezoid"):
        integrated_gradients(learnt["attention"], unread[0][0], rule="simpson")
    with pytest.raises(ValueError, match="2 steps or more"):
        integrated_gradients(learnt["attention"], unread[0][0], steps=1)


@pytest.mark.parametrize("name", NETWORKS)
def test_slopes_agree_with_finite_differences(name: str, learnt, unread) -> None:
    network = learnt[name]
    generator = np.random.default_rng(0)
    states, mask = network.states_of(unread[0][0])
    _, slopes = network.slopes(states, mask)
    for _ in range(5):
        aside = (generator.normal(size=states.shape) * mask[..., None]).astype(np.float32)
        step = 2e-3
        up, down = (network.slopes(states + sign * step * aside, mask)[0] for sign in (1, -1))
        told = (slopes[:, 0] * aside[0]).reshape(LEVELS - 1, -1).sum(axis=1)
        assert (up - down)[0] / (2 * step) == pytest.approx(told, rel=0.05, abs=0.02)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_word_that_tells_the_level_adds_most(name: str, learnt, unread) -> None:
    first = []
    for reading, level in zip(*unread, strict=True):
        for adds in (
            integrated_gradients(learnt[name], reading).contributions,
            gradient_times_input(learnt[name], reading),
        ):
            edges = np.pad(adds, ((1, 1), (0, 0)))
            first.append(reading.keys[(edges[level] - edges[level + 1]).argmax()] == SIGNS[level])
    assert np.mean(first) > 0.6


def test_for_a_largest_of_each_column_both_are_the_same(learnt, unread) -> None:
    """The largest of scaled states is the scaled largest: only the last layer bends the way."""
    network, reading = learnt["maxpool"], unread[0][0]
    both = [
        integrated_gradients(network, reading).contributions,
        gradient_times_input(network, reading),
    ]
    assert np.corrcoef(both[0].ravel(), both[1].ravel())[0, 1] > 0.9


def test_every_column_names_its_winner_and_what_it_adds(learnt, unread) -> None:
    network, reading = learnt["maxpool"], unread[0][0]
    states, mask = network.states_of(reading)
    found = winners(network, reading)
    assert found.values == pytest.approx(states[0].max(axis=0))
    for column in range(0, len(found.words), 7):
        assert states[0, reading.place[found.words[column]], column] == found.values[column]
    lower = states.copy()
    lower[0, :, :10] = np.minimum(lower[0, :, :10], 0.99 * found.values[:10])
    before, after = (log_odds(network.slopes(these, mask)[0]) for these in (states, lower))
    told = 0.01 * found.contributions[:, :10].sum(axis=1)
    assert before - after == pytest.approx(told, rel=0.1, abs=1e-3)


def log_odds(logits: np.ndarray) -> np.ndarray:
    [levels] = level_probabilities(logits.astype(float))
    return np.log(levels / (1 - levels))
