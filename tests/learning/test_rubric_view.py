"""The part of the rubric view that reads the rubric; the rest is held to what all views promise."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.domain.rubric import parse_rubric
from cer_assist.learning.features import directions
from cer_assist.learning.progress import silent
from cer_assist.learning.readings import Reading
from cer_assist.learning.rubric_texts import directions_of, rubric_texts
from cer_assist.learning.views import VIEWS, Fitted, Problem
from tests.learning.shared import a_reading

RUBRIC = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"))
TEXTS = rubric_texts(RUBRIC)
# Every text of the rubric points elsewhere; the first 64 numbers are those of the words' states.
POINTS = np.linalg.qr(np.random.default_rng(0).normal(size=(384, len(TEXTS))))[0].T


def read_texts(texts: Sequence[str]) -> list[Reading]:
    known = [text.text for text in TEXTS]
    return [
        replace(a_reading([1]), sentence_states=directions(POINTS[[known.index(text)]]))
        for text in texts
    ]


PROBLEM = Problem(levels=5, seed=0, read=read_texts, rubric=RUBRIC)


def planted(count: int, seed: int) -> tuple[list[Reading], np.ndarray]:
    """Four sentences of indifferent words, one of which means what the rubric says of the level."""
    generator = np.random.default_rng(seed)
    levels = np.arange(count) % 5
    return [a_planted(int(level), generator) for level in levels], levels


def a_planted(level: int, generator: np.random.Generator) -> Reading:
    made = a_reading(generator.integers(1, 30, 20).tolist(), seed=int(generator.integers(1 << 30)))
    sentences = generator.normal(0, 0.05, (4, 384))
    place = generator.integers(4)
    point = POINTS[generator.choice([at for at, text in enumerate(TEXTS) if text.level == level])]
    sentences[place] += point
    states = generator.normal(0, 9, (20, 64))
    states[5 * place : 5 * place + 2] += 600 * point[:64]  # two of its five words carry it
    states = np.clip(states, -127, 127).astype(np.int8)
    return replace(made, states=states, sentence_states=directions(sentences))


def fitted(problem: Problem = PROBLEM) -> Fitted:
    readings, levels = planted(200, seed=1)
    view = VIEWS["rubric"]
    return view.fit(readings, levels, problem, start=None, epochs=None, progress=silent)


@pytest.fixture(scope="module")
def learnt() -> Fitted:
    return fitted()


def right(model: Fitted) -> float:
    readings, levels = planted(60, seed=2)
    return float(np.mean((model.logits(readings) > 0).sum(axis=1) == levels))


def test_what_only_the_rubric_tells_is_learnt_from_it(learnt: Fitted) -> None:
    assert right(learnt) > 0.8
    assert right(fitted(replace(PROBLEM, rubric=None))) < 0.4  # by chance one in five


def test_definitions_includes_examples_and_cues_of_all_levels_are_read() -> None:
    assert {text.level for text in TEXTS} == {0, 1, 2, 3, 4}
    assert {text.kind for text in TEXTS} == {"definition", "include", "example", "cue"}
    assert not {text.text for text in TEXTS} & set(RUBRIC.level(3).exclude)
    found = directions_of([text.text for text in TEXTS], read_texts)
    assert np.allclose(found, POINTS, atol=0.01)


def test_a_text_of_several_sentences_points_to_their_middle() -> None:
    pair = replace(a_reading([1]), sentence_states=directions(POINTS[:2]))
    [found] = directions_of(["two"], lambda texts: [pair])
    assert found @ POINTS[0] == pytest.approx(2**-0.5, abs=0.01)
    assert np.linalg.norm(found) == pytest.approx(1.0)


def test_the_telling_sentence_is_shown_and_its_loss_is_felt(learnt: Fitted) -> None:
    readings, levels = planted(60, seed=3)
    top = [reading for reading, level in zip(readings, levels, strict=True) if level == 4]
    assert np.allclose([seen.logits for seen in learnt.look(top)], learnt.logits(top), atol=1e-4)
    shown = []
    for reading, seen in zip(top, learnt.look(top), strict=True):
        own = [at for at, text in enumerate(TEXTS) if text.level == 4]
        telling = (reading.sentence_states @ POINTS[own].T).max(axis=1).argmax()
        by_sentence = np.bincount(reading.sentences, np.abs(seen.contributions).sum(axis=0))
        shown.append(by_sentence.argmax() == telling)
        left, same = seen.without(
            np.stack([reading.sentences == telling, np.zeros(len(reading.words), bool)])
        )
        assert left.sum() < seen.logits.sum()
        assert np.allclose(same, seen.logits, atol=1e-5)
    assert np.mean(shown) > 0.7


def test_arrays_hold_all_of_it(learnt: Fitted) -> None:
    readings, _ = planted(10, seed=4)
    again = VIEWS["rubric"].load({name: array.copy() for name, array in learnt.arrays().items()})
    assert np.array_equal(again.logits(readings), learnt.logits(readings))


def test_no_label_of_a_fold_has_a_say_in_what_is_said_of_it() -> None:
    readings, levels = planted(60, seed=5)
    fold_of = np.arange(60) // 5 % 4
    changed = np.where(fold_of == 1, (levels + 1) % 5, levels)
    before, after = (
        VIEWS["rubric"].hold_out(readings, labels, fold_of, [0, 1], PROBLEM, silent).logits
        for labels in (levels, changed)
    )
    assert np.array_equal(before[fold_of == 1], after[fold_of == 1])
    assert not np.array_equal(before[fold_of == 0], after[fold_of == 0])
