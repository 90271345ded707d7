"""Many replayed projects side by side: each is one call that another process can make.

What a run needs is small (texts, levels, where the cached states are), so it is sent along; each
process keeps the readings in memory, for every round reads the same documents again. Finished runs
go into a journal, one a line: what was stopped goes on from there.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.learning.progress import Progress, silent
from cer_assist.learning.simulation import Arena, Plan, Round

CEILING = "every label"

Run = tuple[str, int]  # strategy and seed
Found = dict[Run, list[Round]]


class Journal:
    """Finished runs in a file, one a line; those of another plan or other data are refused."""

    def __init__(self, path: Path | None, plan: dict[str, Any]):
        self._path, self._plan = path, json.loads(json.dumps(plan))
        self.known: Found = {}
        if path is None or not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        # What was cut off while it was written is made again.
        whole = text[: text.rfind("\n") + 1]
        for row in map(json.loads, whole.splitlines()):
            if row["plan"] != self._plan:
                raise InvalidInput(
                    f"{path} has runs of another plan or other data: choose another file."
                )
            self.known[row["strategy"], row["seed"]] = [Round(*one) for one in row["rounds"]]
        if whole != text:
            path.write_text(whole, encoding="utf-8")

    def add(self, run: Run, rounds: Sequence[Round]) -> None:
        """Write a finished run down."""
        self.known[run] = list(rounds)
        if self._path is None:
            return
        row = {"plan": self._plan, "strategy": run[0], "seed": run[1], "rounds": rounds}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def replay_all(
    arena: Arena,
    plan: Plan,
    strategies: Sequence[str],
    seeds: int,
    executor: Executor,
    *,
    out: Path | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, list[list[Round]]], list[Round]]:
    """Every strategy with every seed, and the model that has all labels.

    Parameters
    ----------
    arena : Arena
    plan : Plan
    strategies : sequence of str
    seeds : int
        How many: 0, 1, 2, ...
    executor : Executor
        What the runs are spread over.
    out : Path, optional
        Keeps every finished run; with the same plan and data it is gone on from.
    progress : callable (share done, message)
        May raise to stop; what has not begun is then not begun.

    Returns
    -------
    runs : dict of strategy to list of rounds, one list a seed
    ceilings : list of Round, one a seed
    """
    journal = Journal(out, {"data": arena.digest(), **asdict(plan)})
    wanted = wanted_runs(strategies, seeds)
    todo = [run for run in wanted if run not in journal.known]
    for done, run, rounds in _as_they_come(arena, plan, todo, executor):
        journal.add(run, rounds)
        progress((len(wanted) - len(todo) + done) / len(wanted), f"{run[0]}, seed {run[1]}")
    return gathered(journal.known, strategies, seeds)


def wanted_runs(strategies: Sequence[str], seeds: int) -> list[Run]:
    """All runs, seed by seed: the first seed's figures come first."""
    return [(name, seed) for seed in range(seeds) for name in (*strategies, CEILING)]


def gathered(
    known: Found, strategies: Sequence[str], seeds: int
) -> tuple[dict[str, list[list[Round]]], list[Round]]:
    """Finished runs by strategy, and the models that have all labels, as `curves.summary` takes."""
    runs = {name: [known[name, seed] for seed in range(seeds)] for name in strategies}
    return runs, [known[CEILING, seed][0] for seed in range(seeds)]


def _as_they_come(
    arena: Arena, plan: Plan, todo: Sequence[Run], executor: Executor
) -> Iterator[tuple[int, Run, list[Round]]]:
    """How many are done, and the one that just was."""
    futures = {executor.submit(replay_one, arena, plan, *run): run for run in todo}
    try:
        for done, future in enumerate(as_completed(futures), 1):
            yield done, futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def replay_one(
    arena: Arena, plan: Plan, strategy: str, seed: int, progress: Progress = silent
) -> list[Round]:
    """One run, or the one round of every label; what another process calls."""
    if strategy == CEILING:
        return [arena.ceiling(seed, plan)]
    return arena.replay(strategy, seed, plan, progress)
