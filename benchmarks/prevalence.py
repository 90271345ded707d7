"""Coverage of the prevalence report's intervals, in worlds whose shares are known.

A world has N protocols. Some were read before the sample was drawn; after that active learning
picked what the model was least sure of, or the highest levels. The model errs mostly to the next
level and is less sure, though not always, where it errs. "held" is the share of runs in which the
95 % interval holds the share among these N, "half" half of its width in points. A mark says where
no interval could do it in each project: * fewer than five of the level are expected in the sample,
' fewer than five of it are left to be found, " fewer than four of the model's errors about it
are expected in the sample, as its readings are weighted.

Groups differ in their shares and in how often the model is right; each stands on its own readings.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.tables import print_table
from cer_assist.cli.base import progress_bar
from cer_assist.compute import executor
from cer_assist.statistics.prevalence import (
    FEW,
    FEW_ERRORS,
    FEWEST,
    Read,
    Unread,
    by_group,
    errors_seen,
    prevalence,
    weights_of,
)

SHARES = (0.45, 0.25, 0.15, 0.12, 0.03)
STEPS, CHANCES = (-2, -1, 1, 2), (0.1, 0.4, 0.4, 0.1)
# Protocols, sample, read before the draw, read after it.
SIZES = ((300, 60, 30, 60), (1000, 60, 50, 150), (1000, 150, 50, 200), (3000, 300, 100, 600))
ACCURACIES = (0.5, 0.7, 0.9)
PICKS = ("doubt", "level")
# Of all protocols, with the shares of levels and what is added to the accuracy there.
GROUPS = (
    (0.45, SHARES, 0.0),
    (0.25, (0.25, 0.25, 0.25, 0.15, 0.10), -0.1),
    (0.18, (0.60, 0.20, 0.10, 0.05, 0.05), 0.1),
    (0.12, (0.35, 0.35, 0.15, 0.10, 0.05), 0.0),
)
FIGURES = np.column_stack((np.eye(5), np.arange(5) >= 2))  # five levels and "3 and above"
CHUNK = 100


class World(NamedTuple):
    """How a run is made."""

    protocols: int
    sampled: int
    before: int
    after: int
    accuracy: float
    picks: str
    shares: tuple[float, ...] = SHARES


WORLDS = [
    World(*size, accuracy, picks)
    for size, accuracy, picks in itertools.product(SIZES, ACCURACIES, PICKS)
]
# No choice of the method was made on these.
FRESH = [
    World(*size, accuracy, picks, shares)
    for shares, size, accuracy, picks in itertools.product(
        ((0.6, 0.2, 0.1, 0.06, 0.04), (0.2, 0.2, 0.2, 0.2, 0.2), (0.1, 0.2, 0.3, 0.25, 0.15)),
        ((500, 80, 40, 100), (2000, 200, 100, 400), (8000, 400, 200, 1500)),
        (0.6, 0.8),
        PICKS,
    )
]
# The smallest group has about 22, 36 and 60 readings.
GROUPED = [
    World(protocols, sampled, 100, 500, 0.7, picks)
    for (protocols, sampled), picks in itertools.product(
        ((1500, 180), (2000, 300), (3000, 500)), PICKS
    )
]


def main(argv: list[str]) -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(prog="bench prevalence")
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args(argv).runs
    of_groups = runs // 2  # each has four groups
    jobs = [
        (world, grouped, seed, min(CHUNK, count - seed))
        for worlds, grouped, count in ((WORLDS + FRESH, False, runs), (GROUPED, True, of_groups))
        for world in worlds
        for seed in range(0, count, CHUNK)
    ]
    found: dict[tuple[World, bool], list[dict[str, Any]]] = {}
    with executor() as pool, progress_bar("Simulating") as advance:
        for at, (job, some) in enumerate(zip(jobs, pool.map(several, jobs), strict=True)):
            found.setdefault(job[:2], []).extend(some)
            advance((at + 1) / len(jobs), f"{job[0].protocols:,} protocols")
    groups = {world: found[world, True] for world in GROUPED}
    _print_worlds("Worlds", {world: found[world, False] for world in WORLDS}, runs)
    _print_worlds("Fresh worlds", {world: found[world, False] for world in FRESH}, runs)
    _print_groups(groups, of_groups)


def several(job: tuple[World, bool, int, int]) -> list[dict[str, Any]]:
    """Some runs of a world, of the whole or by groups; for an executor."""
    world, grouped, seed, runs = job
    if not grouped:
        return [run(world, one) for one in range(seed, seed + runs)]
    return [one for at in range(seed, seed + runs) for one in run_groups(world, at)]


def run(world: World, seed: int) -> dict[str, Any]:
    """One world: which intervals hold, of the five levels and of "3 and above"."""
    dice = np.random.default_rng([seed, *world[:4], round(100 * world.accuracy)])
    truth, said, doubt = protocols_of(world.protocols, world.shares, world.accuracy, dice)
    parts = _parts(world, said, doubt, dice)
    counted, read, unread = _as_known(parts, truth, said, doubt)
    found = prevalence(counted, read, unread)
    return judged(found, truth, truth[parts[2]], _errors(read, unread))


def run_groups(world: World, seed: int) -> list[dict[str, Any]]:
    """One world of groups; those of too few readings are told nothing and left out."""
    dice = np.random.default_rng([seed, *world[:4], len(GROUPS)])
    sizes = [round(part * world.protocols) for part, _, _ in GROUPS]
    made = [
        protocols_of(size, shares, world.accuracy + more, dice)
        for size, (_, shares, more) in zip(sizes, GROUPS, strict=True)
    ]
    truth, said, doubt = (np.concatenate(column) for column in zip(*made, strict=True))
    group = np.repeat(np.arange(len(GROUPS)), sizes)
    parts = _parts(world, said, doubt, dice)
    picked, sample, left = parts
    _, read, unread = _as_known(parts, truth, said, doubt)
    known = np.concatenate((picked, sample))
    counted = [_levels(truth[known[group[known] == at]]) for at in range(len(GROUPS))]
    found = by_group(counted, read, group[sample], unread, group[left])
    return [
        judged(
            one,
            truth[group == at],
            truth[left[group[left] == at]],
            _errors(read.where(group[sample] == at), unread.where(group[left] == at)),
        )
        | {"group": at}
        for at, one in enumerate(found)
        if one["levels"]
    ]


def judged(
    found: dict[str, Any], truth: np.ndarray, left: np.ndarray, errors: np.ndarray
) -> dict[str, Any]:
    """Of five levels and "3 and above": whether the interval holds the share, and its width."""
    figures = [*found["levels"], found["at_least"][2]]
    shares = _levels(truth) / len(truth)
    real = [*shares, shares[2:].sum()]
    return {
        "held": [
            one["low"] - 1e-9 <= share <= one["high"] + 1e-9
            for one, share in zip(figures, real, strict=True)
        ],
        "half": [(one["high"] - one["low"]) / 2 for one in figures],
        "few": [one["few"] for one in figures],
        "few_errors": [one["few_errors"] for one in figures],
        "sampled": found["sampled"],
        "share": real,
        "left": [*_levels(left), (left >= 2).sum()],
        "errors": errors,
        "error": figures[-1]["value"] - real[-1],
    }


def protocols_of(
    count: int, shares: Sequence[float], accuracy: float, dice: np.random.Generator
) -> tuple[np.ndarray, ...]:
    truth = dice.choice(5, count, p=shares)
    right = dice.random(count) < accuracy
    step = dice.choice(STEPS, count, p=CHANCES)
    beside = np.where((truth + step < 0) | (truth + step > 4), truth - step, truth + step)
    said = np.where(right, truth, np.clip(beside, 0, 4))
    return truth, said, dice.normal(size=count) - right


def _parts(
    world: World, said: np.ndarray, doubt: np.ndarray, dice: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which were read without the sample, are the sample, are left."""
    order = dice.permutation(len(said))
    frame = order[world.before :]
    sample, rest = frame[: world.sampled], frame[world.sampled :]
    wish = doubt[rest] if world.picks == "doubt" else said[rest]
    rest = rest[np.argsort(-wish + 0.5 * dice.normal(size=len(rest)))]
    picked = np.concatenate([order[: world.before], rest[: world.after]])
    return picked, sample, rest[world.after :]


