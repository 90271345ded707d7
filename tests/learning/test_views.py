from dataclasses import replace

import numpy as np
import pytest

from cer_assist.learning.progress import silent
from cer_assist.learning.readings import without
from cer_assist.learning.views import VIEWS, Fitted
from cer_assist.learning.views.words import best_epochs, common_words, rows_of
from tests.learning.planted import LEVELS, PROBLEM, SIGNS, TAUGHT, fitted, planted
from tests.learning.shared import a_reading

COUNTED = ("lexical", "rubric", "meaning", "sentences")  # no networks
# States of the first, sentences of the others are made with the words in place.
EXACT = sorted(set(TAUGHT) - {"bilstm", "meaning", "sentences"})


@pytest.fixture(scope="module")
def learnt() -> dict[str, Fitted]:
    readings, levels = planted(150, seed=0)
    return {name: fitted(name, readings, levels) for name in TAUGHT}


@pytest.mark.parametrize("name", TAUGHT)
def test_it_finds_the_words_that_tell_the_level_and_says_so(name: str, learnt) -> None:
    readings, levels = planted(45, seed=1)
    logits = learnt[name].logits(readings)
    assert np.all(np.diff(logits, axis=1) <= 0)
    assert np.mean((logits > 0).sum(axis=1) == levels) > 0.9
    looks = list(learnt[name].look(readings))
    assert np.allclose([seen.logits for seen in looks], logits, atol=1e-4)
    found = []
    for reading, level, seen in zip(readings, levels, looks, strict=True):
        assert seen.attention.shape == (len(reading.words),)
        assert seen.contributions.shape == (LEVELS - 1, len(reading.words))
        assert seen.attention.min() >= 0
        assert seen.attention.sum() <= 1 + 1e-4
        edges = np.pad(seen.contributions, ((1, 1), (0, 0)))
        towards = edges[level] - edges[level + 1]  # raises "above the one below", lowers "above"
        found.append(reading.keys[towards.argmax()] == SIGNS[level])
    assert np.mean(found) > 0.6  # a Bi-LSTM tells its neighbours; by chance one in six


@pytest.mark.parametrize("name", EXACT)
def test_without_some_words_it_says_what_it_says_of_the_document_without_them(
    name: str, learnt
) -> None:
    readings, _ = planted(3, seed=2)
    for reading, seen in zip(readings, learnt[name].look(readings), strict=True):
        removed = np.random.default_rng(0).random((4, len(reading.words))) < 0.4
        again = learnt[name].logits([without(reading, row) for row in removed])
        assert np.allclose(seen.without(removed), again, atol=1e-3)


@pytest.mark.parametrize("name", TAUGHT)
def test_without_the_telling_word_less_is_known(name: str, learnt) -> None:
    readings, levels = planted(30, seed=4)
    top = [
        (r, seen)
        for r, level, seen in zip(readings, levels, learnt[name].look(readings), strict=True)
        if level == LEVELS - 1
    ]
    for reading, seen in top:
        [left] = seen.without((reading.keys == SIGNS[-1])[None])
        assert left.sum() < seen.logits.sum()


@pytest.mark.parametrize("name", TAUGHT)
def test_what_it_learnt_is_arrays_from_which_it_answers_the_same(name: str, learnt) -> None:
    readings, _ = planted(9, seed=5)
    arrays = learnt[name].arrays()
    assert all(array.dtype != object for array in arrays.values())
    again = VIEWS[name].load({key: array.copy() for key, array in arrays.items()})
    assert np.array_equal(again.logits(readings), learnt[name].logits(readings))


@pytest.mark.parametrize("name", TAUGHT)
def test_a_document_without_words_is_no_trouble(name: str, learnt) -> None:
    [seen] = learnt[name].look([a_reading([])])
    assert np.all(np.isfinite(seen.logits))
    assert seen.contributions.shape == (LEVELS - 1, 0)
    assert np.allclose(seen.without(np.zeros((2, 0), bool)), seen.logits, atol=1e-4)


@pytest.mark.parametrize("name", TAUGHT)
def test_the_same_seed_learns_the_same_and_earlier_weights_are_continued_from(
    name: str, learnt
) -> None:
    readings, levels = planted(150, seed=0)
    fresh, _ = planted(9, seed=6)
    said = learnt[name].logits(fresh)
    assert np.array_equal(fitted(name, readings, levels).logits(fresh), said)
    if name not in COUNTED:  # they have one solution, wherever it starts
        more = fitted(name, readings, levels, start=learnt[name]).logits(fresh)
        assert not np.array_equal(more, said)
        assert np.mean((more > 0).sum(axis=1) == np.arange(9) % LEVELS) > 0.8


@pytest.mark.parametrize("name", TAUGHT)
def test_no_label_of_a_fold_has_a_say_in_what_is_said_of_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name not in COUNTED:  # one epoch: which is taken depends on all other folds' models
        network = vars(VIEWS[name])["network"]
        monkeypatch.setattr(network, "schedule", replace(network.schedule, epochs=1))
    readings, levels = planted(40, seed=7)
    fold_of = np.arange(40) % 4
    changed = np.where(fold_of == 1, (levels + 1) % LEVELS, levels)
    before, after = (
        VIEWS[name].hold_out(readings, labels, fold_of, [0, 1], PROBLEM, silent).logits
        for labels in (levels, changed)
    )
    assert np.array_equal(before[fold_of == 1], after[fold_of == 1])
    assert not np.array_equal(before[fold_of == 0], after[fold_of == 0])
    assert np.all(np.isnan(before[fold_of > 1]))


def test_of_the_epochs_that_is_taken_which_did_best_on_the_other_folds() -> None:
    levels = np.tile([0, 1, 2], 20)
    fold_of = np.repeat([0, 1, 2], 20)
    right = np.where(levels[:, None] > np.arange(2), 2.0, -2.0)
    noise = np.tile([0.1, -0.1], (60, 1))
    logits = np.stack([noise, right, noise])
    logits[2, fold_of == 1] = 3 * right[fold_of == 1]  # would be chosen if it judged itself
    found = best_epochs(logits, levels, fold_of)
    assert found.epochs == 2
    assert np.array_equal(found.logits, right)


def test_a_vocabulary_has_words_of_two_documents_and_one_row_for_all_others() -> None:
    first, second = a_reading([7, 3, 7]), a_reading([3, 9])
    keys = common_words([first, second])
    assert keys.tolist() == [3]
    assert rows_of(first, keys).tolist() == [0, 1, 0]
    assert rows_of(a_reading([5]), common_words([a_reading([5])])).tolist() == [1]
    assert rows_of(first, np.array([], np.uint64)).tolist() == [0, 0, 0]


def test_function_words_have_a_say_where_words_are_learnt_but_are_never_shown() -> None:
    """The level is told by a word that is no content word, such as "not"."""
    generator = np.random.default_rng(0)
    levels = np.arange(120) % 2
    readings = []
    for level in levels:
        content = generator.integers(1, 20, 10)
        spoken = np.insert(content, 4, 50 + level).astype(np.uint64)
        place = np.delete(np.arange(11), 4).astype(np.int32)
        readings.append(replace(a_reading(content.tolist()), spoken=spoken, place=place))
    for name, hears in (("embedding", True), ("maxpool", True), ("lexical", False)):
        model = VIEWS[name].fit(
            readings, levels, replace(PROBLEM, levels=2), start=None, epochs=None, progress=silent
        )
        right = np.mean((model.logits(readings)[:, 0] > 0) == levels)
        assert (right == 1.0) == hears, name
        seen = next(iter(model.look(readings[:1])))
        assert seen.contributions.shape == (1, 10)
