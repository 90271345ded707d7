"""What snapshots' pages call their counts, and the choice of a form or an address."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from cer_assist.domain import split_checks
from cer_assist.domain.errors import InvalidInput
from cer_assist.domain.splits import DEALT
from cer_assist.services import snapshot_filters
from cer_assist.services.snapshot_splits import Asked

EXPOSURES, counted = snapshot_filters.EXPOSURES, split_checks.counted
SOURCES = {
    "adjudicated": "Adjudicated",
    "agreed": "Several coders agree",
    "single": "One coder",
    "disagreed": "Coders differ: no level",
    "none": "No reading: no level",
}
SETTLED_SEEN = {
    "readings": "the readings",
    "suggestion": "the model's suggestion too",
    "unknown": "unknown: settled elsewhere",
}
NO_LEVEL = {"disagreed": "whose readings that fit differ", "none": "without a reading that fits"}
# True of whatever was chosen: an event is named by the first filter that it does not fit.
LEFT = {
    "readings": "of another kind",
    "exposures": "given in another way than those chosen",
    "rubric_versions": "by other rubric versions",
    "days": "recorded on other days",
    "protocols": "of protocols that are not in it",
}
FIELDS = (
    "readings", "settled", "exposure", "rubrics", "since", "until", "split", *DEALT,
    "fenced_is_test", "apart", "seed",
)  # fmt: skip


def asked(form: MultiDict[str, str]) -> Asked:
    """What a form, or the address of the look beforehand, asks for."""
    return Asked(
        name=form.get("name", ""),
        notes=form.get("notes", ""),
        settled_only=form.get("settled") == "1",
        shares=_shares(form) if form.get("split") == "1" else None,
        columns=tuple(name.strip() for name in form.get("apart", "").split(",") if name.strip()),
        fenced_is_test=form.get("fenced_is_test") == "1",
        seed=_whole(form.get("seed", "1"), "seed"),
        readings=form.get("readings", "all"),
        exposures=tuple(form.getlist("exposure")),
        rubric_versions=tuple(
            _whole(part.strip(), "rubric version")
            for part in form.get("rubrics", "").split(",")
            if part.strip()
        ),
        since=form.get("since", ""),
        until=form.get("until", ""),
    )


def _shares(form: MultiDict[str, str]) -> dict[str, float]:
    found = {}
    for name in DEALT:
        said = form.get(name, "0")
        if not said.isdecimal() or len(said) > 3 or int(said) > 100:
            raise InvalidInput(f"{name.capitalize()} is a share in per cent: give 0 to 100.")
        found[name] = int(said) / 100
    return found


def _whole(said: str, what: str) -> int:
    if not said.isdecimal() or len(said) > 9:
        raise InvalidInput(f"The {what} is a whole number.")
    return int(said)
