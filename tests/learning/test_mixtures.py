"""Shares of a batch as tables of cases."""

import pytest

from cer_assist.domain.errors import InvalidInput
from cer_assist.learning.mixtures import parse, quotas, split_names

KNOWN = ("a", "b", "c")


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("a", {"a": 1.0}),
        ("mix:a=1", {"a": 1.0}),
        ("mix:a=.5,b=.25,c=.25", {"a": 0.5, "b": 0.25, "c": 0.25}),
        ("mix: c = .9 , a = .1", {"c": 0.9, "a": 0.1}),
    ],
)
def test_a_name_or_a_mixture_is_read(name: str, shares: dict[str, float]) -> None:
    assert parse(name, KNOWN) == shares


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("d", "There is no strategy d: use a, b, c, or a mixture such as"),
        ("mix:a=.5,d=.5", "There is no strategy d"),
        ("mix:", "There is no strategy"),
        ("mix:a=.5,a=.5", "names a twice"),
        ("mix:a=.5,b=.4", r"add up to 0\.9, not to 1"),
        ("mix:a", "'a' is no share of a mixture"),
        ("mix:a=much", "'a=much' is no share"),
        ("mix:a=nan", "'a=nan' is no share"),
        ("mix:a=1.5,b=-.5", r"'a=1\.5' is no share"),
        ("mix:a=1,b=0", "'b=0' is no share"),
    ],
)
def test_a_fault_is_named(name: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault):
        parse(name, KNOWN)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("a", ["a"]),
        ("a, b,a,,", ["a", "b"]),
        ("mix:a=.5,b=.5", ["mix:a=.5,b=.5"]),
        ("a,mix:a=.5, b=.5,c", ["a", "mix:a=.5, b=.5", "c"]),
        (" ", []),
    ],
)
def test_commas_part_names_but_not_mixtures(names: str, found: list[str]) -> None:
    assert split_names(names) == found


@pytest.mark.parametrize(
    ("shares", "batch", "places"),
    [
        ({"a": 1.0}, 7, [7]),
        ({"a": 0.5, "b": 0.25, "c": 0.25}, 8, [4, 2, 2]),
        ({"a": 0.5, "b": 0.25, "c": 0.25}, 10, [5, 3, 2]),  # a tie: the first named
        ({"a": 0.6, "b": 0.3, "c": 0.1}, 10, [6, 3, 1]),  # .1 has no exact binary fraction
        ({"a": 0.1, "b": 0.1, "c": 0.8}, 3, [0, 0, 3]),
        ({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, 2, [1, 1, 0]),
        ({"a": 0.5, "b": 0.5}, 0, [0, 0]),
    ],
)
def test_shares_are_kept_to_rounding(
    shares: dict[str, float], batch: int, places: list[int]
) -> None:
    assert list(quotas(shares, batch).values()) == places
