"""The benchmark of conditions checks rows by itself, and says what each condition takes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import conditions

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.integers(20, 60, 400), "sex": rng.choice(["Female", "Male"], 400)})
    table["income"] = np.where(table["age"] + rng.normal(0, 9, 400) > 42, "more", "less")
    table.to_csv(tmp_path / "people.csv", index=False)
    asked = [{}, {"sex": "Female"}, {"age": (None, 30), "sex": ["Male"]}]
    monkeypatch.setattr(conditions, "ASKED", {"people": asked, "adult": []})
    monkeypatch.setattr(conditions, "ROWS", 50)
    return tmp_path


def command(folder):
    return ["--data", str(folder), "--table", "people", "--options", '{"max_steps": 5}', "--output", str(folder / "o")]


def test_each_condition_gets_a_line_with_its_share_and_cost(folder, capsys):
    conditions.main(command(folder))
    printed = capsys.readouterr().out
    assert "| none | 100.00% |  |" in printed and "| age: (None, 30), sex: ['Male'] |" in printed
    (case,) = json.loads((folder / "o").read_text())["cases"]
    everything, women, young = case["result"]["conditions"]
    assert everything["tried"] is None and young["tried"] > women["tried"] >= 50
    assert 0.4 < women["share"] < 0.6 and young["share"] < 0.25


def test_a_finished_case_is_not_measured_again(folder, monkeypatch, capsys):
    conditions.main(command(folder))
    first = capsys.readouterr().out
    monkeypatch.setattr(conditions, "measure_conditions", None)
    conditions.main(command(folder))
    assert capsys.readouterr().out == first


def test_rows_that_do_not_meet_a_condition_end_the_run(folder, monkeypatch):
    monkeypatch.setattr(conditions, "match_rows", lambda X, where: np.zeros(len(X), dtype=bool))
    with pytest.raises(AssertionError, match="do not meet"):
        conditions.main(command(folder))


def test_conditions_are_told_from_what_does_not_meet_them():
    X = pd.DataFrame({"age": [20, 30, 31, None], "sex": ["Male", "Female", "Male", "Male"]})
    assert conditions.match_rows(X, {"age": (None, 30)}).tolist() == [True, True, False, False]
    assert conditions.match_rows(X, {"age": (30, None), "sex": "Male"}).tolist() == [False, False, True, False]
    assert conditions.match_rows(X, {}).all()
