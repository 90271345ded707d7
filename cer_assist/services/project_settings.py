"""What a lead can change in a project: the one list that page, command line and JSON share.

Shares are whole per cent everywhere: the page shows no more, and would round the rest away when it
is saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.model_kinds import MODEL_KINDS
from cer_assist.store.tables import Project
from cer_assist.store.tables.projects import SuggestionPolicy

WHOLE = 100  # per cent
Value = str | int | float | bool
_YES_NO = {"yes": True, "no": False}


class Kind(StrEnum):
    """What a value is."""

    text = "text"
    choice = "choice"
    yes_no = "yes_no"
    number = "number"
    share = "share"  # of 1; its limits are per cent


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is called on the page, what it means, what it takes."""

    kind: Kind
    title: str
    meaning: str
    unit: str = ""  # of a number, as on the page
    low: int = 0
    high: int = WHOLE
    choices: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """Title and meaning, for those who do not see the page."""
        return f"{self.title}. {self.meaning}"

    @property
    def takes(self) -> str:
        """What is possible, as people write it."""
        return {
            Kind.text: f"{self.low} to {self.high} characters",
            Kind.choice: f"one of {', '.join(self.choices)}",
            Kind.yes_no: " or ".join(_YES_NO),
            Kind.number: f"a whole number, {self.low} to {self.high} {self.unit}",
            Kind.share: f"whole per cent from {self.low}% to {self.high}%, such as 0.2 or 20%",
        }[self.kind]

    def read(self, written: str) -> Value:
        """A value as people write it; ValueError for what is none."""
        said = written.strip()
        if self.kind is Kind.yes_no:
            if said.lower() not in _YES_NO:
                raise ValueError(said)
            return _YES_NO[said.lower()]
        if self.kind is Kind.number:
            return int(said)
        return _read_share(said) if self.kind is Kind.share else said

    def write(self, value: Value) -> str:
        """The same way back."""
        if self.kind is Kind.share:
            is_percent = self.unit.startswith("%")
            return f"{float(value) * WHOLE:.4g}%" if is_percent else f"{value:g}"
        if self.kind is Kind.yes_no:
            return "yes" if value else "no"
        return str(value)

    def allows(self, value: Any) -> bool:
        """Whether a value of the right type is within the limits."""
        if self.kind is Kind.text:
            return self.low <= len(value) <= self.high
        if self.kind is Kind.choice:
            return value in self.choices
        if self.kind is Kind.share:
            is_whole = abs(value * WHOLE - percent(value)) < 1e-9 if 0 <= value <= 1 else False
            return is_whole and self.low <= percent(value) <= self.high
        return self.kind is Kind.yes_no or self.low <= value <= self.high


def _read_share(said: str) -> float:
    if said.endswith("%"):
        return float(said[:-1]) / WHOLE
    if said != "0" and "." not in said:  # a plain 1 would be meant as 1 % by some
        raise ValueError(said)
    return float(said)


def percent(share: float) -> int:
    """A share in whole per cent."""
    return round(share * WHOLE)


def _share(title: str, meaning: str, unit: str = "%", low: int = 0, high: int = WHOLE) -> Setting:
    return Setting(Kind.share, title, meaning, unit, low, high)


def _number(title: str, meaning: str, unit: str, low: int, high: int) -> Setting:
    return Setting(Kind.number, title, meaning, unit, low, high)


def _yes_no(title: str, meaning: str) -> Setting:
    return Setting(Kind.yes_no, title, meaning)


