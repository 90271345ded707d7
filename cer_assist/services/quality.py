"""Figures of quality belong to the version they were measured at, and say so wherever they stand.

A version that learnt on from another has none of its own. It refers to the last measured one, whose
blend and calibration it has, and says how many labels have come since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cer_assist.store.tables import ModelVersion

# So many times the labels of the measured version; above the growth that has a full fit made on
# schedule, which would else be used however bad it is.
REPLACES = 3.0


WEAK_BELOW = "weak_below"  # in a version's metrics: the strength that random words reach by luck
LEFT_OUT = "left_out"  # likewise: labelled near-copies of fenced protocols, which it did not learn


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures that stand for a version, and whose they are."""

    figures: dict[str, Any]
    version: int
    labels: int
    since: int  # labels learnt after they were measured
    is_own: bool


def measured(version: ModelVersion) -> Measured | None:
    """The figures of a version, or of the one it learnt on from; None where there are none."""
    if version.metrics.get("qwk"):
        return Measured(version.metrics, version.number, version.label_count, 0, True)
    last = version.metrics.get("last_measured")
    if not last:
        return None
    since = version.label_count - last["labels"]
    return Measured(last["figures"], last["version"], last["labels"], since, False)


def learnt_on(previous: ModelVersion, label_count: int, judged: dict[str, int]) -> dict[str, Any]:
    """What a version that learnt on says in place of figures of its own.

    `judged` counts the labels since the last full fit, `n`, and of how many the version before had
    said the level, `right`, each before it had learnt it.
    """
    last = measured(previous)
    words = f"Not measured itself: it learnt on from version {previous.number}"
    if last is None:
        return {"not_measured": words, "judged": judged}
    since = label_count - last.labels
    return {
        "not_measured": (
            f"{words}. Measured at version {last.version} on {last.labels} labelled protocols; "
            f"{since} labels since"
        ),
        "last_measured": {
            "version": last.version,
            "labels": last.labels,
            "figures": last.figures,
        },
        "judged": judged,
    }


def decide(
    metrics: dict[str, Any], label_count: int, previous: ModelVersion | None
) -> tuple[bool, str]:
    """Whether a measured version replaces the one in use: a clearly worse one is only recorded.

    Clearly worse means that the 95 % intervals of the two out-of-fold QWKs do not meet: with forty
    labels one more can move the figure by .2. A version with three times the labels of the
    figures it is held against replaces the one in use in any case: they rest on too few.
    """
    last = None if previous is None else measured(previous)
    if last is None:
        return True, "the first version with a measured quality"
    if label_count >= REPLACES * last.labels:
        return True, f"learned from {label_count} protocols instead of {last.labels}"
    new, old = metrics["qwk"], last.figures["qwk"]
    if new["high"] < old["low"]:
        return False, (
            f"not used: its QWK ({new['low']:.2f} to {new['high']:.2f}) lies below that of "
            f"version {last.version} ({old['low']:.2f} to {old['high']:.2f})"
        )
    return True, f"QWK {new['value']:.2f}, version {last.version} had {old['value']:.2f}"
