"""What is made of stored figures, as tables of cases."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from cer_assist.domain.precision import wilson
from cer_assist.views import model_figures
from cer_assist.views.model_figures import Cell


@pytest.mark.parametrize(("right", "n"), [(5, 10), (40, 50), (0, 5), (1, 1), (17, 404)])
def test_the_interval_of_a_share_is_the_one_that_scipy_computes(right: int, n: int) -> None:
    expected = binomtest(right, n).proportion_ci(method="wilson")
    found = wilson(right / n, n)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([5], "5"), ([5, 6], "5–6"), ([8, 2, 3, 4, 6, 7], "2–4, 6–8"), ([1, 3], "1, 3"), ([], "")],
)
def test_numbers_in_a_row_are_a_range(numbers: list[int], said: str) -> None:
    assert model_figures.spans(numbers) == said


def test_the_heat_of_a_cell_is_its_share_of_the_row() -> None:
    low, high = model_figures.grid({(0, 0): 90, (0, 1): 1}, (0, 1))
    assert low.cells == [Cell(0, 90, 9), Cell(1, 1, 1)]
    assert (low.total, high.total) == (91, 0)
    assert high.cells == [Cell(0, 0, 0), Cell(1, 0, 0)]


def test_a_confusion_follows_the_scale_wherever_it_begins() -> None:
    rows = model_figures.confusion({"confusion": [[3.0, 1.0, 0], [0, 2, 0], [0, 0, 0]]}, (0, 1, 2))
    assert rows is not None
    assert [[cell.count for cell in row.cells] for row in rows] == [[3, 1, 0], [0, 2, 0], [0] * 3]
    assert model_figures.confusion({}, (1, 2)) is None


def test_reliability_keeps_ranges_that_hold_protocols() -> None:
    def item(low: float, n: int) -> dict[str, float]:
        return {"low": low, "high": low + 0.1, "n": n, "confidence": low + 0.05, "accuracy": 0.5}

    before, after = [item(0.2, 10), item(0.4, 0)], [item(0.3, 10)]
    rows = model_figures.reliability({"reliability": {"before": before, "after": after}})
    assert rows is not None
    assert [(row.low, row.before is None, row.after is None) for row in rows] == [
        (0.2, False, True),
        (0.3, True, False),
    ]
    assert rows[0].before is not None
    assert rows[0].before.low < 0.5 < rows[0].before.high
    assert model_figures.reliability({}) is None


def test_labels_since_the_figures_are_counted_with_an_interval() -> None:
    found = model_figures.judged({"judged": {"n": 10, "right": 6}})
    assert found is not None
    assert (found.n, found.right, found.share) == (10, 6, 0.6)
    assert (found.low, found.high) == wilson(0.6, 10)
    assert model_figures.judged({"judged": {"n": 0, "right": 0}}) is None
    assert model_figures.judged({}) is None
