"""evaluate --faithfulness: whether suggestions rest on the words that are shown for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cer_assist.learning.compared import Model
    from cer_assist.learning.documents import Document
    from cer_assist.learning.features import FeatureCache
    from cer_assist.learning.labelled import Labelled

SHOWN = ("comprehensiveness", "sufficiency", "deletion", "insertion", "strength", "auprc", "f1")
NO_WORDS = "no words to show"


def with_faithfulness(
    measure: Callable[..., dict[str, Any]],
    tested: Labelled,
    marked: dict[str, list[tuple[int, int]]],
    scale: tuple[int, ...],
    cache: FeatureCache,
) -> dict[str, Any]:
    """A measurement whose models also explain the documents that they are tested on."""
    from cer_assist.explain.measured import Measured
    from cer_assist.learning.classifier import ProtocolClassifier

    words = Measured(tested.documents, tested.levels.tolist(), scale, cache, marked)

    def look(model: Model, documents: Sequence[Document]) -> None:
        if isinstance(model, ProtocolClassifier):
            words.add(model, documents)

    return measure(look=look) | {"faithfulness": words.figures()}


def faithfulness_lines(result: dict[str, Any]) -> Iterator[str]:
    """The figures as a table a model, with what random words reach as its last row."""
    for model, row in result.items():
        if "faithfulness" not in row:
            continue
        found = row["faithfulness"]
        if not found["n"]:
            yield f"{model}: {NO_WORDS}"
            continue
        shown = [name for name in SHOWN if name in found["methods"]["random"]]
        yield f"{model + ', words':20}" + "".join(f"{name:>25}" for name in shown)
        for method, figures in found["methods"].items():
            yield f"{method:20}" + "".join(f"{_cell(figures[name]):>25}" for name in shown)
        yield from _remarks(found)


def _remarks(found: dict[str, Any]) -> Iterator[str]:
    for method, times in found["times_random"].items():
        parts = [f"{name} {_cell(times[name])}" for name in SHOWN if name in times]
        yield f"{method}, times what random words reach: {', '.join(parts)}"
    for pair in found["compared"]:
        parts = [f"{n} {_cell(pair['times'][n])}" for n in SHOWN if n in pair["times"]]
        yield f"{pair['method']}, times what {pair['other']} reaches: {', '.join(parts)}"
    yield f"agreement of attention with gradients (Kendall's tau): {_cell(found['agreement'])}"
    for method, figures in found["stability"].items():
        if figures:
            tau, top = _cell(figures["tau"]), _cell(figures["top"])
            yield f"{method}, between models: tau {tau}, of ten top words in common {top}"
    yield f"evidence is weak below a strength of {found['weak_below']:.3f}"
    if found["marked"]["n"]:
        rate = _cell(found["marked"]["rate"])
        yield f"evidence was marked in {found['marked']['n']}: share of the words {rate}"


def _cell(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "undefined"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
