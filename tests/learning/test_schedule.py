"""When to learn on and when to fit anew: a table of cases, and what the alarm hears."""

import numpy as np
import pytest

from cer_assist.learning.memory import HeldOut, Judged, Memory, excess, held_out, judge
from cer_assist.learning.schedule import ALARM, Since, why_in_full
from tests.learning.shared import a_text


@pytest.mark.parametrize(
    ("since", "why"),
    [
        (Since(100, 100), ""),
        (Since(100, 249), ""),
        (Since(100, 250), "labels have grown from 100 to 250"),
        (Since(6, 14), ""),
        (Since(6, 15), "labels have grown from 6 to 15"),
        (Since(100, 105, changed=1), "1 of the labels it had learnt have changed"),
        (Since(100, 105, alarm=ALARM), ""),
        (Since(100, 105, alarm=ALARM + 0.1), "new labels contradict it more than chance would"),
        (Since(100, 105, alarm=-9.0), ""),
    ],
)
def test_when_everything_is_fitted_anew(since: Since, why: str) -> None:
    assert why_in_full(since) == why


def drawn(probabilities: np.ndarray, seed: int) -> np.ndarray:
    """Levels that come as often as the probabilities say."""
    generator = np.random.default_rng(seed)
    return (generator.random(len(probabilities))[:, None] > probabilities.cumsum(axis=1)).sum(
        axis=1
    )


def some_probabilities(count: int, sureness: float, seed: int = 0) -> np.ndarray:
    free = np.exp(sureness * np.random.default_rng(seed).normal(size=(count, 5)))
    return free / free.sum(axis=1, keepdims=True)


def a_memory(**since: float) -> Memory:
    said = some_probabilities(300, 3.0)
    judged = Judged(**since)  # type: ignore[arg-type]
    return Memory((("a", 0), ("b", 1)), 2, held_out(said, drawn(said, 1)), judged)


def test_one_label_that_was_held_impossible_does_not_deafen_the_alarm() -> None:
    """A level between answers that fall together has no probability at all."""
    sure = np.tile([0.0, 0.9, 0.0, 0.1, 0.0], (40, 1))
    levels = np.ones(40, int)
    levels[0] = 2
    contradicted = judge(sure[:10], sure[:10].argmax(axis=1), np.full(10, 3))
    assert held_out(sure, levels).alarm(contradicted.excess / 10, 10) > ALARM


def test_what_the_model_is_unsure_of_raises_no_alarm_but_contradiction_does() -> None:
    """Coders are given uncertain protocols: their labels surprise it more, as it expects."""
    memory, alarms, loud = a_memory(), [], []
    for seed in range(200):
        unsure = some_probabilities(10, 0.3, seed)
        labels = drawn(unsure, 1000 + seed)
        assert excess(unsure, labels).mean() < 0.5
        alarms.append(memory.alarm(judge(unsure, labels, labels)))
        sure = some_probabilities(10, 3.0, seed)
        loud.append(memory.alarm(judge(sure, labels, (sure.argmax(axis=1) + 2) % 5)))
    plain = -np.log(some_probabilities(10, 0.3)).mean()
    assert plain > memory.held_out.surprise  # told by surprise alone, these would look like drift
    assert np.mean(np.array(alarms) > ALARM) < 0.02
    assert np.mean(np.array(loud) > ALARM) > 0.98


def test_small_contradictions_add_up() -> None:
    usual = HeldOut(n=300, surprise=1.0, excess=0.0, deviation=0.8)
    batch = Judged(n=5, right=2, excess=5 * 0.6)
    alone = Memory((), 100, usual, Judged())
    after = Memory((), 100, usual, Judged(n=30, right=12, excess=30 * 0.6))
    assert alone.alarm(batch) < ALARM < after.alarm(batch)
    assert after.alarm(Judged()) == 0.0  # nothing new: nothing to hear


def test_what_is_new_changed_and_gone_is_known_without_the_texts() -> None:
    one, other, third = (a_text(text) for text in ("one", "other", "third"))
    memory = Memory((("one", 0), ("other", 1), ("other", 2)), 3, HeldOut(3, 1.0, 0.0, 1.0))
    again = Memory.from_json(memory.as_json())
    assert again == memory
    assert memory.is_new([one, third]).tolist() == [False, True]
    assert (memory.gone([one, other, other]), memory.gone([one, other])) == (0, 1)
    assert memory.changed([one, other, other, third], np.array([0, 1, 2, 4])) == 0
    assert memory.changed([one, other, other], np.array([3, 2, 1])) == 1
