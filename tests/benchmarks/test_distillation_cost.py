"""The benchmark of what distillation costs tells the seconds of teacher, augmenter and student apart."""

from __future__ import annotations

import json
import time

import pytest
from sklearn.base import BaseEstimator

from benchmarks import distillation_cost


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("cost") / "cost.json"
    distillation_cost.main(["--tables", "wine", "--sizes", "100", "5000", "--output", str(path)])
    return path


def test_each_part_has_its_seconds_and_a_size_beyond_the_table_is_left_out(results):
    (case,) = json.loads(results.read_text(encoding="utf-8"))["cases"]
    assert case["key"]["rows"] == 100
    costs, students = case["result"]["costs"], case["result"]["students"]
    assert costs["ganaug"] > costs["copula"] > 0
    assert set(students) == set(distillation_cost.STUDENTS)
    assert all(seconds > 0 for own in (costs, *students.values()) for seconds in own.values())


def test_finished_cases_are_shown_without_being_measured_again(results, capsys, monkeypatch):
    monkeypatch.setattr(distillation_cost, "measure_costs", None)
    distillation_cost.main(["--tables", "wine", "--sizes", "100", "--output", str(results)])
    distillation_cost.main(["--summary", str(results)])
    assert capsys.readouterr().out.count("| 100 |") == 2 * len(distillation_cost.STUDENTS)
    assert "mean of up to 1 tables" in distillation_cost.render_cost_table(results.parent)


def test_seconds_of_a_part_are_its_own():
    class Slow(BaseEstimator):
        def fit(self, X, y):
            began = time.process_time()
            while time.process_time() - began < 0.2:
                pass
            return self

        def sample(self, n, y, random_state):
            return n, y

    distillation_cost._SECONDS.clear()
    assert distillation_cost.TimedSampler(Slow()).fit(None, None).sample(3, 4) == (3, 4)
    assert 0.2 <= distillation_cost._SECONDS["rows"] < 1
