"""Who is dealt what: a table of cases, and what holds for any protocols, coders and chance."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cer_assist.domain.dealing import By, Candidate, Coder, deal

ANA, BEN, CLEO = 1, 2, 3
SEEDS = st.text(max_size=4)
ALL = frozenset({ANA, BEN, CLEO})


def of(pairs: list[tuple[int, int]]) -> dict[int, list[int]]:
    """Protocols by coder."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for protocol, coder in pairs:
        found[coder].append(protocol)
    return {coder: sorted(protocols) for coder, protocols in found.items()}


@pytest.mark.parametrize(
    ("candidates", "rooms", "by", "expected"),
    [
        pytest.param([], {ANA: 9}, By.random, {}, id="nothing to deal"),
        pytest.param([Candidate(7, 1)], {}, By.random, {}, id="nobody to deal to"),
        pytest.param([Candidate(7, 0)], {ANA: 9}, By.random, {}, id="wants nobody"),
        pytest.param(
            [Candidate(7, 2)], {ANA: 9, BEN: 9}, By.random, {ANA: [7], BEN: [7]}, id="wants two"
        ),
        pytest.param([Candidate(7, 3)], {ANA: 9}, By.random, {ANA: [7]}, id="never twice to one"),
        pytest.param(
            [Candidate(7, 1, frozenset({ANA}))],
            {ANA: 9, BEN: 9},
            By.random,
            {BEN: [7]},
            id="not to whom answered it",
        ),
        pytest.param(
            [Candidate(7, 1), Candidate(8, 1)],
            {ANA: 1, BEN: 1},
            By.hand,
            {ANA: [7], BEN: [7]},
            id="by hand: to each, up to their room",
        ),
        pytest.param(
            [Candidate(7, 0), Candidate(8, 1, frozenset({BEN}))],
            {ANA: 9, BEN: 9},
            By.hand,
            {ANA: [7, 8], BEN: [7]},
            id="by hand: whatever it wants, but not again",
        ),
        pytest.param(
            [Candidate(n, 1, known_to=frozenset({ANA})) for n in (1, 2)] + [Candidate(3, 1)],
            {ANA: 9, BEN: 9},
            By.tags,
            {ANA: [1, 2], BEN: [3]},
            id="to who knows it, the rest to who has least",
        ),
        pytest.param(
            [Candidate(n, 1, known_to=frozenset({ANA})) for n in (1, 2)],
            {ANA: 1, BEN: 9},
            By.tags,
            "one each",
            id="knowing is no obligation",
        ),
    ],
)
def test_a_deal(
    candidates: list[Candidate], rooms: dict[int, int], by: By, expected: dict[int, list[int]] | str
) -> None:
    found = of(deal(candidates, [Coder(*one) for one in rooms.items()], by, "seed"))
    if expected == "one each":
        assert {coder: len(protocols) for coder, protocols in found.items()} == {ANA: 1, BEN: 1}
    elif by is By.hand and rooms[ANA] == 1:  # which one is chance, but the same for both
        assert found[ANA] == found[BEN]
        assert len(found[ANA]) == 1
    else:
        assert found == expected


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Candidate], list[Coder]]:
    """Any protocols and coders."""
    people = st.frozensets(st.sampled_from(sorted(ALL)))
    candidates = [
        Candidate(key, draw(st.integers(0, 3)), draw(people), draw(st.sampled_from("ab")), known)
        for key, known in enumerate(draw(st.lists(people, max_size=12)))
    ]
    return candidates, [Coder(key, draw(st.integers(0, 6))) for key in sorted(ALL)]


@given(tables(), st.sampled_from(By), SEEDS)
def test_nobody_gets_one_twice_or_one_they_had_or_more_than_their_room(
    table: tuple[list[Candidate], list[Coder]], by: By, seed: str
) -> None:
    candidates, coders = table
    pairs = deal(candidates, coders, by, seed)
    assert len(set(pairs)) == len(pairs)
    by_key = {one.key: one for one in candidates}
    assert not any(coder in by_key[protocol].not_for for protocol, coder in pairs)
    counts = Counter(coder for _, coder in pairs)
    assert all(counts[coder.key] <= coder.room for coder in coders)
    if by is not By.hand:
        readers = Counter(protocol for protocol, _ in pairs)
        assert all(readers[one.key] <= one.wants for one in candidates)
    assert deal(candidates, coders, by, seed) == pairs


@given(tables(), st.sampled_from(By), SEEDS)
def test_nothing_stays_that_someone_could_read(
    table: tuple[list[Candidate], list[Coder]], by: By, seed: str
) -> None:
    candidates, coders = table
    pairs = deal(candidates, coders, by, seed)
    counts = Counter(coder for _, coder in pairs)
    readers = of([(coder, protocol) for protocol, coder in pairs])
    for one in candidates:
        got = readers.get(one.key, [])
        free = [c.key for c in coders if c.key not in one.not_for and counts[c.key] < c.room]
        assert by is By.hand or len(got) >= one.wants or set(free) <= set(got)


@given(st.lists(st.integers(1, 3), max_size=30), st.sampled_from([By.random, By.tags]), SEEDS)
def test_everyone_gets_as_many(wants: list[int], by: By, seed: str) -> None:
    candidates = [Candidate(key, wanted) for key, wanted in enumerate(wants)]
    pairs = deal(candidates, [Coder(key, 999) for key in ALL], by, seed)
    counts = Counter(coder for _, coder in pairs)
    assert max(counts[key] for key in ALL) - min(counts[key] for key in ALL) <= 1


@given(st.lists(st.sampled_from("abc"), max_size=40), SEEDS)
def test_by_stratum_everyone_gets_the_same_mix(strata: list[str], seed: str) -> None:
    candidates = [Candidate(key, 1, stratum=name) for key, name in enumerate(strata)]
    pairs = deal(candidates, [Coder(key, 999) for key in ALL], By.stratum, seed)
    for name in set(strata):
        counts = Counter(coder for protocol, coder in pairs if strata[protocol] == name)
        assert max(counts[key] for key in ALL) - min(counts[key] for key in ALL) <= 1


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_by_stratum_a_few_are_of_the_mix_of_all(seed: str) -> None:
    strata = ["law"] * 60 + ["nursing"] * 30 + ["surgery"] * 10
    candidates = [Candidate(key, 1, stratum=name) for key, name in enumerate(strata)]
    pairs = deal(candidates, [Coder(ANA, 10), Coder(BEN, 10)], By.stratum, seed)
    counts = Counter(strata[protocol] for protocol, _ in pairs)
    assert counts == {"law": 12, "nursing": 6, "surgery": 2}


def test_another_seed_deals_otherwise_and_one_protocol_less_changes_little() -> None:
    candidates = [Candidate(key, 1) for key in range(60)]
    coders = [Coder(key, 10) for key in ALL]
    chosen = [{p for p, _ in deal(candidates, coders, By.random, seed)} for seed in ("a", "b")]
    assert chosen[0] != chosen[1]
    gone = min(chosen[0])
    less = {p for p, _ in deal(candidates[:gone] + candidates[gone + 1 :], coders, By.random, "a")}
    assert len(chosen[0] - less) == 1
