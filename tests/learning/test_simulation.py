"""Replayed projects: nothing leaks, all strategies start alike, and a stopped run goes on."""

import json
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cer_assist.cli.simulate import simulate_command
from cer_assist.compute import executor
from cer_assist.domain.errors import InvalidInput
from cer_assist.learning.compared import Model
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.progress import silent
from cer_assist.learning.replays import CEILING, replay_all
from cer_assist.learning.simulation import Arena, Plan, checked
from cer_assist.learning.strategies import STRATEGIES
from tests.learning.shared import SCALE, Demo

PLAN = Plan("tfidf_lr", start=8, batch=6, budget=20)


@pytest.fixture(scope="module")
def arena(cache: FeatureCache, demo: Demo) -> Arena:
    data = Labelled(demo.documents, np.array(demo.levels))
    return Arena.of(data, SCALE, cache, None, silent)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_a_project_goes_from_its_first_labels_to_the_end_of_its_budget(
    arena: Arena, strategy: str
) -> None:
    rounds = arena.replay(strategy, 0, PLAN)
    assert [one.labels for one in rounds] == [8, 14, 20]
    assert rounds == arena.replay(strategy, 0, PLAN)
    for one in rounds:
        assert -1 <= one.measures["qwk"] <= 1
        assert len(one.recall) == len(SCALE)
        assert sum(one.chosen) == one.labels


def test_the_first_model_is_the_same_whatever_the_strategy(arena: Arena) -> None:
    one, other = (arena.replay(name, 3, PLAN) for name in ("random", "entropy"))
    assert one[0] == other[0]
    assert one[1:] != other[1:]


def test_more_than_there_is_ends_with_all_of_it(arena: Arena) -> None:
    plan = Plan("tfidf_lr", start=8, batch=100, budget=10_000)
    rounds = arena.replay("margin", 0, plan)
    assert rounds[-1] == arena.ceiling(0, plan)


