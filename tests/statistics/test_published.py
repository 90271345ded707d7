"""Coefficients are those that were printed."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from cer_assist.statistics.agreement import agreement, pairwise
from tests.statistics.examples import (
    ABSTRACTORS,
    COHEN,
    fleiss_diagnoses,
    krippendorff_c,
    of_table,
)


def values(readings: np.ndarray, levels: int) -> dict[str, float]:
    found = agreement(readings, levels, seed=0, resamples=10)
    return {name: figure["value"] for name, figure in found.items()}


def test_krippendorffs_example_with_missing_readings() -> None:
    found = values(krippendorff_c(), 5)
    assert found["alpha_nominal"] == pytest.approx(0.7434, abs=5e-5)
    assert found["alpha_ordinal"] == pytest.approx(0.8154, abs=5e-5)
    assert found["alpha_interval"] == pytest.approx(0.8491, abs=5e-5)


def test_gwets_figures_of_the_same_example() -> None:
    found = values(krippendorff_c(), 5)
    assert found["percent"] == pytest.approx(0.81818, abs=5e-6)
    assert found["ac1"] == pytest.approx(0.77544, abs=5e-6)
    assert found["fleiss"] == pytest.approx(0.76117, abs=5e-6)


def test_gwets_example_of_two_abstractors() -> None:
    found = values(of_table(ABSTRACTORS), 3)
    printed = {
        "percent": 0.89,
        "kappa": 0.7964094,
        "fleiss": 0.7962397,  # of two coders: Scott's pi
        "ac1": 0.8493305,
        "alpha_nominal": 0.7972585,
    }
    assert {name: found[name] for name in printed} == pytest.approx(printed, abs=5e-8)


def test_fleiss_psychiatric_diagnoses() -> None:
    readings = fleiss_diagnoses()
    shares = np.bincount(readings.ravel()) / readings.size
    assert shares == pytest.approx([0.144, 0.144, 0.167, 0.306, 0.239], abs=5e-4)
    found = values(readings, 5)
    assert found["percent"] == pytest.approx(0.5556, abs=5e-5)
    assert found["fleiss"] == pytest.approx(0.430, abs=5e-4)


def test_cohens_psychiatric_diagnoses() -> None:
    found = values(of_table(COHEN), 3)
    assert found["percent"] == pytest.approx(0.70)
    assert found["kappa"] == pytest.approx(0.492, abs=5e-4)


def test_readers_of_emobank(reference_data: Path) -> None:
    path = reference_data / "benchmarks" / "emobank_reader_ratings.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        ratings = [json.loads(line)["ratings_V"] for line in lines]
    readings = np.full((len(ratings), max(map(len, ratings))), -1)
    for row, given in zip(readings, ratings, strict=True):
        row[: len(given)] = np.array(given) - 1
    assert values(readings, 5)["alpha_ordinal"] == pytest.approx(0.3432, abs=5e-5)


def test_readers_of_the_reference_protocols(reference_data: Path) -> None:
    levels: dict[str, dict[str, int]] = {"reader-1": {}, "reader-2": {}, "final": {}}
    with (reference_data / "cenr" / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            levels[row["coder"]][row["protocol_id"]] = int(row["level"]) - 1
    first, second = levels["reader-1"], levels["reader-2"]
    readings = np.array([[first[key], second[key]] for key in first])
    (pair,) = pairwise(readings, 5, seed=0)
    assert pair["n"] == 404
    assert pair["kappa_quadratic"]["value"] == pytest.approx(0.977, abs=5e-4)
    assert pair["kappa_quadratic"]["low"] > 0.95
