"""bench: the tables behind every claim of speed."""

from __future__ import annotations

import importlib
import sys

import click

from cer_assist.config import ROOT

TABLES = {
    "label-loop": "label_loop",
    "import": "import_",
    "train": "train",
    "sum-task": "sum_task",
    "learner": "learner",
    "stream": "stream",
    "cost": "cost",
    "deep": "deep",
    "words": "words",
    "stopping": "stopping",
    "explain": "explain",
    "active": "active",
    "peers": "peers",
    "loop": "loop",
    "label-errors": "label_errors",
    "desk": "desk",
    "prevalence": "prevalence",
    "export": "exports",
    "receivers": "receivers",
}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", type=click.Choice(list(TABLES)))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench_command(name: str, arguments: tuple[str, ...]) -> None:
    """Measure and print one table of benchmarks/."""
    sys.path.insert(0, str(ROOT))
    importlib.import_module(f"benchmarks.{TABLES[name]}").main(list(arguments))
