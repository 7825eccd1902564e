"""The benchmark of privacy: a memoriser is found, a canary in the samples is counted, finished cases are kept."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import privacy
from benchmarks.shared.folder import load_named_task
from benchmarks.shared.protocol import BenchmarkError

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(size=600) for name in ("height", "weight", "score")}  # rows are not alike by chance
    table = pd.DataFrame({"age": rng.normal(40, 9, 600), "pay": rng.normal(9, 1, 600), **numbers})
    table["city"] = rng.choice(["Bern", "Oslo", "Rome"], 600)
    table["income"] = np.where(table["age"] + rng.normal(0, 9, 600) > 42, "more", "less")
    table.to_csv(tmp_path / "people.csv", index=False)
    return tmp_path


def command(folder, *more):
    quick = '{"max_steps": 5, "filters": null}'
    return ["--data", str(folder), "--seeds", "0", "--options", quick, "--output", str(folder / "o"), *more]


def test_ganaug_and_its_controls_are_attacked(folder, capsys):
    privacy.main(command(folder))
    (case,) = json.loads((folder / "o").read_text())["cases"]
    found = case["result"]["models"]
    assert found["memoriser"]["best"]["auc"] > 0.9 and found["memoriser"]["canaries"] == privacy.CANARIES
    assert found["memoriser"]["near_copies"] == 1.0
    assert found["ganaug"]["best"]["auc"] < 0.7 and found["ganaug"]["canaries"] == 0
    assert abs(found["other real rows"]["near_copies"] - found["ganaug"]["near_copies_held_out"]) < 0.05
    assert "| people | " in capsys.readouterr().out


def test_a_finished_case_is_not_measured_again(folder, monkeypatch, capsys):
    privacy.main(command(folder))
    first = capsys.readouterr().out
    monkeypatch.setattr(privacy, "measure_privacy", None)
    privacy.main(command(folder))
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(("rows", "learned"), [(20_000, 200), (50, 50)])
def test_a_third_is_learned_and_twice_as_many_rows_are_not(folder, rows, learned):
    task = privacy.split_thirds(load_named_task("people", folder), rows)
    assert (len(task.train), len(task.test)) == (learned, 2 * learned)
    assert task.train.merge(task.test).empty and task.origin["thirds"] == learned
    shares = [part["income"].eq("more").mean() for part in (task.train, task.test)]
    assert abs(shares[0] - shares[1]) < 0.02


def test_no_canary_is_a_row_of_the_table(folder):
    table = load_named_task("people", folder).train
    made = privacy.make_canaries(table, np.random.default_rng(1))
    assert len(made) == privacy.CANARIES and made.merge(table).empty
    assert set(made["city"]) <= set(table["city"]) and made.dtypes.equals(table.dtypes)


def test_a_table_of_few_different_cells_has_canaries_or_says_that_it_has_none():
    half = pd.DataFrame({"a": list("xy") * 30, "b": list("pq") * 30})
    with pytest.raises(BenchmarkError, match="nearly every row that its cells can make"):
        privacy.make_canaries(half, np.random.default_rng(0))
    some = pd.DataFrame({name: np.arange(40) for name in "ab"})
    made = privacy.make_canaries(some, np.random.default_rng(0))
    assert len(made) == privacy.CANARIES and (made["a"] != made["b"]).all()


def test_a_canary_is_found_if_it_is_nearly_there(folder):
    task = load_named_task("people", folder)
    planted = privacy.make_canaries(task.train, np.random.default_rng(1))
    moved = planted.assign(age=planted["age"] + 0.001 * np.ptp(task.train["age"]))
    far = planted.assign(age=planted["age"] + 0.1 * np.ptp(task.train["age"]))
    assert privacy.count_reproduced(planted, moved[:7], task) == 7
    assert privacy.count_reproduced(planted, far, task) == 0