def test_what_is_judged_is_never_learnt_nor_a_near_copy_of_it(
    arena: Arena, cache: FeatureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled = Labelled(arena.data.documents * 2, np.tile(arena.data.levels, 2))
    twice = Arena.of(doubled, SCALE, cache, None, silent)
    learnt: list[set[str]] = []
    learn = Arena._learn

    def watched(self: Arena, model: Model, known: np.ndarray, taught: np.ndarray) -> None:
        learnt.append({self.data.documents[at].key for at in known})
        learn(self, model, known, taught)

    monkeypatch.setattr(Arena, "_learn", watched)
    for seed in range(3):
        twice.replay("coreset", seed, PLAN)
        judged = {doubled.documents[at].key for at in twice.setting(seed, PLAN).test}
        assert judged
        assert all(judged.isdisjoint(keys) for keys in learnt)
        learnt.clear()


def test_plans_that_cannot_be_carried_out_are_refused(arena: Arena) -> None:
    with pytest.raises(InvalidInput, match="needs 6 labels"):
        checked(Plan("lexical", 5, 5, 50))
    with pytest.raises(InvalidInput, match="below the 20 first"):
        checked(Plan("lexical", 20, 5, 10))
    with pytest.raises(InvalidInput, match="too few to start with 500"):
        arena.setting(0, Plan("lexical", 500, 5, 1000))


def test_a_model_learns_on_from_round_to_round_as_a_project_s_does(arena: Arena) -> None:
    plan = Plan("rubric", start=10, batch=8, budget=34)
    data = Labelled(arena.data.documents, arena.data.levels)
    rounds = arena.replay("random", 0, plan)
    again = Arena(**{**vars(arena), "data": data}).replay("random", 0, plan)
    assert rounds == again
    assert [one.labels for one in rounds] == [10, 18, 26, 34]


def test_coders_err_as_often_as_they_are_said_to_and_always_the_same(arena: Arena) -> None:
    matrix = np.eye(len(SCALE)) * 6 + 1  # right six times and once more, else anywhere
    plan = Plan("tfidf_lr", 8, 6, 20, tuple(map(tuple, matrix.tolist())))
    levels = arena.data.levels
    wrong = [float((arena.taught(seed, plan) != levels).mean()) for seed in range(200)]
    assert np.mean(wrong) == pytest.approx(4 / 11, abs=0.02)
    assert (arena.taught(3, plan) == arena.taught(3, plan)).all()
    assert (arena.taught(3, plan) != arena.taught(4, plan)).any()
    assert arena.taught(0, PLAN) is levels
    always = Plan("tfidf_lr", 8, 6, 20, tuple(map(tuple, np.eye(len(SCALE)).tolist())))
    assert (arena.taught(0, always) == levels).all()
    assert arena.ceiling(0, always) == arena.ceiling(0, PLAN)
    assert arena.ceiling(0, plan) != arena.ceiling(0, PLAN)  # judged by the true levels still
    for bad in ((), ((1.0,) * 5,) * 4, ((0.0,) * 5,) * 5, ((-1.0, 2.0, 0, 0, 0),) * 5):
        with pytest.raises(InvalidInput, match="confusion needs 5 rows"):
            arena.taught(0, Plan("tfidf_lr", 8, 6, 20, bad))


class Counting(Executor):
    """Runs in this process what other processes would, and counts it; stops where it is told to."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []

    def submit(self, call: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.done.append((arguments[2], arguments[3]))
        future.set_result(call(*arguments, **named))
        return future


def test_processes_side_by_side_find_what_one_finds(arena: Arena, tmp_path: Path) -> None:
    how = arena, PLAN, ["random", "margin"], 2
    counting = Counting()
    alone = replay_all(*how, counting)
    assert sorted(counting.done) == sorted(
        (name, seed) for name in ("random", "margin", CEILING) for seed in (0, 1)
    )
    told: list[float] = []
    with executor(2) as two:
        out = tmp_path / "runs.jsonl"
        found = replay_all(*how, two, out=out, progress=lambda share, note: told.append(share))
    assert found == alone
    assert told == [pytest.approx(n / 6) for n in range(1, 7)]
    again = Counting()
    assert replay_all(*how, again, out=out) == alone
    assert again.done == []


def simulate(*arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(simulate_command, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


def test_a_stopped_simulation_goes_on_and_says_the_same(
    cache: FeatureCache, demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "features").symlink_to(cache.folder.parent)
    rows = [
        json.dumps({"id": at, "text": document.text, "level": level})
        for at, (document, level) in enumerate(zip(demo.documents, demo.levels, strict=True))
    ]
    data, out = tmp_path / "all.jsonl", tmp_path / "runs.jsonl"
    data.write_text("\n".join(rows))
    call = ["--home", tmp_path, "--data", data, "--model", "tfidf_lr", "--strategy"]
    call += [
        "random,margin",
        "--start",
        8,
        "--batch",
        6,
        "--budget",
        20,
        "--seeds",
        2,
        "--workers",
        1,
        "--json",
    ]
    whole = simulate(*call, "--out", out)
    assert list(whole["strategies"]) == ["random", "margin"]
    assert whole == simulate(*call)
    lines = out.read_text().splitlines(keepends=True)
    assert len(lines) == 2 * 3  # two strategies and every label, two seeds
    out.write_text("".join(lines[:3]) + lines[3][:20])  # killed while it wrote
    assert simulate(*call, "--out", out) == whole
    assert len(out.read_text().splitlines()) == 6
    written = out.stat().st_mtime_ns
    assert simulate(*call, "--out", out) == whole
    assert out.stat().st_mtime_ns == written
    refused = CliRunner().invoke(
        simulate_command, [str(one) for one in [*call, "--out", out, "--batch", 5]]
    )
    assert isinstance(refused.exception, InvalidInput)
    assert "another plan" in str(refused.exception)
    unknown = CliRunner().invoke(
        simulate_command, [str(one) for one in [*call, "--strategy", "hope"]]
    )
    assert "There is no strategy hope" in str(unknown.exception)
    words = tmp_path / "confusion.csv"
    words.write_text("right,wrong\n")
    garbled = CliRunner().invoke(
        simulate_command, [str(one) for one in [*call, "--confusion", words]]
    )
    assert "nothing but numbers" in str(garbled.exception)
