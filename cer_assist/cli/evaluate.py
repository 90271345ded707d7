"""evaluate: any model on any labelled file, on splits that leak nothing.

Needs no database and no project; the home folder only keeps the encoded texts between calls.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.cli.base import emit, home_option, json_option, progress_bar, settings_for
from cer_assist.cli.faithfulness import faithfulness_lines, with_faithfulness
from cer_assist.cli.label_files import read_levels, read_quotes
from cer_assist.domain.model_kinds import DEFAULT_KIND, MODEL_KINDS, READ_NO_STATES
from cer_assist.domain.rubric import parse_rubric

if TYPE_CHECKING:
    from cer_assist.learning.features import FeatureCache

MODEL_NAMES = (*MODEL_KINDS, "tfidf_lr")
NEED_NO_STATES = READ_NO_STATES | {"tfidf_lr"}
UNTAUGHT_NAMES = ("cold_start", "cue_words")
DECODING_NAMES = ("between", "median", "mode", "mean")
SHOWN = ("accuracy", "macro_f1", "qwk", "mae", "ece")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@home_option
@json_option
@click.option("--data", type=_file, help="Labelled JSONL to cross-validate on.")
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True)
@click.option("--repeats", type=click.IntRange(1, 50), default=1, show_default=True)
@click.option("--train", type=_file, help="Labelled JSONL to learn from.")
@click.option("--test", type=_file, help="Labelled JSONL to be tested on.")
@click.option("--labels", type=_file, help="CSV with protocol_id, coder and level.")
@click.option("--coder", default="final", show_default=True, help="Whose labels of that CSV.")
@click.option(
    "--model",
    "models",
    type=click.Choice([*MODEL_NAMES, *UNTAUGHT_NAMES, "all"]),
    multiple=True,
    default=[DEFAULT_KIND],
    show_default=True,
    help="May be repeated: the first is compared with each other one, pair by pair. cold_start and "
    "cue_words learn from no label; all is every other.",
)
@click.option("--n-train", type=click.IntRange(min=0), help="Learn from so many protocols only.")
@click.option(
    "--rubric",
    type=_file,
    help="YAML, for models that read it. Default: the program's own, for protocols on its scale.",
)
@click.option(
    "--decoding",
    type=click.Choice(DECODING_NAMES),
    help="The level a distribution stands for: its middle, its peak, its mean, or what lies "
    "between middle and mean, which is the default; tfidf_lr takes the peak, cold_start the mean.",
)
@click.option(
    "--faithfulness",
    is_flag=True,
    help="Measure the highlighted words too: whether suggestions rest on them, and with --labels "
    "whether they are those that the coder marked as evidence.",
)
@click.option(
    "--evidence",
    is_flag=True,
    help="With --faithfulness and --labels: let models learn where coders mark their evidence, "
    "and measure the words with and without that.",
)
def evaluate_command(
    home: Path | None,
    as_json: bool,
    data: Path | None,
    folds: int,
    repeats: int,
    train: Path | None,
    test: Path | None,
    labels: Path | None,
    coder: str,
    models: tuple[str, ...],
    n_train: int | None,
    rubric: Path | None,
    decoding: str | None,
    faithfulness: bool,
    evidence: bool,
) -> None:
    """Measure a model: --data with cross-validation, or --train with --test."""
    if bool(data) == bool(train or test) or bool(train) != bool(test):
        raise click.UsageError("give either --data, or --train together with --test")
    if evidence and not (faithfulness and labels):
        raise click.UsageError("--evidence needs --faithfulness and --labels")
    levels = read_levels(labels, coder) if labels else None
    quotes = None
    if faithfulness:
        quotes = read_quotes(labels, coder) if labels else {}
    names = MODEL_NAMES if "all" in models else tuple(dict.fromkeys(models))
    with progress_bar("Evaluating") as advance:
        how: dict[str, Any] = {"n_train": n_train, "decoding": decoding, "progress": advance}
        needs_states = faithfulness or not NEED_NO_STATES.issuperset(names)
        cache = _open_cache(home, needs_states=needs_states)
        if data:
            how |= {"folds": folds, "repeats": repeats}
            result = _measure(names, [data], levels, cache, rubric, how, quotes, evidence)
        elif train and test:
            result = _measure(names, [train, test], levels, cache, rubric, how, quotes, evidence)
    _compare(result)
    emit(as_json, result, *_table(result), *faithfulness_lines(result))


def _open_cache(home: Path | None, *, needs_states: bool) -> FeatureCache:
    """Without the encoder where no model looks at what it says: encoding takes minutes."""
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache, WordCache

    settings = settings_for(home)
    kind = FeatureCache if needs_states else WordCache
    return kind(settings.features_folder, Encoder(settings.encoder_dir))


def _measure(
    names: tuple[str, ...],
    files: list[Path],
    levels: dict[str, int] | None,
    cache: FeatureCache,
    rubric: Path | None,
    how: dict[str, Any],
    quotes: dict[str, str] | None,
    evidence: bool,
) -> dict[str, Any]:
    """Cross-validate on one file, or learn from the first of two and test on the second.

    With quotes, of which there may be none, the words are measured too; as evidence, models learn
    from those of the documents that they are trained on.
    """
    from cer_assist.learning import evaluation, labelled

    parts = [labelled.read_labelled(path, levels) for path in files]
    scale = labelled.scale_of(*parts)
    path = rubric or DEFAULT_RUBRIC
    known = parse_rubric(path.read_text(encoding="utf-8"), path.name)
    how["rubric"] = known if rubric else labelled.rubric_for(known, *parts)
    # First of all, so that no model is charged for it in its seconds.
    cache.encode([document for part in parts for document in part.documents], how["progress"])
    measure: Any = evaluation.cross_validate if len(parts) == 1 else evaluation.train_and_test
    if quotes is None:
        return {name: measure(name, *parts, scale, cache, **how) for name in names}
    marks = [labelled.read_marked(path, quotes) for path in files]
    if evidence:
        parts = [part.with_marks(found) for part, found in zip(parts, marks, strict=True)]
    return {
        name: with_faithfulness(
            partial(measure, name, *parts, scale, cache, **how), parts[-1], marks[-1], scale, cache
        )
        for name in names
    }


def _compare(result: dict[str, Any]) -> None:
    """Say of each model how far the first one is ahead of it; drop what that was made from."""
    from cer_assist.learning import evaluation

    first = next(iter(result))
    for name, row in result.items():
        if name != first:
            row["ahead"] = {first: evaluation.ahead(result[first], row)}
    for row in result.values():
        del row["truth"], row["predicted"]


def _table(result: dict[str, Any]) -> list[str]:
    lines = [f"{'model':14}" + "".join(f"{name:>24}" for name in SHOWN)]
    for model, row in result.items():
        cells = [_cell(row[name], row["intervals"][name]) for name in SHOWN]
        lines.append(f"{model:14}" + "".join(f"{cell:>24}" for cell in cells))
    lines += [line for model, row in result.items() for line in _ahead(model, row)]
    return [*lines, f"on {next(iter(result.values()))['measured_on']}; 95 % intervals"]


def _ahead(model: str, row: dict[str, Any]) -> list[str]:
    lines = []
    for first, figures in row.get("ahead", {}).items():
        said = [
            f"{name} {_cell(figures[name]['value'], [figures[name]['low'], figures[name]['high']])}"
            for name in ("macro_f1", "qwk")
            if name in figures
        ]
        lines += [f"{first} is ahead of {model} by {', '.join(said)}"] if said else []
    return lines


def _cell(value: float | None, interval: list[float | None]) -> str:
    low, high = interval
    if value is None or low is None or high is None:
        return "undefined"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
