"""Every pair of near-copies in two splits is found, and no other: as if each were compared."""

from __future__ import annotations

import random

from cer_assist.domain.near_copies import PERCENT, across, runs


def some_texts(seed: int) -> dict[int, str]:
    """Texts of all lengths that share a template, sentences, rewritten copies, or nothing."""
    dice = random.Random(seed)
    sentences = [" ".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=9)) for _ in range(60)]
    template = " ".join(f"form{at}" for at in range(20))
    texts = [" ".join([template, *dice.sample(sentences, dice.randint(0, 20))]) for _ in range(150)]
    for at in range(30):  # a copy with words dropped
        words = texts[at].split()
        texts.append(" ".join(word for word in words if dice.random() > at / 60))
    return dict(enumerate([*texts, "", "", "one", "ONE!", "one two"]))


def test_exactly_the_pairs_that_comparing_all_would_give() -> None:
    for seed in range(3):
        texts = some_texts(seed)
        dice = random.Random(seed)
        split_of = {key: dice.choice(["train", "test", "fenced"]) for key in texts}
        runs_of = {key: runs(text) for key, text in texts.items()}
        sets = {key: set(own) for key, own in runs_of.items()}
        wanted = [
            (one, other)
            for one in texts
            for other in texts
            if one < other
            and split_of[one] != split_of[other]
            and 100 * len(sets[one] & sets[other]) >= PERCENT * len(sets[one] | sets[other])
        ]
        assert across(runs_of, split_of) == wanted
        assert 100 < len(wanted) < len(texts) ** 2 / 4


def test_case_and_punctuation_tell_nothing_apart() -> None:
    assert runs("One, two; THREE four.") == runs("one two three FOUR")
    assert len(runs("one two three four")) == 2
