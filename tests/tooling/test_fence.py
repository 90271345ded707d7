"""Which modules read labels is known, so that a new way for a fenced label to be learnt is seen."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "cer_assist"
TABLES = {"CurrentLabel", "LabelEvent", "DeskRow", "WordRemark"}
RAW = {"final_levels"}  # of training_data: with the fenced ones
# Looked at: what each does with labels. Who adds a module says here why no fenced label is learnt
# through it, and takes levels for a model from training_data.settled_levels alone.
READERS = {
    "services/training_data.py": "the only way to the learner: leaves fenced labels out",
    "services/exposure_readings.py": "what coders said with suggestions and without, for figures",
    "services/fence.py": "what the sample's readers said, for figures",
    "services/fence_draws.py": "whether anybody has answered",
    "services/activity.py": "counts for the Progress page",
    "services/adjudicating.py": "one's own final label, to store the next one",
    "services/agreement.py": "what coders said, for figures of agreement",
    "services/answer_state.py": "a coder's own answer, to store the next one",
    "services/assignment_board.py": "who has skipped or answered",
    "services/assignments.py": "who has answered",
    "services/audit.py": "hashes of events",
    "services/audit_report.py": "what was answered in a period, for the report",
    "services/card.py": "a coder's own answer, for the page",
    "services/dealing.py": "who has answered",
    "services/desk_choices.py": "who has answered, for the desk's filters",
    "services/desk_readings.py": "readings beside suggestions and final levels, for auditors",
    "services/desk_rows.py": "derives what the desk counts, for auditors",
    "services/desk_versions.py": "counts answers between two versions",
    "services/dispute_case.py": "readings that differ, for who settles them",
    "services/dispute_count.py": "counts readings that differ",
    "services/disputes.py": "which readings differ, and how far",
    "services/dossier.py": "whether one has answered, for the page",
    "services/explanations.py": "whether a level came later than a version",
    "services/export_rows.py": "exports, which name the fenced ones",
    "services/history.py": "whether others have answered, to record that it was shown",
    "services/label_events.py": "stores",
    "services/label_effects.py": "counts, for how many readers are missing",
    "services/label_checks.py": "whether anybody has answered since",
    "services/labelling.py": "stores",
    "services/methods_labels.py": "counts of readings and final levels, for a text",
    "services/methods_reports.py": "counts labels, for a text",
    "services/methods_settling.py": "how far apart settled readings were, counts",
    "services/models.py": "which suggestions an event refers to",
    "services/outlooks.py": "counts what was read, for forecasts",
    "services/own_labels.py": "a coder's own answers, for themselves",
    "services/own_lane.py": "where a coder's own answer stands, for the page",
    "services/prior_labels.py": "stores imported labels",
    "services/projects.py": "counts",
    "services/proposals.py": "whether one may still code, for the page",
    "services/protocols.py": "a coder's own level, for the list",
    "services/pseudonyms.py": "who has coded, for their pseudonyms",
    "services/queue.py": "who has answered",
    "services/queue_board.py": "counts skips",
    "services/queue_check.py": "whether one has answered",
    "services/queue_retest.py": "which readings may come back to their coder",
    "services/read_again.py": "what a coder has read, for who has it read again",
    "services/reading.py": "a coder's own answer",
    "services/remarks.py": "remarks, given to learnt protocols only (services/marks.py)",
    "services/repeats.py": "a coder's second readings beside their first, for figures",
    "services/rereading.py": "readings of an older rubric, for who decides about them",
    "services/retraining.py": "counts new events",
    "services/rubric_versions.py": "which version a coder read by, counts",
    "services/studies.py": "whether anybody has answered",
    "services/timeline.py": "what an answer replaced, for the page",
    "services/timeline_sources.py": "what happened to a protocol, for the page",
    "services/training_checks.py": "what coders said of attention checks, for their lead",
    "services/training_items.py": "settled levels, for people to practise on; no model reads them",
    "services/training_rounds.py": "whether one has answered",
    "services/snapshot_making.py": "up to which event a snapshot goes, and how many there are",
    "services/snapshot_levels.py": "which final levels were given over a suggestion",
    "services/standing.py": "readings and final level that stand, for who settles",
    "services/verification.py": "hashes of events",
    "services/word_contexts.py": "a coder's own labels, for the page",
}


def uses(path: Path, names: set[str]) -> bool:
    """Whether a module imports one of these names or takes it from a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and names & {alias.name for alias in node.names}:
            return True
        if isinstance(node, ast.Attribute) and node.attr in names:
            return True
    return False


def modules_that_use(names: set[str]) -> set[str]:
    found = {path for path in PACKAGE.rglob("*.py") if uses(path, names)}
    return {path.relative_to(PACKAGE).as_posix() for path in found} - {"store/tables/__init__.py"}


def test_every_module_that_reads_labels_has_been_looked_at() -> None:
    assert modules_that_use(TABLES) == READERS.keys()


def test_levels_with_the_fenced_ones_go_to_nobody() -> None:
    assert modules_that_use(RAW) == set()


def test_the_worker_learns_from_what_training_data_gives() -> None:
    """material.read_material is where every training begins: it alone makes a Material."""
    assert modules_that_use({"Material"}) == {
        "doubting.py",  # holds levels against models, makes no version
        "ordering.py",
        "refreshing.py",
        "tasks.py",
    }
    assert modules_that_use({"settled_levels"}) == {
        "material.py",
        "services/deep_refresh.py",  # how many there are
        "services/first_model.py",  # which levels have some
        "services/label_checks.py",  # how many there are
        "services/outlooks.py",  # how many there are, for forecasts
        "services/rubric_drafts.py",  # whether an example's protocol has one
        "services/simulations.py",  # replays with them, makes no version
        "services/word_contexts.py",  # shows them
        "cli/neat_vision.py",  # shows them
    }
    assert modules_that_use({"given_levels"}) == {
        "services/prevalence_readings.py",  # counts all that were read, the fenced ones too
    }
    assert modules_that_use({"training_levels"}) == set()
