"""Trials change one part of the generator for one fit, and leave no trace."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.trials import command, measuring
from benchmarks.trials.designs import TRIALS

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    pytest.importorskip("xgboost")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.normal(40, 9, 300), "sex": rng.choice(["f", "m"], 300)})
    table["work"] = np.where(rng.random(300) < 0.3, None, "some")
    table["hours"] = np.where(table["work"].isna(), np.nan, rng.normal(30, 9, 300))
    table["label"] = np.where(table["age"] + rng.normal(0, 9, 300) > 42, "more", "less")
    table.to_csv(tmp_path / "people.csv", index=False)
    for name, trial in TRIALS.items():
        monkeypatch.setitem(TRIALS, name, replace(trial, options={**trial.options, "max_steps": 3}))
    monkeypatch.setattr(measuring, "DRAWS", 1)
    return tmp_path


def arguments(folder, *trials):
    data = ["--data", str(folder), "--tables", "people", "--output", str(folder / "o.json")]
    return [*data, "--trials", *trials]


def test_each_trial_gets_a_line_with_and_without_filters(folder, capsys):
    command.main(arguments(folder, *TRIALS))
    printed = capsys.readouterr().out
    assert all(f"| {name} | 1 |" in printed for name in TRIALS)
    cases = json.loads((folder / "o.json").read_text())["cases"]
    for case in cases:
        assert case["result"]["filtered"].keys() == case["result"]["unfiltered"].keys() == command.MEASURES.keys()


def test_a_finished_case_is_not_measured_again(folder, capsys, monkeypatch):
    command.main(arguments(folder, "now"))
    capsys.readouterr()
    monkeypatch.setattr(command, "measure_job", None)
    command.main(arguments(folder, "now"))
    assert "| now | 1 |" in capsys.readouterr().out


def test_a_summary_needs_no_data(folder, capsys):
    command.main(arguments(folder, "now"))
    capsys.readouterr()
    command.main(["--summary", str(folder / "o.json")])
    assert "### people: 202 training rows" in capsys.readouterr().out


def test_without_data_there_is_nothing_to_measure(capsys):
    with pytest.raises(SystemExit):
        command.main([])
    assert "--data" in capsys.readouterr().err


def test_a_trial_is_undone_even_after_an_error():
    for trial in TRIALS.values():
        changed = [(module, name) for module, name, _ in trial.replaced]
        before = [getattr(module, name) for module, name in changed]
        with pytest.raises(RuntimeError), trial.apply():
            assert all(getattr(module, name) is value for module, name, value in trial.replaced)
            raise RuntimeError
        assert [getattr(module, name) for module, name in changed] == before
