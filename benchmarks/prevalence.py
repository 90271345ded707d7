"""Coverage of the prevalence report's intervals, in worlds whose shares are known.

A world has N protocols. Some were read before the sample was drawn; after that active learning
picked what the model was least sure of, or the highest levels. The model errs mostly to the next
level and is less sure, though not always, where it errs. "held" is the share of runs in which the
95 % interval holds the share among these N, "width" half of its width. "plain" is the sample alone.
"""

from __future__ import annotations

import argparse
import itertools
from typing import Any, NamedTuple

import numpy as np

from benchmarks.tables import print_table
from cer_assist.cli.base import progress_bar
from cer_assist.statistics.prevalence import Read, Unread, prevalence

SHARES = (0.45, 0.25, 0.15, 0.12, 0.03)
STEPS, CHANCES = (-2, -1, 1, 2), (0.1, 0.4, 0.4, 0.1)
# Protocols, sample, read before the draw, read after it.
SIZES = ((300, 60, 30, 60), (1000, 60, 50, 150), (1000, 150, 50, 200), (3000, 300, 100, 600))
ACCURACIES = (0.5, 0.7, 0.9)
PICKS = ("doubt", "level")


class World(NamedTuple):
    """How a run is made."""

    protocols: int
    sampled: int
    before: int
    after: int
    accuracy: float
    picks: str


WORLDS = [
    World(*size, accuracy, picks)
    for size, accuracy, picks in itertools.product(SIZES, ACCURACIES, PICKS)
]


def main(argv: list[str]) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="bench prevalence")
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args(argv)
    rows, held = [], []
    with progress_bar("Simulating") as advance:
        for at, world in enumerate(WORLDS):
            advance(at / len(WORLDS), f"{world.protocols:,} protocols, {world.sampled} sampled")
            found = [run(world, seed) for seed in range(options.runs)]
            held.append(np.mean([one["held"] for one in found], axis=0))
            rows.append(_row(world, found))
    overall = ["all", "", "", "", *[f"{100 * share:.1f}" for share in np.mean(held, axis=0)]]
    header = ("protocols", "sampled", "accuracy", "picked by", *[f"held {k}" for k in range(1, 6)])
    print_table(
        f"95 % intervals of shares, {options.runs:,} runs each; true shares {SHARES}",
        (*header, "held 3+", "width 3+", "error 3+", "plain held 3", "plain width 3", "width 3"),
        [*rows, [*overall, "", "", "", "", ""]],
    )


def run(world: World, seed: int) -> dict[str, Any]:
    """One world: which intervals hold, of the five levels and of "3 and above"."""
    dice = np.random.default_rng([seed, *world[:4], round(100 * world.accuracy)])
    truth, said, doubt = _protocols(world, dice)
    order = dice.permutation(world.protocols)
    frame = order[world.before :]
    sample, rest = frame[: world.sampled], frame[world.sampled :]
    wish = doubt[rest] if world.picks == "doubt" else said[rest]
    rest = rest[np.argsort(-wish + 0.5 * dice.normal(size=len(rest)))]
    picked, left = rest[: world.after], rest[world.after :]
    counted = np.bincount(truth[[*order[: world.before], *picked]], minlength=5)
    read = Read(truth[sample], said[sample], doubt[sample])
    found = prevalence(counted, read, Unread(said[left], doubt[left]))
    figures = [*found["levels"], found["at_least"][2]]
    shares = np.bincount(truth, minlength=5) / world.protocols
    real = [*shares, shares[2:].sum()]
    return {
        "held": [_holds(one, share) for one, share in zip(figures, real, strict=True)],
        "width": [(one["high"] - one["low"]) / 2 for one in figures],
        "error": figures[-1]["value"] - real[-1],
        "plain": (_holds(found["plain"][2], shares[2]), _half(found["plain"][2])),
    }


def _protocols(world: World, dice: np.random.Generator) -> tuple[np.ndarray, ...]:
    truth = dice.choice(5, world.protocols, p=SHARES)
    right = dice.random(world.protocols) < world.accuracy
    step = dice.choice(STEPS, world.protocols, p=CHANCES)
    beside = np.where((truth + step < 0) | (truth + step > 4), truth - step, truth + step)
    said = np.where(right, truth, np.clip(beside, 0, 4))
    return truth, said, dice.normal(size=world.protocols) - right


def _holds(one: dict[str, float], share: float) -> bool:
    return one["low"] - 1e-9 <= share <= one["high"] + 1e-9


def _half(one: dict[str, float]) -> float:
    return (one["high"] - one["low"]) / 2


def _row(world: World, found: list[dict[str, Any]]) -> list[object]:
    held = np.mean([one["held"] for one in found], axis=0)
    width = np.mean([one["width"] for one in found], axis=0)
    plain = np.mean([one["plain"] for one in found], axis=0)
    return [
        f"{world.protocols:,}",
        world.sampled,
        world.accuracy,
        world.picks,
        *[f"{100 * share:.1f}" for share in held],
        f"{100 * width[-1]:.1f}",
        f"{100 * np.mean([one['error'] for one in found]):+.1f}",
        f"{100 * plain[0]:.1f}",
        f"{100 * plain[1]:.1f}",
        f"{100 * width[2]:.1f}",
    ]


if __name__ == "__main__":
    main([])
