"""simulate: what a strategy of choosing protocols would have cost, replayed on a labelled file.

Needs no database and no project. With --out every finished run is a line of that file, and a
simulation that was stopped goes on from there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.base import emit, home_option, json_option, progress_bar, settings_for
from cer_assist.cli.evaluate import MODEL_NAMES
from cer_assist.cli.label_files import read_levels
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric

if TYPE_CHECKING:
    from cer_assist.learning.simulation import Arena, Plan, Round

CEILING = "every label"
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@home_option
@json_option
@click.option("--data", type=_file, required=True, help="Labelled JSONL.")
@click.option("--labels", type=_file, help="CSV with protocol_id, coder and level.")
@click.option("--coder", default="final", show_default=True, help="Whose labels of that CSV.")
@click.option(
    "--strategy",
    "strategies",
    default="random,level_spread",
    show_default=True,
    help="Names with commas between; see docs/active-learning.md.",
)
@click.option("--model", type=click.Choice(MODEL_NAMES), default=DEFAULT_KIND, show_default=True)
@click.option("--start", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--batch", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--budget", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--seeds", type=click.IntRange(1, 1000), default=5, show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keeps every finished run; the same call goes on from there.",
)
def simulate_command(
    home: Path | None,
    as_json: bool,
    data: Path,
    labels: Path | None,
    coder: str,
    strategies: str,
    model: str,
    start: int,
    batch: int,
    budget: int,
    seeds: int,
    out: Path | None,
) -> None:
    """Replay active learning on labelled protocols: what a strategy would have cost."""
    from cer_assist.learning import simulation

    names = _names(strategies)
    plan = simulation.checked(simulation.Plan(model, start, batch, budget))
    with progress_bar("Simulating") as advance:
        arena = _arena(home, data, read_levels(labels, coder) if labels else None, advance)
        journal = Journal(out, {"data": _digest(arena), **asdict(plan)})
        runs: dict[str, list[list[Round]]] = {name: [] for name in names}
        ceilings = []
        for seed in range(seeds):
            for name in names:
                runs[name].append(_run(journal, arena, name, seed, plan, advance))
            ceilings += _run(journal, arena, CEILING, seed, plan, advance)
    found = simulation.summary(runs, ceilings)
    result = {
        "measured_on": _measured_on(arena, seeds),
        "model": model,
        "every_label": {
            "labels": ceilings[0].labels,
            "qwk": [one.measures["qwk"] for one in ceilings],
        },
        "strategies": found,
    }
    emit(as_json, result, *_table(result))


class Journal:
    """Finished runs in a file, one a line; those of another plan or other data are refused."""

    def __init__(self, path: Path | None, plan: dict[str, Any]):
        self._path, self._plan = path, plan
        self._known: dict[tuple[str, int], list[Any]] = {}
        if path is None or not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        # What was cut off while it was written is made again.
        whole = text[: text.rfind("\n") + 1]
        for row in map(json.loads, whole.splitlines()):
            if row["plan"] != plan:
                raise InvalidInput(
                    f"{path} has runs of another plan or other data: choose another file."
                )
            self._known[row["strategy"], row["seed"]] = row["rounds"]
        if whole != text:
            path.write_text(whole, encoding="utf-8")

    def find(self, strategy: str, seed: int) -> list[Any] | None:
        """The rounds of a finished run."""
        return self._known.get((strategy, seed))

    def add(self, strategy: str, seed: int, rounds: list[Any]) -> None:
        """Write a finished run down."""
        if self._path is None:
            return
        row = {"plan": self._plan, "strategy": strategy, "seed": seed, "rounds": rounds}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def _names(strategies: str) -> list[str]:
    from cer_assist.learning.strategies import STRATEGIES

    names = list(dict.fromkeys(name.strip() for name in strategies.split(",") if name.strip()))
    for name in names:
        if name not in STRATEGIES:
            raise InvalidInput(f"There is no strategy {name}: use {', '.join(STRATEGIES)}.")
    if not names:
        raise InvalidInput(f"Name a strategy: {', '.join(STRATEGIES)}.")
    return names


def _arena(home: Path | None, path: Path, levels: dict[str, int] | None, advance: Any) -> Arena:
    from cer_assist.learning import labelled
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.simulation import Arena

    settings = settings_for(home)
    data = labelled.read_labelled(path, levels)
    known = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    cache = FeatureCache(settings.features_folder, Encoder(settings.encoder_dir))
    rubric = labelled.rubric_for(known, data)
    return Arena.of(data, labelled.scale_of(data), cache, rubric, advance)


def _run(
    journal: Journal, arena: Arena, name: str, seed: int, plan: Plan, advance: Any
) -> list[Round]:
    """A strategy's rounds, or the one of every label; what is written down is not made again."""
    from cer_assist.learning.simulation import Round

    known = journal.find(name, seed)
    if known is not None:
        return [Round(*row) for row in known]
    if name == CEILING:
        rounds = [arena.ceiling(seed, plan)]
    else:
        rounds = arena.replay(name, seed, plan, advance)
    journal.add(name, seed, [list(one) for one in rounds])
    return rounds


def _digest(arena: Arena) -> str:
    """Of the texts and their levels: runs on other data are not the same runs."""
    digest = hashlib.sha256()
    for document, level in zip(arena.data.documents, arena.data.levels.tolist(), strict=True):
        digest.update(f"{document.key} {level}\n".encode())
    return digest.hexdigest()


def _measured_on(arena: Arena, seeds: int) -> str:
    return (
        f"{len(arena.data.levels)} protocols, {seeds} seeds; each time a fifth that was never "
        "chosen nor learnt, near-copies together"
    )


def _table(result: dict[str, Any]) -> list[str]:
    full = result["every_label"]
    lines = [
        f"{'strategy':18}{'mean QWK over labels':>28}{'ahead of random':>28}{'labels for 95 %':>28}"
    ]
    for name, row in result["strategies"].items():
        needed = row["labels_needed"]
        cells = [
            _cell(row["area"], "{:.3f}"),
            _cell(row.get("ahead_of_random"), "{:+.3f}"),
            f"{_cell(needed, '{:.0f}')}, {needed['reached']} of {needed['of']}",
        ]
        lines.append(f"{name:18}" + "".join(f"{cell:>28}" for cell in cells))
    mean = sum(full["qwk"]) / len(full["qwk"])
    lines.append(f"With every label ({full['labels']}): QWK {mean:.3f}.")
    return [*lines, f"On {result['measured_on']}; intervals of 95 % over seeds."]


def _cell(figure: dict[str, Any] | None, form: str) -> str:
    if figure is None or figure["value"] is None:
        return "-"
    value, low, high = (form.format(figure[name]) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
