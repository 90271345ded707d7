"""Settings from the command line: what the page does, by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cer_assist.cli import cer
from cer_assist.domain.errors import CerError
from cer_assist.services.project_settings import SETTINGS, Kind
from tests.cli.conftest import Run


def test_settings_are_shown_changed_and_audited(run: Run, tmp_path: Path) -> None:
    run("projects", "create", "irb")
    run("users", "add", "lea", "--project", "irb", "--role", "lead")
    before = run("settings", "irb")["settings"]
    assert list(before) == list(SETTINGS)
    pairs = ("check_share=2%", "rare_share=0.3", "open_pool=no", "suggestion_policy=hidden")
    changed = run("settings", "irb", *pairs, "retrain_every=9", "--as", "lea")["changed"]
    assert changed == {
        "check_share": [0.0, 0.02],
        "rare_share": [0.4, 0.3],
        "open_pool": [True, False],
        "suggestion_policy": ["after", "hidden"],
        "retrain_every": [5, 9],
    }
    after = {name: one["value"] for name, one in run("settings", "irb")["settings"].items()}
    wanted = {name: value for name, (_, value) in changed.items()}
    assert after == {name: one["value"] for name, one in before.items()} | wanted
    assert run("settings", "irb", *pairs)["changed"] == {}
    assert run("audit", "verify")["intact"]
    shown = CliRunner().invoke(cer, ["settings", "irb", "--home", str(tmp_path)]).stdout
    assert "check_share            2%       Attention checks." in shown
    assert len(shown.splitlines()) == len(SETTINGS)


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("colour=red", "there are name, suggestion_policy, no_suggestion_share"),
        ("suggestion_policy=always", "takes one of hidden, after, shown"),
        ("open_pool=perhaps", "takes yes or no"),
        ("check_share=1", "such as 0.2 or 20%"),
        ("check_share=101%", "from 0% to 100%"),
        ("check_share=0.125", "takes whole per cent"),
        ("check_share=nan%", "takes whole per cent"),
        ("wanted_qwk=100%", "from 1% to 99%"),
        ("adjudicators=3", "a whole number, 1 to 2 of the same opinion"),
        ("name=", "takes 1 to 200 characters"),
        ("random_share=70%", "add up to 110 %"),
        ("qualifies_first=yes", "add some under Training"),
        ("retrain_every=8", "given twice"),
        ("open_pool", "no NAME=VALUE"),
    ],
)
def test_one_bad_value_and_nothing_is_changed(run: Run, pair: str, said: str) -> None:
    run("projects", "create", "irb")
    before = run("settings", "irb")
    with pytest.raises(CerError, match=said):
        run("settings", "irb", "retrain_every=9", pair)
    assert run("settings", "irb") == before


def test_only_who_leads_is_written_down_as_the_one_who_did_it(run: Run) -> None:
    run("projects", "create", "irb")
    run("users", "add", "ana", "--project", "irb")
    with pytest.raises(CerError, match="does not lead"):
        run("settings", "irb", "retrain_every=9", "--as", "ana")


def test_what_is_shown_can_be_given_back() -> None:
    for setting in SETTINGS.values():
        if setting.kind is Kind.share:
            for percent in range(setting.low, setting.high + 1):
                assert setting.read(setting.write(percent / 100)) == percent / 100