def _as_known(
    parts: tuple[np.ndarray, np.ndarray, np.ndarray],
    truth: np.ndarray,
    said: np.ndarray,
    doubt: np.ndarray,
) -> tuple[np.ndarray, Read, Unread]:
    picked, sample, left = parts
    read = Read(np.eye(5)[truth[sample]], said[sample], doubt[sample])
    counted = _levels(truth[picked]) + _levels(truth[sample])
    return counted, read, Unread(said[left], doubt[left])


def _errors(read: Read, unread: Unread) -> np.ndarray:
    return errors_seen(FIGURES, read, weights_of(read, unread))


def _levels(truth: np.ndarray) -> np.ndarray:
    return np.bincount(truth, minlength=5)


def _print_worlds(what: str, found: dict[World, list[dict[str, Any]]], runs: int) -> None:
    header = ("shares", "N", "sample", "accuracy", "picked by", "1", "2", "3", "4", "5", "3+")
    print_table(
        f"{what}: 95 % intervals held in % of {runs:,} runs; shares of levels in %",
        (*header, "half 5", "half 3+", "error 3+"),
        [
            [
                " ".join(f"{100 * share:.0f}" for share in world.shares),
                *(f"{world.protocols:,}", world.sampled, world.accuracy, world.picks),
                *(*_held(some), _points(some, "half", 4), _points(some, "half", 5)),
                f"{100 * np.mean([one['error'] for one in some]):+.1f}",
            ]
            for world, some in found.items()
        ],
    )
    _print_summary(what, found.values())


