"""What a prevalence report says in plain words; for page, download and command line."""

from __future__ import annotations

from typing import Any

from cer_assist.views.presentation import count

FEWEST, FEW = 20, 5  # `statistics.prevalence`
NEXT_TO_NOTHING = 0.1  # per cent
HEADLINE = 3  # the level from which a protocol engages communities, by the default rubric

Found = dict[str, Any]


def percent(one: Found) -> str:
    """A share with its interval; known exactly without."""
    if one["low"] == one["high"]:
        return f"{_number(one['value'])} %"
    return f"{_number(one['value'])} % ({_number(one['low'])} to {_number(one['high'])} %)"


def doubtful(one: Found) -> str:
    """What stands beside an interval that need not hold 95 times in 100; else empty."""
    return "too few in the fenced sample" if one["few"] else ""


def headline(found: Found) -> str:
    """The one sentence; empty while there is none."""
    if not found["at_least"]:
        return ""
    at = _middle(found["scale"])
    one, level = found["at_least"][at], found["scale"][at]
    known, why = one["low"] == one["high"], doubtful(one)
    return (
        f"Of {count(found['protocols'], 'protocol')} {'' if known else 'about '}"
        f"{percent(one)} are on level {level} or above{f' ({why})' if why else ''}."
    )


def _middle(scale: list[int]) -> int:
    """Where `HEADLINE` is; the middle of another scale."""
    return scale.index(HEADLINE) if HEADLINE in scale else len(scale) // 2


def at_least(found: Found, scale: list[int]) -> Found | None:
    """The headline's figure of a group; None for too few."""
    return found["at_least"][_middle(scale)] if found["at_least"] else None


def headline_level(scale: list[int]) -> int:
    """The level of it."""
    return scale[_middle(scale)]


def told(found: Found) -> str:
    """Why a group has no figure."""
    if found["protocols"] < FEWEST:
        return f"too few: {count(found['protocols'], 'protocol')}"
    return f"too few readings in the random sample: {found['sampled']} of {FEWEST}"


def limits(found: Found) -> list[str]:
    """What weakens it, or is lacking."""
    left, said = found["protocols"] - found["counted"], []
    if not found["levels"] and found["protocols"] < FEWEST:
        said.append(f"There are fewer than {FEWEST} protocols: look at them one by one.")
    elif not found["levels"]:
        said.append(
            f"{count(left, 'protocol')} without a final level can only be estimated from a random "
            f"sample that people have read. {found['sampled']} of the {found['drawn']} drawn "
            f"are settled; {FEWEST} are wanted."
        )
    if found["differ"]:
        said.append(
            f"Of the random sample {count(found['differ'], 'protocol')} were read differently and "
            "are not settled. They count as unread, though they may be harder than others."
        )
    if any(one["few"] for one in _figures(found)):
        said.append(
            f"“Too few in the fenced sample”: fewer than {FEW} of its readings are of that level, "
            "or of all others. Such an interval may hold more or less often than 95 times in 100."
        )
    if found["levels"] and left and found["version"] is None:
        said.append("There is no model yet: what is unread is estimated from the sample alone.")
    elif found["levels"] and found["unsaid"]:
        said.append(
            f"Of {count(found['unsaid'], 'unread protocol')} the model has said nothing; the whole "
            "sample speaks for them."
        )
    return said


def _figures(found: Found) -> list[Found]:
    """All that the report shows."""
    of_groups = [one for group in found["groups"] if (one := at_least(group, found["scale"]))]
    return [*(found["levels"] or []), *(found["at_least"] or []), *of_groups]


def _number(share: float) -> str:
    """Per cent without needless digits; a share is not called 0 or 100 that is not."""
    shown = 100 * share
    if 0 < shown < NEXT_TO_NOTHING:
        return f"< {NEXT_TO_NOTHING}"
    if 100 - NEXT_TO_NOTHING < shown < 100:
        return f"> {100 - NEXT_TO_NOTHING}"
    if 0 < shown < 1 or 99 < shown < 100:
        return f"{shown:.1f}"
    return f"{shown:.0f}"
