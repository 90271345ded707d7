"""simulate: what a strategy of choosing protocols would have cost, replayed on a labelled file.

Needs no database and no project. With --out every finished run is a line of that file, and a
simulation that was stopped goes on from there.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.base import emit, home_option, json_option, progress_bar, settings_for
from cer_assist.cli.evaluate import MODEL_NAMES
from cer_assist.cli.label_files import read_levels
from cer_assist.compute import executor
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.model_kinds import DEFAULT_KIND
from cer_assist.domain.rubric import parse_rubric

if TYPE_CHECKING:
    from cer_assist.learning.simulation import Arena

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
    help="Names with commas between, or mix:NAME=SHARE,…; see docs/active-learning.md.",
)
@click.option("--model", type=click.Choice(MODEL_NAMES), default=DEFAULT_KIND, show_default=True)
@click.option("--start", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--batch", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--budget", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--seeds", type=click.IntRange(1, 1000), default=5, show_default=True)
@click.option(
    "--confusion",
    type=_file,
    help="CSV of how coders err: a row of counts for each true level, a column for each given.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes side by side (default: cores)."
)
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
    confusion: Path | None,
    workers: int | None,
    out: Path | None,
) -> None:
    """Replay active learning on labelled protocols: what a strategy would have cost."""
    from cer_assist.learning.curves import summary
    from cer_assist.learning.replays import replay_all
    from cer_assist.learning.simulation import Plan, checked

    names = _names(strategies)
    errors = _numbers(confusion) if confusion else None
    plan = checked(Plan(model, start, batch, budget, errors))
    with progress_bar("Simulating") as advance, executor(workers) as spread:
        arena = _arena(home, data, read_levels(labels, coder) if labels else None, advance)
        runs, ceilings = replay_all(arena, plan, names, seeds, spread, out=out, progress=advance)
    result = {
        "measured_on": _measured_on(arena, seeds),
        "model": model,
        "every_label": {
            "labels": ceilings[0].labels,
            "qwk": [one.measures["qwk"] for one in ceilings],
        },
        "strategies": summary(runs, ceilings),
    }
    emit(as_json, result, *_table(result))


def _numbers(path: Path) -> tuple[tuple[float, ...], ...]:
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return tuple(tuple(map(float, row)) for row in csv.reader(file) if row)
        except ValueError as error:
            raise InvalidInput(f"{path.name} has to be nothing but numbers: {error}.") from error


def _names(strategies: str) -> list[str]:
    from cer_assist.learning.mixtures import parse, split_names
    from cer_assist.learning.strategies import STRATEGIES

    names = split_names(strategies)
    for name in names:
        parse(name, STRATEGIES)
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


def _measured_on(arena: Arena, seeds: int) -> str:
    return (
        f"{len(arena.data.levels)} protocols, {seeds} seeds; each time a fifth that was never "
        "chosen nor learnt, near-copies together"
    )


def _table(result: dict[str, Any]) -> list[str]:
    full = result["every_label"]
    heads = (
        "mean QWK over labels",
        "ahead of random",
        "macro-F1 ahead",
        "labels for 95 %",
        "of what random needs",
    )
    lines = [f"{'strategy':18}" + "".join(f"{head:>26}" for head in heads)]
    for name, row in result["strategies"].items():
        cells = [
            _cell(row["area"], "{:.3f}"),
            _cell(row.get("ahead_of_random"), "{:+.3f}"),
            _cell(row.get("macro_f1_ahead_of_random"), "{:+.3f}"),
            _cell(row["labels_needed"]["95%"], "{:.0f}"),
            _cell(row.get("of_random", {}).get("95%"), "{:.0%}"),
        ]
        lines.append(f"{name:18}" + "".join(f"{cell:>26}" for cell in cells))
    mean = sum(full["qwk"]) / len(full["qwk"])
    lines.append(f"With every label ({full['labels']}): QWK {mean:.3f}.")
    return [*lines, f"On {result['measured_on']}; intervals of 95 % over seeds."]


def _cell(figure: dict[str, Any] | None, form: str) -> str:
    if figure is None or figure["value"] is None:
        return "-"
    value, low, high = (
        form.format(figure[name]) if figure[name] is not None else "more"
        for name in ("value", "low", "high")
    )
    return f"{value} ({low} to {high})"
