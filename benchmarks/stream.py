"""Labels come in batches of ten: learning on as the worker does, beside a full fit at each step.

Both see the same labels and are tested on the same documents. What learning on takes is all that
the worker's path takes, the full fits it decides on and their figures included; a full fit is timed
without its figures. Processor time, in turns in one process, so that other programs disturb both
alike. Each seed is another order (and, of the protocols, another held-out part), measured in a
process of its own and kept in a small file; what is there is not measured again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from benchmarks.tables import machine, print_table
from cer_assist.cli.accounts import DEFAULT_RUBRIC
from cer_assist.config import ROOT
from cer_assist.domain.errors import NotFound
from cer_assist.domain.rubric import Rubric, parse_rubric

if TYPE_CHECKING:
    from cer_assist.learning.classifier import ProtocolClassifier
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.labelled import Labelled

BATCH = 10
EARLY = 40  # the first labels of a stream: what is said of them at its end tells of forgetting
T_95 = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
WHO = ("on", "full")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Stream:
    """Labelled documents in the order they come, and those that test."""

    labels: Labelled
    test: Labelled
    rubric: Rubric | None


# labels in the stream, documents held out
SETS = {"protocols": (320, 84), "sst5": (400, 500)}


def main(argv: list[str]) -> None:
    """Measure the seeds that are missing, then print all of them."""
    parser = argparse.ArgumentParser(prog="bench stream")
    default = Path(os.environ.get("CER_REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="folder with the sets")
    parser.add_argument("--home", type=Path, default=ROOT / "instance", help="keeps what is done")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--seeds", type=int, choices=range(2, 11), default=5, metavar="2..10")
    options = parser.parse_args(argv)
    if not (options.data / "cenr").exists():
        raise NotFound(f"{options.data} has no reference data: name its folder with --data.")
    folder = options.home / "bench-stream"
    folder.mkdir(parents=True, exist_ok=True)
    print(machine(), flush=True)
    for name in options.sets:
        paths = [folder / f"{name}-{seed}.json" for seed in range(options.seeds)]
        for seed, path in enumerate(paths):
            if not path.exists():
                print(f"{name}, seed {seed}", flush=True)
                _measure_apart(name, seed, options.data, options.home, path)
        _print(name, [json.loads(path.read_text()) for path in paths if path.exists()])


def _measure_apart(name: str, seed: int, data: Path, home: Path, path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    child = context.Process(target=_measure, args=(name, seed, data, home, path))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"{name}, seed {seed} ended with code {child.exitcode}")


def _measure(name: str, seed: int, data: Path, home: Path, path: Path) -> None:
    from cer_assist.learning.encoder import Encoder
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.progress import silent

    stream = _stream(name, seed, data)
    cache = FeatureCache(home / "features", Encoder())
    cache.encode([*stream.labels.documents, *stream.test.documents], silent)
    with tempfile.TemporaryDirectory(prefix="cer-bench-") as scratch:
        _run(stream, cache, Path(scratch) / "warm-up", upto=3)  # compiles what is compiled once
        found = _run(stream, cache, Path(scratch), upto=len(stream.labels.levels) // BATCH)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(found))
    aside.replace(path)


def _stream(name: str, seed: int, data: Path) -> Stream:
    """The documents of one seed; nothing in the stream is a near-copy of what tests."""
    from benchmarks import learner_sets
    from cer_assist.learning.folds import near_duplicate_clusters
    from cer_assist.learning.labelled import rubric_for

    found = learner_sets.load(name, data)
    size, held = SETS[name]
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(found.train.levels))
    if found.test is None:
        clusters = near_duplicate_clusters([one.text for one in found.train.documents])
        test, rest = found.train.pick(order[:held]), order[held:]
        order = rest[~np.isin(clusters[rest], clusters[order[:held]])]
    else:  # the same part of the test set for every seed
        chosen = np.random.default_rng(0).permutation(len(found.test.levels))[:held]
        test = found.test.pick(chosen)
    rubric = parse_rubric(DEFAULT_RUBRIC.read_text(encoding="utf-8"), DEFAULT_RUBRIC.name)
    return Stream(found.train.pick(order[:size]), test, rubric_for(rubric, found.train))


def _run(stream: Stream, cache: FeatureCache, scratch: Path, upto: int) -> list[dict[str, Any]]:
    """One entry a step: what both say of the test, and the processor seconds they took."""
    from cer_assist.learning.classifier import ProtocolClassifier
    from cer_assist.learning.labelled import scale_of
    from cer_assist.learning.training import train

    scale = scale_of(stream.labels, stream.test)
    previous = None
    steps = []
    for number in range(1, upto + 1):
        now = stream.labels.pick(np.arange(min(number * BATCH, len(stream.labels.levels))))
        learnt = (now.documents, now.levels.tolist())

        def learn_on(learnt: Any = learnt, previous: Any = previous, number: int = number) -> Any:
            how = {"cache": cache, "rubric": stream.rubric, "previous": previous}
            result = train(*learnt, scale, **how)
            folder = scratch / str(number)
            return result, (folder, result.classifier.save(folder))

        whole = ProtocolClassifier(scale, cache, rubric=stream.rubric)
        (result, previous), on_seconds = _timed(learn_on)
        _, full_seconds = _timed(lambda: whole.fit(*learnt))  # noqa: B023 - called at once
        steps.append(
            {
                "labels": len(now.levels),
                "in_full": result.in_full,
                "seconds": [on_seconds, full_seconds],
                "on": _judged(result.classifier, stream),
                "full": _judged(whole, stream),
            }
        )
    return steps


def _judged(model: ProtocolClassifier, stream: Stream) -> dict[str, Any]:
    """QWK on the test, and the share that is recognised of each level there and of the first."""
    from cer_assist.learning import metrics

    lowest, size = model.scale[0], len(model.scale)
    said, true = model.predict(stream.test.documents), stream.test.levels
    counts = metrics.confusion(true - lowest, said - lowest, size)
    early = stream.labels.pick(np.arange(EARLY))
    first = model.predict(early.documents)
    recall = {str(one): float(np.mean(said[true == one] == one)) for one in np.unique(true)}
    return {
        "qwk": float(metrics.quadratic_kappa(counts)),
        "recall": {level: share for level, share in recall.items() if int(level) in early.levels},
        "early": float(np.mean(first == early.levels)),
    }


def _timed(work: Callable[[], Value]) -> tuple[Value, float]:
    """What comes of it, and the processor seconds it took."""
    started = time.process_time()
    return work(), time.process_time() - started


Steps = list[dict[str, Any]]


def _print(name: str, seeds: list[Steps]) -> None:
    """Means over seeds with 95 % intervals (Student's t; a seed is one observation)."""
    size, held = SETS[name]
    last = len(seeds[0])
    cuts = {f"to {10 * BATCH} labels": slice(10), "after them": slice(10, last), "all": slice(last)}
    rows = [_row(title, [steps[part] for steps in seeds]) for title, part in cuts.items()]
    title = f"{name}: up to {size} labels in batches of {BATCH}, tested on {held}, "
    header = (
        "steps",
        "QWK learning on",
        "QWK full fits",
        "difference",
        "of their time",
        "full fits",
    )
    print_table(f"{title}{len(seeds)} seeds, 95 % intervals", header, rows)
    ends = [[one for one in steps if not one["in_full"]][-1] for steps in seeds]
    levels = sorted({level for end in ends for level in end["on"]["recall"]})
    table = [_end(f"level {level}, held out", ends, level) for level in levels]
    table.append(_end(f"the first {EARLY} labels, learnt", ends, None))
    header = ("recognised at the last step that learnt on", "learning on", "full fit", "difference")
    print_table(f"{name}: what became of levels that were seen early", header, table)


def _row(title: str, seeds: list[Steps]) -> list[str]:
    qwk = {who: [np.mean([one[who]["qwk"] for one in steps]) for steps in seeds] for who in WHO}
    spent = [np.sum([one["seconds"] for one in steps], axis=0) for steps in seeds]
    ratios = [on / full for on, full in spent]
    fits = [sum(bool(one["in_full"]) for one in steps) for steps in seeds]
    return [
        title,
        *(f"{np.mean(qwk[who]):.3f}" for who in WHO),
        _interval(np.subtract(qwk["on"], qwk["full"]), "+.4f"),
        _interval(np.array(ratios), ".3f"),
        f"{np.mean(fits):.1f} of {len(seeds[0])}",
    ]


def _end(title: str, ends: Steps, level: str | None) -> list[str]:
    """One level's recall, or what is still known of the first labels; seeds without it left out."""
    shares = np.array(
        [
            [end[who]["early"] if level is None else end[who]["recall"][level] for who in WHO]
            for end in ends
            if level is None or level in end["on"]["recall"]
        ]
    )
    means = (f"{mean:.3f}" for mean in shares.mean(axis=0))
    return [title, *means, _interval(shares[:, 0] - shares[:, 1], "+.3f")]


def _interval(values: np.ndarray, form: str) -> str:
    if len(values) < 2:
        return f"{values.mean():{form}}"
    half = T_95[len(values)] * values.std(ddof=1) / len(values) ** 0.5
    return (
        f"{values.mean():{form}} ({values.mean() - half:{form}} to {values.mean() + half:{form}})"
    )


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
