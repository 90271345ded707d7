from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.errors import Cancelled
from cer_assist.learning.batches import (
    BATCH_DOCUMENTS,
    batches_by_length,
    pad,
    shuffled_batches,
)
from cer_assist.learning.inference import inference
from cer_assist.learning.network import joint_fit, unit_variance
from cer_assist.learning.readings import Reading
from cer_assist.learning.views.attention import HEADS, AttentionNetwork
from cer_assist.learning.views.networks import FittedNetwork
from tests.learning.shared import a_reading

LEVELS, TOKENS = 3, 60_000


def planted(count: int = 60, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Documents of noise with one marked state that tells the level."""
    generator = np.random.default_rng(seed)
    levels = generator.integers(0, LEVELS, count)
    documents = []
    for level in levels:
        states = generator.normal(0, 12, (generator.integers(5, 30), 64)).round()
        states[generator.integers(len(states))] = 0
        states[0, :LEVELS] = 0
        states[generator.integers(len(states)), level] = 127
        documents.append(states.clip(-127, 127).astype(np.int8))
    return documents, levels


def of(states: np.ndarray) -> Reading:
    """A document whose words are one piece each."""
    return replace(a_reading(range(len(states))), states=states)


def trained(documents, levels, weights, *, seed: int = 0, epochs: int = 8):
    return joint_fit(AttentionNetwork, len(weights), LEVELS).fit(
        documents, levels, weights, AttentionNetwork.start(LEVELS, seed),
        epochs=epochs, seed=seed, progress=lambda share: None,
    )  # fmt: skip


def test_training_finds_the_word_that_tells_the_level() -> None:
    documents, levels = planted(120)
    [weights] = trained(documents, levels, np.ones((1, 120)), epochs=25)
    fresh, truth = planted(60, seed=1)
    seen = list(FittedNetwork(AttentionNetwork, weights).look([of(row) for row in fresh]))
    predicted = [(found.logits > 0).sum() for found in seen]
    assert np.mean(predicted == truth) > 0.9
    on_mark = [
        found.attention[(row[:, :LEVELS] == 127).any(axis=1)].sum()
        for found, row in zip(seen, fresh, strict=True)
    ]
    assert np.median(on_mark) > 0.4


def test_a_document_of_weight_zero_leaves_no_trace_in_a_network() -> None:
    documents, levels = planted(20)
    weights = np.ones((2, 20))
    weights[0, :5] = 0
    changed = np.where(np.arange(20) < 5, (levels + 1) % LEVELS, levels)
    first = trained(documents, levels, weights)
    second = trained(documents, changed, weights)
    assert all(np.array_equal(first[0][name], second[0][name]) for name in first[0])
    assert any(not np.array_equal(first[1][name], second[1][name]) for name in first[1])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    documents, levels = planted(20)
    one, again, other = (
        trained(documents, levels, np.ones((1, 20)), seed=seed)[0] for seed in (3, 3, 4)
    )
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["logits.kernel"], other["logits.kernel"])


def test_training_can_be_stopped() -> None:
    documents, levels = planted(20)

    def stop(share: float) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        joint_fit(AttentionNetwork, 1, LEVELS).fit(
            documents, levels, np.ones((1, 20)), AttentionNetwork.start(LEVELS, 0),
            epochs=5, seed=0, progress=stop,
        )  # fmt: skip


def test_inference_is_the_network_with_those_weights_and_its_derivative() -> None:
    documents, _ = planted(6)
    weights = AttentionNetwork.start(LEVELS, seed=5)
    weights["logits.kernel"] = weights["logits.kernel"] * 30
    net = AttentionNetwork(LEVELS)
    for name, variable in net.named().items():
        variable.assign(weights[name])
    padded, mask = pad(documents)
    direct = net(unit_variance(padded), mask=mask).numpy()
    run = inference(AttentionNetwork, LEVELS)
    logits, attention, _, pooled, jacobian = run.ask("look", weights, padded, mask)
    assert logits == pytest.approx(direct, abs=1e-5)
    assert run.logits(weights, padded, mask) == pytest.approx(direct, abs=1e-5)
    assert attention.shape == (len(documents), HEADS, padded.shape[1])
    assert attention.sum(axis=2) == pytest.approx(np.ones((len(documents), HEADS)), abs=1e-5)
    step = np.zeros_like(pooled)
    step[:, 1, 7] = 1e-2
    up, down = (net.head(pooled + sign * step).numpy() for sign in (1, -1))
    assert (up - down) / 2e-2 == pytest.approx(jacobian[:, :, 1, 7], abs=1e-3)


def test_an_empty_document_pools_to_zeros() -> None:
    [found] = FittedNetwork(AttentionNetwork, AttentionNetwork.start(LEVELS, 0)).look(
        [a_reading([])]
    )
    assert found.contributions.shape == (LEVELS - 1, 0)
    assert np.all(np.isfinite(found.logits))


@given(st.lists(st.integers(0, 50_000), min_size=1, max_size=200), st.integers(0, 9))
def test_batches_hold_every_document_once_within_their_limits(
    lengths: list[int], seed: int
) -> None:
    for batches in (
        batches_by_length(lengths, TOKENS),
        shuffled_batches(lengths, np.random.default_rng(seed), TOKENS),
    ):
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
        for batch in batches:
            assert 0 < len(batch) <= BATCH_DOCUMENTS
            tokens = len(batch) * max(lengths[at] for at in batch)
            assert tokens <= TOKENS or len(batch) == 1
