"""What the auditor's desk says of its filters, tables and signals, once for page, CLI and JSON."""

from __future__ import annotations

from cer_assist.services.desk_counts import Table
from cer_assist.services.desk_filters import DeskFilters, Signal
from cer_assist.views.presentation import count, share

LEVELS = {"suggested": "Suggestion", "level": "Label", "final": "Final level"}
TITLES = {
    Signal.confident: "Confident disagreements",
    Signal.fast: "Answered faster than it could be read",
    Signal.unread: "Accepted without reading",
    Signal.weak: "Weak evidence, followed",
    Signal.towards: "Changed towards the suggestion",
    Signal.away: "Changed away from the suggestion",
    Signal.wrong_switch: "Wrong switches",
}
# Whose readings are counted by coder, and which of them could show the signal.
BY_CODER = {
    Signal.fast: "of so many timed",
    Signal.unread: "of so many timed after a suggestion",
}
UNTOLD = "Nothing was adjudicated: the final level is the label itself, so this cannot be told."
ARMS = {
    "suggestion": "may have a suggestion",
    "none": "by lot without one (also where there was none)",
}
SORTS = {
    "newest": "newest first",
    "oldest": "oldest first",
    "protocol": "by protocol",
    "coder": "by coder's name",
    "farthest": "farthest from the suggestion first",
    "fastest": "fastest first",
}
FROM = {
    "adjudicated": "settled",
    "agreed": "all readers agree",
    "single": "its only reader's",
    "disagreed": "readers differ",
    "none": "none",
}


# Levels are decided by expected loss (`classifier.decide`), not by the highest percentage.
PERCENTAGE = (
    "Beside a suggestion stands what the model gave that very level. It suggests the level that is "
    "nearest on average: torn between 1 and 3 it may suggest 2, and give 2 hardly anything."
)


def nothing(told: str, codes: bool) -> str:
    """What an empty desk says; a lead who codes is not told whether others have answered."""
    if told:
        return "No reading fits these filters."
    of = " of protocols that want no further reader" if codes else ""
    return f"There are no labels yet{of}."


def comparison(table: Table) -> str:
    """How often the two levels of a table's readings are the same, of those that could differ."""
    said, of = count(table.total, "reading"), table.could_differ
    if not table.total:
        return said
    if not of:
        return f"{said}. {UNTOLD}"
    said += ": " if of == table.total else f", {of:,} settled by an adjudicator; of these "
    same, near = (f"{table.within(far):,} ({share(table.within(far) / of)})" for far in (0, 1))
    return f"{said}the same in {same}, at most one level apart in {near}"


def rule(signal: Signal, filters: DeskFilters) -> str:
    """A signal's rule in a sentence."""
    speed = f"{filters.speed:,.0f} words a minute"
    return {
        Signal.confident: (
            f"The model gave the level that it suggested {filters.probability:.0%} or more, and "
            "the label is another one. Where it was torn between two levels and suggested one "
            "between them, it was not confident and is not counted."
        ).replace("%", " %"),
        Signal.fast: (
            f"The text's words in the reading's seconds make more than {speed}; a text counts six "
            "letters to a word, and a second look after the suggestion adds to the first."
        ),
        Signal.unread: (
            f"Of readings that followed a suggestion and are timed: read at more than {speed}, "
            "the time before the suggestion was shown included, and the label is the suggested "
            "level."
        ),
        Signal.weak: (
            "With the suggestion in sight the label is the suggested level, though random words "
            "would carry it as well as those shown."
        ),
        Signal.towards: (
            "Blind answers that were changed once the suggestion was seen, to a level nearer to it."
        ),
        Signal.away: (
            "Blind answers that were changed once the suggestion was seen, to a level farther from "
            "it."
        ),
        Signal.wrong_switch: (
            "Blind answers that were changed once the suggestion was seen, though an adjudicator "
            "settled on the one that was given first."
        ),
    }[signal]
