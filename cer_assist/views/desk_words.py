"""What the auditor's desk says of its filters, tables and signals, once for page, CLI and JSON."""

from __future__ import annotations

from cer_assist.services.desk_filters import DeskFilters, Signal

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
BY_CODER = (Signal.fast, Signal.unread)
ARMS = {"suggestion": "may have a suggestion", "none": "by lot without one"}
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


def rule(signal: Signal, filters: DeskFilters) -> str:
    """A signal's rule in a sentence."""
    speed = f"{filters.speed:,.0f} words a minute"
    return {
        Signal.confident: (
            f"The model gave its level {filters.probability:.0%} or more, and the label is "
            "another one."
        ).replace("%", " %"),
        Signal.fast: (
            f"The text's words in the answer's seconds make more than {speed}; a text counts six "
            "letters to a word."
        ),
        Signal.unread: (
            f"Answered at more than {speed} with the suggestion in sight, and the label is the "
            "suggested level."
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
            "Blind answers that were changed once the suggestion was seen, though the final level "
            "is the one that was given first."
        ),
    }[signal]
