import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cer_assist.cli.evaluate import MODEL_NAMES, evaluate_command
from cer_assist.cli.label_files import read_levels
from cer_assist.domain.errors import InvalidInput
from cer_assist.learning.compared import MODELS
from cer_assist.learning.evaluation import cross_validate
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import read_labelled, scale_of
from cer_assist.learning.progress import silent
from tests.learning.shared import Demo


def run(*arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(evaluate_command, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def files(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as labelled JSONL (plain and gzipped) and as JSONL with labels beside it."""
    folder = tmp_path_factory.mktemp("labelled")
    rows = [{"id": at, "text": document.text} for at, document in enumerate(demo.documents)]
    levels = [{"level": level} for level in demo.levels]
    labelled = [json.dumps(row | level) for row, level in zip(rows, levels, strict=True)]
    (folder / "all.jsonl").write_text("\n".join(labelled))
    # The beginnings only: what every kind has read within seconds.
    short = [
        json.dumps({"id": at, "text": document.text[:300], "level": level})
        for at, (document, level) in enumerate(zip(demo.documents, demo.levels, strict=True))
    ]
    (folder / "train.jsonl").write_text("\n".join(short[:32]))
    (folder / "test.jsonl.gz").write_bytes(gzip.compress("\n".join(short[30:]).encode()))
    (folder / "texts.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    lines = [f"{at},final,{level}" for at, level in enumerate(demo.levels[:40])]
    lines += [f"{at},ana,1" for at in range(40)]
    (folder / "labels.csv").write_text("protocol_id,coder,level\n" + "\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def home(cache: FeatureCache, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose features are those of the session's cache."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "features").symlink_to(cache.folder.parent)
    return folder


def test_cross_validation_prints_one_object_with_all_figures(files: Path, home: Path) -> None:
    found = run("--home", home, "--data", files / "all.jsonl", "--folds", 3, "--json")
    assert list(found) == ["blend"]
    row = found["blend"]
    for name in ("accuracy", "macro_f1", "qwk", "mae", "ece"):
        low, high = row["intervals"][name]
        assert low <= high, name
    assert row["n"] == np.sum(row["confusion"])
    assert row["train_seconds"] > 0
    assert "near-duplicate" in row["measured_on"]


def test_all_models_run_side_by_side_and_leave_out_copies_of_test_rows(
    files: Path, home: Path
) -> None:
    train, test = files / "train.jsonl", files / "test.jsonl.gz"
    found = run("--home", home, "--train", train, "--test", test, "--model", "all", "--json")
    assert set(found) == set(MODEL_NAMES) == set(MODELS)
    for row in found.values():
        assert (row["near_duplicates"], row["n_train"]) == (2, 30)
        assert "predicted" not in row
    gap = found["blend"]["qwk"] - found["lexical"]["qwk"]
    ahead = found["lexical"]["ahead"]["blend"]["qwk"]
    assert ahead["value"] == pytest.approx(gap)
    assert ahead["low"] <= gap <= ahead["high"]
    assert "ahead" not in found["blend"]


def test_labels_may_stand_in_a_file_of_their_own(files: Path, home: Path) -> None:
    found = run(
        "--home", home, "--data", files / "texts.jsonl", "--labels", files / "labels.csv",
        "--coder", "final", "--model", "lexical", "--n-train", 20, "--folds", 2, "--json",
    )  # fmt: skip
    assert (found["lexical"]["n"], found["lexical"]["n_train"]) == (40, 20)


def test_words_are_measured_against_chance_and_against_marked_evidence(
    files: Path, home: Path, demo: Demo, tmp_path: Path
) -> None:
    quotes = [document.text[:40] for document in demo.documents[:40]]
    quotes[3] = "words that stand in no protocol"
    rows = [f'{at},final,{demo.levels[at]},"{quote}"' for at, quote in enumerate(quotes)]
    labels = tmp_path / "labels.csv"
    labels.write_text("protocol_id,coder,level,evidence\n" + "\n".join(rows), encoding="utf-8")
    arguments = [
        "--home", home, "--data", files / "texts.jsonl", "--labels", labels, "--folds", 2,
        "--repeats", 2, "--model", "lexical", "--model", "tfidf_lr", "--faithfulness",
    ]  # fmt: skip
    found = run(*arguments, "--json")
    words = found["lexical"]["faithfulness"]
    assert (words["n"], words["marked"]["n"]) == (40, 39)
    for figures in words["methods"].values():
        for figure in figures.values():
            assert figure["low"] <= figure["value"] <= figure["high"]
    assert words["stability"]["gradients"]["top"]["value"] > 0
    assert found["tfidf_lr"]["faithfulness"]["n"] == 0
    printed = CliRunner().invoke(evaluate_command, [str(argument) for argument in arguments])
    assert "comprehensiveness" in printed.stdout
    assert "tfidf_lr: no words to show" in printed.stdout
    taught = run(*arguments, "--evidence", "--json")
    # All marks begin a text: models that learnt it say so, and suggest the same levels as before.
    methods = taught["lexical"]["faithfulness"]["methods"]
    assert methods["supervised"]["auprc"]["low"] > methods["attention"]["auprc"]["high"]
    assert methods["in_passages"]["auprc"] == words["methods"]["attended"]["auprc"]
    assert (taught["lexical"]["qwk"], taught["lexical"]["ece"]) == tuple(
        found["lexical"][name] for name in ("qwk", "ece")
    )
    printed = CliRunner().invoke(evaluate_command, [str(a) for a in (*arguments, "--evidence")])
    assert "supervised, times what attention reaches" in printed.stdout


def test_nothing_is_encoded_for_models_that_read_no_states(
    files: Path, home: Path, tmp_path: Path
) -> None:
    short = ("--train", files / "train.jsonl", "--test", files / "test.jsonl.gz")
    asked = (*short, "--json", "--model", "lexical")
    alone = run("--home", tmp_path, *asked, "--model", "tfidf_lr")
    assert not list(tmp_path.rglob("*.states"))
    beside = run("--home", home, *asked, "--model", "meaning")
    for name in ("qwk", "ece", "confusion"):
        assert alone["lexical"][name] == beside["lexical"][name]


def test_without_json_a_table_is_printed(files: Path, home: Path) -> None:
    arguments = ["--home", home, "--data", files / "all.jsonl", "--model", "tfidf_lr"]
    done = CliRunner().invoke(evaluate_command, [str(argument) for argument in arguments])
    assert done.stdout.startswith("model")
    assert "tfidf_lr" in done.stdout


@pytest.mark.parametrize("flags", [[], ["--faithfulness"]])
def test_evidence_wants_labels_and_words_to_measure(flags: list[str], files: Path) -> None:
    named = ["--data", str(files / "all.jsonl"), "--evidence", *flags]
    done = CliRunner().invoke(evaluate_command, named)
    assert done.exit_code == 2
    assert "--faithfulness and --labels" in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["--train", "all.jsonl"], ["--data", "all.jsonl", "--test", "all.jsonl"]]
)
def test_wrong_use_is_exit_code_two(arguments: list[str], files: Path) -> None:
    named = [str(files / word) if word.endswith("jsonl") else word for word in arguments]
    done = CliRunner().invoke(evaluate_command, named)
    assert done.exit_code == 2
    assert "--data" in done.stderr


def test_no_copy_of_a_document_is_trained_on_while_it_is_tested(
    files: Path, cache: FeatureCache
) -> None:
    """With a copy of every document added, a leaking harness would score near 1."""
    data = read_labelled(files / "all.jsonl")
    doubled = type(data)(data.documents * 2, np.tile(data.levels, 2))
    how: dict[str, Any] = {"folds": 5, "repeats": 1, "n_train": None, "progress": silent}
    once, twice = (
        cross_validate("lexical", rows, scale_of(rows), cache, **how) for rows in (data, doubled)
    )
    assert twice["near_duplicates"] == len(data.levels)
    assert twice["accuracy"] < once["accuracy"] + 0.15


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "row 2"),
        ('{"id": 1, "level": 2}', "text"),
        ('{"id": 1, "text": "a"}', "whole number"),
        ('{"id": 1, "text": "a", "level": 2.5}', "whole number"),
        ('{"id": 1, "text": " ", "label": 2}', "no text"),
        ("[1]", "row 2"),
    ],
)
def test_unusable_rows_are_named(row: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 0, "text": "fine", "level": 1}\n' + row)
    with pytest.raises(InvalidInput, match=message):
        read_labelled(path)


def test_an_unknown_coder_is_answered_with_the_known_ones(files: Path) -> None:
    with pytest.raises(InvalidInput, match="ana, final"):
        read_levels(files / "labels.csv", "bob")