def _print_groups(found: dict[World, list[dict[str, Any]]], runs: int) -> None:
    rows, cells = [], []
    for world, everything in found.items():
        for at, (part, _, _) in enumerate(GROUPS):
            some = [one for one in everything if one["group"] == at]
            cells.append(some)
            read = f"{np.mean([one['sampled'] for one in some]):.0f}"
            told = f"{100 * len(some) / runs:.0f}"
            protocols = f"{round(part * world.protocols):,}"
            rows.append([world.picks, protocols, read, told, *_held(some)])
            rows[-1] += [_points(some, "half", 5)]
    print_table(
        f"Groups, each by itself: held in % of the runs in which {FEWEST} of its sample were read",
        ("picked by", "protocols", "readings", "told", "1", "2", "3", "4", "5", "3+", "half 3+"),
        rows,
    )
    _print_summary("Groups", cells)


def _held(some: list[dict[str, Any]]) -> list[str]:
    """How often each figure's interval held, marked where it could not hold 95 of 100."""
    held = np.mean([one["held"] for one in some], axis=0)
    return [f"{100 * share:.1f}{mark}" for share, mark in zip(held, marks(some), strict=True)]


def marks(some: list[dict[str, Any]]) -> list[str]:
    """Of each figure, why no interval could hold it in 95 of 100 projects; mostly empty."""
    share, left, errors = (
        np.mean([one[key] for one in some], axis=0) for key in ("share", "left", "errors")
    )
    expected = share * np.mean([one["sampled"] for one in some])
    return [
        "*" if of_it < FEW else "'" if rest < FEW else '"' if wrong < FEW_ERRORS else ""
        for of_it, rest, wrong in zip(expected, left, errors, strict=True)
    ]


def _points(some: list[dict[str, Any]], key: str, at: int) -> str:
    return f"{100 * np.mean([one[key][at] for one in some]):.1f}"


def _print_summary(what: str, cells: Iterable[list[dict[str, Any]]]) -> None:
    """Over all figures: those without a mark, and as the page itself tells them apart."""
    cells = list(cells)
    enough = [
        float(share)
        for some in cells
        for share, mark in zip(
            np.mean([one["held"] for one in some], axis=0), marks(some), strict=True
        )
        if not mark
    ]
    within = sum(0.93 <= share <= 0.97 for share in enough)
    error = math.sqrt(0.95 * 0.05 / min(len(some) for some in cells))
    print(
        f"{what}: of {len(enough)} figures without a mark {within} held in 93 to 97 %, all in "
        f"{100 * min(enough):.1f} to {100 * max(enough):.1f}, on average "
        f"{100 * np.mean(enough):.1f}; standard error of one {100 * error:.1f}"
    )
    held = np.array([one["held"] for some in cells for one in some])
    few, few_errors = (
        np.array([one[key] for some in cells for one in some]) for key in ("few", "few_errors")
    )
    for says, those in (
        ("says nothing", ~few & ~few_errors),
        ("says “too few”", few),
        ("says “few errors”", few_errors & ~few),
    ):
        print(
            f"  where the page {says}: held in {100 * held[those].mean():.1f} % of {those.sum():,}"
        )


if __name__ == "__main__":
    main([])
