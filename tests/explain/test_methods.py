"""Which words come first, by what they and their neighbours add and where readers would mark."""

from collections.abc import Sequence

import numpy as np
import pytest

from cer_assist.explain.attribution import Attribution
from cer_assist.explain.methods import METHODS, methods_for
from cer_assist.learning.calibration import Blend
from tests.learning.shared import a_reading


def a_document(adds: Sequence[float], expected: Sequence[float] | None = None) -> Attribution:
    """Ten words in two sentences, looked at alike; what each adds to the second of two levels."""
    return Attribution(
        reading=a_reading([7] * 10),
        probabilities=np.array([0.5, 0.5]),
        decided_by=np.array([0.5, 0.5]),
        attention=np.full(10, 0.1),
        contributions=np.stack([-np.array(adds), np.array(adds)]),
        expected=None if expected is None else np.array(expected),
        is_one_network=False,
        _blend=Blend((1.0,), 1.0),
        _seen=(),
        _views=(),
    )


def test_a_word_among_words_that_speak_for_a_level_is_part_of_their_passage() -> None:
    seen = a_document([3, -0.1, 3, 0, 0, 0, 0, 0, 0, -1])
    found = METHODS["attended"](seen, 1)
    assert found[:5].min() > 0  # the whole sentence, the one word that adds nothing included
    assert found[0] > found[3] > found[1]
    assert (found[5:] <= 0).all()  # the next sentence
    assert found[9] == -1  # what speaks against it keeps what it adds
    single = METHODS["single"](seen, 1)
    assert single == pytest.approx([0.3, -0.1, 0.3, 0, 0, 0, 0, 0, 0, -1])


def test_words_come_first_that_readers_would_mark_but_only_such_as_speak_for_the_level() -> None:
    expected = [0.0, 0.1, 0.1, 0.1, 0.1, 0.6, 0.0, 0.0, 0.0, 0.0]
    adds = [1, 1, 1, 1, 1, -1, 0, 0, 0, 0]
    plain, taught = (METHODS["attended"](a_document(adds, e), 1) for e in (None, expected))
    assert plain.argmax() == 0
    assert taught.argmax() == 1
    assert taught[0] == 0
    assert taught[5] == plain[5] == -1
    assert METHODS["in_passages"](a_document(adds, expected), 1) == pytest.approx(plain)


def test_without_marks_what_they_would_change_is_not_measured_twice() -> None:
    plain, taught = a_document([1] * 10), a_document([1] * 10, [0.1] * 10)
    assert methods_for(taught).keys() - methods_for(plain).keys() == {"in_passages", "supervised"}
    assert "integrated" not in methods_for(taught)
