"""What is kept of how a view came to be what it is."""

from typing import Any

import numpy as np
import pytest

from cer_assist.domain.model_kinds import SOLVED_AT_ONCE
from cer_assist.learning.course import CHECKPOINTS, DOCUMENTS, checkpoints, told_of
from cer_assist.learning.views import VIEWS
from cer_assist.learning.views.networks import FittedNetwork
from cer_assist.learning.views.sentences import FittedSentences
from tests.learning.planted import TAUGHT, fitted, planted

NETWORKS = ["attention", "embedding", "hierarchical"]


@pytest.mark.parametrize(
    ("steps", "kept"),
    [(1, {1}), (3, {1, 2, 3}), (5, {1, 2, 3, 4, 5}), (15, {1, 4, 8, 12, 15}), (0, set())],
)
def test_checkpoints_are_evenly_spaced_and_end_with_the_last(steps: int, kept: set[int]) -> None:
    assert checkpoints(steps) == kept


@pytest.mark.parametrize("count", [0, 1, DOCUMENTS, DOCUMENTS + 1, 1000])
def test_a_course_is_told_of_different_documents_and_of_few(count: int) -> None:
    some = told_of(range(count))
    assert len(some) == len(set(some)) == min(count, DOCUMENTS)


def learnt(name: str, **changes: Any) -> FittedNetwork | FittedSentences:
    view = fitted(name, *planted(40, seed=0), **changes)
    assert isinstance(view, FittedNetwork | FittedSentences)
    return view


@pytest.mark.parametrize("name", [*NETWORKS, "sentences"])
def test_a_course_leads_to_what_was_learnt(name: str) -> None:
    readings, view = planted(40, seed=0)[0], learnt(name)
    steps = sorted(view.course)
    assert 1 < len(steps) <= CHECKPOINTS
    first, last = view.course[steps[0]], view.course[steps[-1]]
    assert last.logits(readings) == pytest.approx(view.logits(readings), abs=1e-5)
    assert np.abs(first.logits(readings) - view.logits(readings)).max() > 0.5
    assert last.course == {}


@pytest.mark.parametrize("name", TAUGHT)
def test_what_has_no_course_is_what_pages_call_solved_at_once(name: str) -> None:
    readings, levels = planted(12, seed=0)
    assert hasattr(fitted(name, readings, levels), "course") is (name not in SOLVED_AT_ONCE)


@pytest.mark.parametrize("name", [*NETWORKS, "sentences"])
def test_what_learns_on_or_was_read_back_has_none(name: str) -> None:
    view = learnt(name)
    assert learnt(name, start=view).course == {}
    assert vars(VIEWS[name].load(view.arrays()))["course"] == {}
