"""What the figures say in plain words, and what they cannot tell yet; for page and command line."""

from __future__ import annotations

from typing import Any

from cer_assist.domain.exposures import Sight
from cer_assist.views.presentation import count

FEW = 30  # readings: fewer make an interval that holds nearly anything
MANY_CODERS = 5  # `statistics.resampling`

Found = dict[str, Any]


def percent(one: Found) -> str:
    """A share with its interval."""
    return _ranged(one, lambda value: f"{value * 100:.0f}", " %")


def points(one: Found) -> str:
    """A difference of shares with its interval."""
    return _ranged(one, lambda value: _signed(f"{value * 100:+.0f}"), " points")


def plain(one: Found) -> str:
    """A figure with its interval."""
    return _ranged(one, lambda value: f"{value:.2f}", "")


def signed(one: Found) -> str:
    """A difference with its interval."""
    return _ranged(one, lambda value: _signed(f"{value:+.2f}"), "")


def seconds(one: Found) -> str:
    """A time with its interval."""
    return _ranged(one, lambda value: f"{value:,.0f}", " s")


def ratio(one: Found) -> str:
    """How many times as long, with its interval."""
    return _ranged(one, lambda value: f"{value:.2f}", " times as long", "")


def _ranged(one: Found, form: Any, unit: str, again: str | None = None) -> str:
    if one["value"] is None:
        return "not known"
    shown = f"{form(one['value'])}{unit}"
    if one["low"] is None:
        return f"{shown} (too few for an interval)"
    return f"{shown} ({form(one['low'])} to {form(one['high'])}{unit if again is None else again})"


def _signed(text: str) -> str:
    return text.replace("-", "−")


def hits(one: Found) -> int:
    """How many of the readings a share is."""
    found: float = (one["value"] or 0) * one["n"]
    return round(found)


def headline(found: Found) -> list[str]:
    """What there is to say, the most important first; empty where there is nothing."""
    return [*_switching(found["switching"]), *_lots(found)]


def _switching(said: Found) -> list[str]:
    changed, adopted, right, wrong = (
        said[name] for name in ("changed", "adopted", "right", "wrong")
    )
    if not changed["n"]:
        return []
    told = (
        f"After seeing the model's level coders changed {hits(changed):,} of "
        f"{count(changed['n'], 'answer')} ({_bare(changed)})"
    )
    became = f"{hits(right):,} became right, {hits(wrong):,} became wrong."
    if not right["n"]:
        told += "; whether they became right or wrong cannot be told yet."
    elif right["n"] == changed["n"]:
        told += f": {became}"
    else:
        told += f". Of the {right['n']:,} that can be judged {became}"
    lines = [told]
    if adopted["n"]:
        lines.append(
            f"Of {count(adopted['n'], 'answer')} that differed from the model's level, "
            f"{hits(adopted):,} became it ({_bare(adopted)})."
        )
    return lines + ([_verdict(said["net"])] if right["n"] else [])


def _bare(one: Found) -> str:
    return percent(one).replace(" (", ", ").rstrip(")")


def _verdict(net: Found) -> str:
    if net["low"] is not None and net["low"] > 0:
        return f"Seeing it helped: more answers became right than wrong, {points(net)}."
    if net["high"] is not None and net["high"] < 0:
        return f"Seeing it steered: more answers became wrong than right, {points(net)}."
    return f"Whether that helps or steers cannot be told from these yet: {points(net)}."


_HAD = {
    Sight.after: "with a suggestion after the own answer",
    Sight.shown: "with a suggestion from the start",
}


_COMPARED = {
    "accuracy": "were right",
    "agreement": "said the same as readers who had seen nothing",
}


def _how_often(one: Found) -> str:
    """More or less often where the interval says so."""
    told = "neither clearly more nor less often"
    if one["low"] is not None and one["low"] > 0:
        told = "more often"
    if one["high"] is not None and one["high"] < 0:
        told = "less often"
    return f"{told}, {points(one)}"


def _lots(found: Found) -> list[str]:
    lines = []
    for sight, had in _HAD.items():
        arm, ahead = found["lots"][sight], found["differences"][sight]
        if not arm["readings"] or not found["lots"][Sight.none]["readings"]:
            continue
        parts = [
            f"{what} {_how_often(ahead[name])}"
            for name, what in _COMPARED.items()
            if ahead[name]["value"] is not None
        ]
        if ahead["seconds"]["value"] is not None:
            parts.append(f"took {ratio(ahead['seconds'])}")
        if parts:
            lines.append(f"Beside readings without one, by lot, those {had} {'; '.join(parts)}.")
    return lines


def limits(found: Found) -> list[str]:
    """What cannot be told, and why, in the order in which a lead can do something about it."""
    truths, without = found["truths"], found["lots"][Sight.none]["readings"]
    said = []
    if not without:
        said.append(
            "No reading has gone by lot without a suggestion that there was, so what a second look "
            "alone would "
            "have changed cannot be told from what the suggestion did. Settings has the share."
        )
    elif without < FEW:
        said.append(
            f"Only {count(without, 'reading')} went by lot without a suggestion that there was, of "
            f"protocols whose readings are all in: with fewer than {FEW} the differences hold "
            "nearly anything. Where there was none to show, the lot withheld nothing; the desk and "
            "the methods report count such readings as well."
        )
    if found["readings"] and not found["readings"] - truths["none"]:
        said.append(
            "No reading can be called right or wrong yet: that takes a final level that somebody "
            "else settled on, or two other coders who had seen nothing and agree."
        )
    if found["waiting"]:
        said.append(
            f"Not counted before their last reading is in: "
            f"{count(found['waiting'], 'protocol')} with answers."
        )
    return said + _cautions(found)


def _cautions(found: Found) -> list[str]:
    truths, said = found["truths"], []
    settled = truths["settled"] + truths["settled_seen"] + truths["settled_elsewhere"]
    if settled:
        said.append(
            f"Judged by a final level: {count(settled, 'reading')}. Mostly what coders disagreed "
            "about gets one, and suggestions can make coders agree: compare the arms by their "
            "agreement with other readers as well."
        )
    if truths["settled_seen"]:
        said.append(
            f"Settled by somebody who had seen the model's suggestion: {truths['settled_seen']:,} "
            "of these. It may have swayed the final level, too."
        )
    if truths["settled_elsewhere"]:
        said.append(
            f"With an imported final level: {truths['settled_elsewhere']:,} of these. Who settled "
            "it, and what they had seen, is not known."
        )
    if found["left_out"]:
        said.append(
            f"Left out: {count(found['left_out'], 'reading')} made elsewhere, taken back, or "
            "begun after others' labels or the suggestion had been opened."
        )
    if found["readings"] and not found["draws_coders"]:
        said.append(
            f"With fewer than {MANY_CODERS} coders the intervals speak for these coders on other "
            "protocols, not for other coders."
        )
    return said
