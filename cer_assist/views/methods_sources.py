"""Where each number of the methods report comes from, by its path among the facts: the one list.

A star stands for any one step of a path. What no other command prints is printed by `methods`.
A page is named where it shows the very number, with the filters that this takes: a test follows
each. What stands on no page by itself, such as a median over all coders, has a command only.
"""

from __future__ import annotations

from functools import cache

from cer_assist.domain.prose import Source
from cer_assist.services.project_settings import SETTINGS

_OWN = "methods"
_CHANGED = "audit?action=project.settings"
_NOWHERE = ""  # no page shows it
_STANDS = "a coder's level that has not been replaced or taken back"
_Row = tuple[str, str] | tuple[str, str, str, str]

# path: meaning, page; then, where another command prints it, that command and the key. `{last}` is
# the last step of the path, `{before}` the one before it.
SOURCES: dict[str, _Row] = {
    "protocols.imported": ("All protocols of the project.", "protocols"),
    "protocols.labelled": (f"Protocols with at least one reading: {_STANDS}.", "progress"),
    "protocols.unread": ("Protocols without any reading that stands.", _NOWHERE),
    "coders.people": ("People who gave a reading in the program that stands.", _NOWHERE),
    "coders.people_imported": ("People all of whose readings were imported.", _NOWHERE),
    "coders.leads": (
        "Of those who gave a reading, those who lead or administer the project now.",
        _NOWHERE,
    ),
    "coders.fewest": ("The fewest readings of any one coder, imports left out.", "progress"),
    "coders.most": ("The most readings of any one coder, imports left out.", "progress"),
    "coders.median_seconds": (
        "Median over readings that stand of the seconds from showing a protocol to the answer, a "
        "second look at the suggestion included.",
        _NOWHERE,
    ),
    "coders.timed": ("Readings that stand of which the seconds are known.", _NOWHERE),
    "training.rounds": ("Rounds of training that were finished.", _NOWHERE),
    "training.passed": ("Coders who passed a round that counts.", "training/items"),
    "training.first_answers": (
        "Answers in the first finished round of each coder.",
        _NOWHERE,
    ),
    "training.first_right": (
        "Of the answers in coders' first rounds, those that named a level that counts as right.",
        _NOWHERE,
    ),
    "training.checks": (
        "Unannounced protocols of known level that coders answered blind.",
        _NOWHERE,
    ),
    "training.checks_right": (
        "Of the answers to attention checks, those that named a level that counts as right.",
        _NOWHERE,
    ),
    "rubric.levels": ("Levels of the rubric in use.", "rubric"),
    "labels.readings": (f"Readings: each is {_STANDS}.", "progress"),
    "labels.imported": ("Readings that stand and were imported.", _NOWHERE),
    "labels.corrections": (
        "Label events of coders that were replaced or taken back since.",
        _NOWHERE,
    ),
    "labels.seen.*": (
        "Readings that stand, by what the server recorded their coder to have seen before.",
        "desk?exposure={last}",
    ),
    "labels.share.*": ("The same as a share of all readings that stand.", _NOWHERE),
    "labels.by_lot.none": (
        "Readings that stand and by the lot were to have no suggestion, if there was one or not.",
        "desk?arm={last}",
    ),
    "labels.by_lot.suggestion": (
        "Readings that stand and by the lot might have a suggestion, if there was one.",
        "desk?arm={last}",
    ),
    "labels.by_lot.shown": (
        "Of the readings that might have a suggestion, those whose coder was shown one.",
        _NOWHERE,
    ),
    "labels.by_lot.nothing": (
        "Of the readings that might have a suggestion, those for which no model had made one.",
        _NOWHERE,
    ),
    "labels.by_rubric.*": (
        "Readings that stand, by the version of the rubric on the coder's screen.",
        "desk?rubric={last}",
    ),
    "settings.changes.*.*": (
        "A setting before or after a change, as the audit recorded it.",
        _CHANGED,
    ),
    "settings.uncertain_share": (
        "The share of the queue that the other shares leave to what the model was unsure of.",
        "settings",
    ),
    "settings.now.*": (
        "The setting “{title}” as it stands.",
        "settings",
        "settings",
        "settings.{last}.value",
    ),
    "exposure.labels": ("Label events of coders when the figures were made.", _NOWHERE),
    "exposure.switching.*": (
        "What coders did who saw the suggestion after their own answer, as a share of readings.",
        "exposure",
        "exposure",
        "switching.{last}",
    ),
    "exposure.switching.*.n": (
        "Readings that the share of changed answers, or of right or wrong ones, is of.",
        "exposure",
        "exposure",
        "switching.{before}.n",
    ),
    "exposure.differences.*.accuracy": (
        "The share of right readings with a suggestion less that without one, by lot.",
        "exposure",
        "exposure",
        "differences.{before}.accuracy",
    ),
    "double.protocols": ("Protocols with readings of at least two coders that stand.", _NOWHERE),
    "double.share": ("Of the protocols that were read, those that two or more read.", _NOWHERE),
    "double.more_than_two": ("Protocols with readings of three coders or more.", _NOWHERE),
    "agreement.protocols": (
        "Complete protocols with at least two independent readings: given before seeing any other.",
        "agreement",
        "agreement",
        "units",
    ),
    "agreement.coders": ("Coders who gave these.", "agreement"),
    "agreement.labels": ("Label events of coders when the figures were made.", _NOWHERE),
    "agreement.coefficients.*": (
        "A coefficient of agreement with its interval, of independent readings.",
        "agreement",
        "agreement",
        "coefficients.{last}",
    ),
    "agreement.warnings.*.*": (
        "A fact that makes a coefficient easy to misread.",
        "agreement",
        "agreement",
        "warnings.{before}.{last}",
    ),
    "agreement.again.*": (
        "Readings that a coder gave a second time without being told, over all coders.",
        _NOWHERE,
    ),
    "settling.*": (
        "Protocols by what adjudicators did last with them, or whose final level was imported.",
        _NOWHERE,
    ),
    "settling.adjudicators": ("People whose decisions stand.", _NOWHERE),
    "settling.by_party": (
        "Decisions that stand by somebody who had read the protocol as a coder.",
        _NOWHERE,
    ),
    "settling.tracks.*": (
        "Decisions that stand, by how far apart the readings were.",
        _NOWHERE,
    ),
    "settling.reasons.*": ("Decisions that stand, by the reason that was given.", _NOWHERE),
    "finals.*": (
        "Protocols that want no further reader, by how their final level came about.",
        _NOWHERE,
    ),
    "finals.waiting": ("Protocols with a level that still want a reader.", _NOWHERE),
    "finals.by_level.*": (
        "Final levels of protocols that want no further reader, by level.",
        _NOWHERE,
    ),
    "suggestions.readings": (
        "Readings that stand whose coder was shown a suggestion, before the answer or after it.",
        _NOWHERE,
    ),
    "suggestions.versions.*.readings": (
        "Readings that stand whose coder was shown a suggestion of this version.",
        _NOWHERE,
    ),
    "suggestions.versions.*.labels": (
        "Protocols with a settled level that this version had learnt.",
        _NOWHERE,
    ),
    "suggestions.versions.*.measured.*": (
        "Quality on labelled protocols of this version, or of the one that it had learnt on from.",
        _NOWHERE,
    ),
    "suggestions.others.*": (
        "The versions of which fewer suggestions were shown, together.",
        _NOWHERE,
    ),
    "model.labels": ("Protocols with a settled level that the version learnt.", "model"),
    "model.published": ("Versions of the model that were published.", _NOWHERE),
    "model.measured.*": (
        "Quality on labelled protocols, each judged by a model that had not read it.",
        "model",
        "progress",
        "measured.figures.{last}",
    ),
    "model.measured.since": (
        "Labels learnt since the figures were measured.",
        "model",
        "progress",
        "measured.since",
    ),
    "sample.standing.*": (
        "Protocols of the fenced sample by how far they are read.",
        "fence",
        "fence",
        "standing.{last}",
    ),
    "sample.draws.*.*": (
        "What was drawn at random, and from how many unread protocols.",
        "fence",
        "fence",
        "draws.{before}.{last}",
    ),
    "sample.estimate.*": (
        "Quality of the version in use on settled protocols of the fenced sample.",
        "fence",
        "fence",
        "estimate.{last}",
    ),
    "serving.reasons.*.answered": (
        "Readings, each a protocol given to a coder for this reason and then labelled.",
        "progress",
    ),
    "software.seed": ("Seed of the random numbers of resampling and training.", _NOWHERE),
}


@cache
def source_of(path: str) -> Source:
    """The source of the number at a path; KeyError for one that has none."""
    steps = path.split(".")
    row = SOURCES.get(path) or SOURCES[_pattern(steps)]
    command, key = (row[2], row[3]) if len(row) == 4 else (_OWN, f"facts.{path}")
    names = {"last": steps[-1], "before": steps[-2] if len(steps) > 1 else ""}
    title = SETTINGS[steps[-1]].title if steps[-1] in SETTINGS else ""
    page = row[1].format(**names)
    return Source(row[0].format(title=title), page, command, key.format(**names))


def _pattern(steps: list[str]) -> str:
    for known in SOURCES:
        parts = known.split(".")
        if len(parts) == len(steps) and all(
            part in ("*", step) for part, step in zip(parts, steps, strict=True)
        ):
            return known
    raise KeyError(f"a number without a source: {'.'.join(steps)}")
