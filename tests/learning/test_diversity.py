"""Look-alikes stand apart, as far as there is anything else to put between them."""

import numpy as np
import pytest

from cer_assist.learning.diversity import spread_out


def directions(*angles: float) -> np.ndarray:
    turned = np.radians(np.array(angles))
    return np.stack([np.cos(turned), np.sin(turned)], axis=1)


@pytest.mark.parametrize(
    ("angles", "order", "apart", "expected"),
    [
        # Of six pairs the one of 0 and 1 is far nearer than all others.
        ((0, 1, 60, 120), [0, 1, 2, 3], 1, [0, 2, 1, 3]),
        ((0, 1, 60, 120), [0, 1, 2, 3], 2, [0, 2, 3, 1]),
        ((0, 1, 60, 120), [0, 1, 2, 3], 9, [0, 2, 3, 1]),  # nothing else is left: it comes
        ((0, 60, 120, 1), [0, 1, 2, 3], 2, [0, 1, 2, 3]),  # far enough as they are
        ((0, 1, 60, 120), [2, 1, 0], 1, [2, 1, 0]),  # nothing to put between them
    ],
)
def test_look_alikes_make_way(
    angles: tuple[float, ...], order: list[int], apart: int, expected: list[int]
) -> None:
    found = spread_out(np.array(order), directions(*angles), apart)
    assert found.tolist() == expected


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50])
def test_nothing_is_lost(n: int) -> None:
    generator = np.random.default_rng(n)
    features = generator.normal(size=(n, 4))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    order = generator.permutation(n)
    assert sorted(spread_out(order, features).tolist()) == list(range(n))


def test_copies_everywhere_change_nothing() -> None:
    order = np.arange(5)
    assert spread_out(order, directions(0, 0, 0, 0, 0)).tolist() == order.tolist()