# By the column of the project that holds it, in the order of the page.
SETTINGS: dict[str, Setting] = {
    "name": Setting(Kind.text, "Name of the project", "As pages show it.", low=1, high=200),
    "suggestion_policy": Setting(
        Kind.choice,
        "When coders see the model's suggestion",
        "Never (hidden), after the coder's own answer, or shown from the start.",
        choices=tuple(SuggestionPolicy),
    ),
    "no_suggestion_share": _share(
        "Share read without any suggestion",
        "By lot, neither before the answer nor after it: what the other readings are compared "
        "with, to see whether the model helps or steers.",
        "% of the readings",
    ),
    "coders_per_protocol": _number(
        "Readers a protocol",
        "For protocols imported from now on; those that nobody has read can be drawn anew under "
        "Assignments.",
        "coders",
        1,
        10,
    ),
    "double_coded_share": _share(
        "Share read by one coder more",
        "Unannounced, so that agreement can be measured. For protocols imported from now on.",
    ),
    "retest_share": _share(
        "Share that comes back to the same coder",
        "Unannounced and blank, so that a coder can be compared with themselves under Agreement.",
    ),
    "retest_after_days": _number(
        "It comes back after", "Long enough that nobody remembers what they said.", "days", 0, 3_650
    ),
    "check_share": _share(
        "Attention checks",
        "Practice protocols that come from this project and that the coder has not read, given "
        "unannounced; what they said stands under Training.",
    ),
    "retrain_every": _number(
        "Retrain after", "The model learns again after so many new labels.", "new labels", 1, 10_000
    ),
    "retrain_idle_seconds": _number(
        "Or when nobody has labelled for",
        "So that the last few labels count too; the model is then fitted anew and measured.",
        "seconds",
        1,
        86_400,
    ),
    "reservation_minutes": _number(
        "Keep an opened protocol for its coder",
        "Afterwards another coder may get it.",
        "minutes",
        1,
        10_000,
    ),
    "diverse_share": _share(
        "Unlike what was labelled", "So that no kind of study is left out of what is given next."
    ),
    "rare_share": _share(
        "Likely of a rare level", "For levels that have few labels. Coders are not told which."
    ),
    "random_share": _share(
        "Drawn at random",
        "Keeps the model's figures honest. Whatever is set apart for measuring comes among these.",
    ),
    "open_pool": _yes_no(
        "Go on when their own are done",
        "Coders whose assignments are done are given what the queue has. Without it they are given "
        "nothing but what is assigned to them.",
    ),
    "adjudicators": _number(
        "Adjudicators",
        "With 2, a level is final once two have said it without knowing what the other said.",
        "of the same opinion",
        1,
        2,
    ),
    "accepts_agreed": _yes_no(
        "Accept what all readers agree on",
        "Else each such protocol comes to Adjudicate to be confirmed; until then the model learns "
        "the level that they agree on.",
    ),
    "qualifies_first": _yes_no(
        "Coders qualify first",
        "Who has not passed a round is given no protocol to label, leads neither; what they have "
        "open or answered stays theirs.",
    ),
    "training_items": _number(
        "Practice protocols a round",
        "Drawn at random, evenly over the levels.",
        "protocols",
        1,
        200,
    ),
    "training_repeats": _number(
        "Repeats", "Beyond the first; after that a lead allows each further one.", "rounds", 0, 100
    ),
    "training_mark": _share("Pass mark", "Of the answers of one round.", "% exactly right"),
    "training_no_far": _yes_no(
        "No answer more than one level off",
        "One such answer fails the round, whatever the others are.",
    ),
    "model_kind": Setting(
        Kind.choice,
        "What the model reads",
        "The kind of model; the next training uses it.",
        choices=tuple(MODEL_KINDS),
    ),
    "learns_from_marks": _yes_no(
        "Learn from marks which words to show first",
        "From the evidence that coders mark and the words that they contest. Levels and "
        "percentages do not depend on it.",
    ),
    "wanted_qwk": _share(
        "QWK wanted",
        "Agreement of model and coders; the labels that it takes are forecast.",
        "hundredths",
        1,
        99,
    ),
    "accepted_wrong_share": _share(
        "Wrong levels accepted",
        "Once those that nobody read have the model's level.",
        "% of all protocols",
        1,
        99,
    ),
    "accepted_half_width": _share(
        "Known to within",
        "Half of the interval that the fenced sample gives.",
        "hundredths of QWK",
        1,
        99,
    ),
}


def values(project: Project) -> dict[str, Value]:
    """All settings of a project as they stand."""
    return {name: getattr(project, name) for name in SETTINGS}


def read(name: str, written: str) -> Value:
    """A value as people write it; what is none is refused with what is possible."""
    setting = find(name)
    try:
        return setting.read(written)
    except ValueError as error:
        raise refusal(name) from error


def checked(name: str, value: Value) -> Value:
    """The value as it is stored, if it is possible."""
    setting = find(name)
    value = value.strip() if isinstance(value, str) else value
    if not setting.allows(value):
        raise refusal(name)
    return percent(float(value)) / WHOLE if setting.kind is Kind.share else value


def find(name: str) -> Setting:
    """The setting of this name."""
    if name not in SETTINGS:
        raise InvalidInput(f"There is no setting {name[:40]!r}; there are {', '.join(SETTINGS)}.")
    return SETTINGS[name]


def refusal(name: str) -> InvalidInput:
    """What is said of a value that is not possible."""
    setting = SETTINGS[name]
    return InvalidInput(f"“{setting.title}” ({name}) takes {setting.takes}.")
