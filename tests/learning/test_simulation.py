"""Replayed projects: nothing leaks, all strategies start alike, and a stopped run goes on."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cer_assist.cli.simulate import simulate_command
from cer_assist.domain.errors import InvalidInput
from cer_assist.learning import simulation
from cer_assist.learning.features import FeatureCache
from cer_assist.learning.labelled import Labelled
from cer_assist.learning.progress import silent
from cer_assist.learning.simulation import Arena, Plan, Round, checked, summary
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
    rounds = arena.replay(strategy, 0, PLAN, silent)
    assert [one.labels for one in rounds] == [8, 14, 20]
    assert rounds == arena.replay(strategy, 0, PLAN, silent)
    for one in rounds:
        assert -1 <= one.measures["qwk"] <= 1
        assert len(one.recall) == len(SCALE)


def test_the_first_model_is_the_same_whatever_the_strategy(arena: Arena) -> None:
    one, other = (arena.replay(name, 3, PLAN, silent) for name in ("random", "entropy"))
    assert one[0] == other[0]
    assert one[1:] != other[1:]


def test_more_than_there_is_ends_with_all_of_it(arena: Arena) -> None:
    plan = Plan("tfidf_lr", start=8, batch=100, budget=10_000)
    rounds = arena.replay("margin", 0, plan, silent)
    assert rounds[-1] == arena.ceiling(0, plan)


def test_what_is_judged_is_never_learnt_nor_a_near_copy_of_it(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubled = Labelled(arena.data.documents * 2, np.tile(arena.data.levels, 2))
    twice = Arena.of(doubled, SCALE, arena.cache, None, silent)
    learnt: list[set[str]] = []
    fitted = Arena._fitted

    def watched(self: Arena, kind: str, seed: int, known: np.ndarray) -> Any:
        learnt.append({self.data.documents[at].key for at in known})
        return fitted(self, kind, seed, known)

    monkeypatch.setattr(Arena, "_fitted", watched)
    for seed in range(3):
        twice.replay("coreset", seed, PLAN, silent)
        judged = {doubled.documents[at].key for at in twice.setting(seed, 8).test}
        assert judged
        assert all(judged.isdisjoint(keys) for keys in learnt)
        learnt.clear()


def test_plans_that_cannot_be_carried_out_are_refused(arena: Arena) -> None:
    with pytest.raises(InvalidInput, match="needs 6 labels"):
        checked(Plan("lexical", 5, 5, 50))
    with pytest.raises(InvalidInput, match="below the 20 first"):
        checked(Plan("lexical", 20, 5, 10))
    with pytest.raises(InvalidInput, match="too few to start with 500"):
        arena.setting(0, 500)


def rounds_of(*values: float) -> list[Round]:
    return [
        Round(10 * (at + 1), dict.fromkeys(simulation.MEASURES, value), [value, None])
        for at, value in enumerate(values)
    ]


def test_areas_and_labels_needed_are_those_worked_out_by_hand() -> None:
    runs = {
        "random": [rounds_of(0.2, 0.4, 0.6), rounds_of(0.0, 0.2, 0.4)],
        "margin": [rounds_of(0.2, 0.6, 0.8), rounds_of(0.0, 0.2, 0.4)],
    }
    ceilings = [*rounds_of(0.6), *rounds_of(1.0)]
    found = summary(runs, ceilings)
    assert found["random"]["area"]["value"] == pytest.approx((0.4 + 0.2) / 2)
    assert found["margin"]["area"]["value"] == pytest.approx((0.55 + 0.2) / 2)
    assert found["margin"]["ahead_of_random"]["value"] == pytest.approx(0.075)
    assert "ahead_of_random" not in found["random"]
    needed = found["margin"]["labels_needed"]
    assert (needed["value"], needed["reached"], needed["of"]) == (20, 1, 2)
    assert found["random"]["labels_needed"]["value"] == 30
    assert [point["labels"] for point in found["margin"]["curve"]] == [10, 20, 30]
    assert found["margin"]["curve"][1]["recall"] == [pytest.approx(0.4), None]


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
    call += ["random,margin", "--start", 8, "--batch", 6, "--budget", 20, "--seeds", 2, "--json"]
    whole = simulate(*call, "--out", out)
    assert list(whole["strategies"]) == ["random", "margin"]
    assert whole == simulate(*call)
    lines = out.read_text().splitlines(keepends=True)
    assert len(lines) == 2 * 3  # two strategies and every label, two seeds
    out.write_text("".join(lines[:3]) + lines[3][:20])  # killed while it wrote
    again: list[int] = []
    fitted = Arena._fitted

    def counted(self: Arena, kind: str, seed: int, known: np.ndarray) -> Any:
        again.append(seed)
        return fitted(self, kind, seed, known)

    monkeypatch.setattr(Arena, "_fitted", counted)
    assert simulate(*call, "--out", out) == whole
    assert set(again) == {1}
    again.clear()
    assert simulate(*call, "--out", out) == whole
    assert again == []
    refused = CliRunner().invoke(
        simulate_command, [str(one) for one in [*call, "--out", out, "--batch", 5]]
    )
    assert isinstance(refused.exception, InvalidInput)
    assert "another plan" in str(refused.exception)
    unknown = CliRunner().invoke(
        simulate_command, [str(one) for one in [*call, "--strategy", "hope"]]
    )
    assert "There is no strategy hope" in str(unknown.exception)
