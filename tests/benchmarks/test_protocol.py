"""What all benchmarks share: tables are compared by their values alone, and finished cases are kept."""

import subprocess
import sys

import pandas as pd
import pytest

from benchmarks.shared.protocol import MISSING, BenchmarkError, Columns, Results, read_cases

# ---- tidying ----


def test_kinds_follow_the_dtypes_and_the_label_is_always_text(toy_table):
    X, y = toy_table
    columns = Columns.from_frame(X.assign(churn=y), "churn")
    assert set(columns.numeric) == {"age", "income", "since", "balance"}
    assert columns.text == ["city", "plan", "member", "churn"]
    assert Columns.from_frame(pd.DataFrame({"x": [1], "y": [0]}), "y") == Columns(("x",), (), "y")


def test_tidy_tables_differ_only_where_values_do(toy_table):
    X, y = toy_table
    frame = X.assign(churn=y)
    columns = Columns.from_frame(frame, "churn")
    other = frame[frame.columns[::-1]].astype({"age": "Float64", "plan": object, "churn": "category"})
    tidy = columns.tidy(frame)
    pd.testing.assert_frame_equal(tidy, columns.tidy(other))
    assert (tidy["city"] == MISSING).sum() == frame["city"].isna().sum() > 0
    assert tidy["income"].isna().sum() == frame["income"].isna().sum() > 0
    assert tidy["since"][0] == frame["since"][0].timestamp()


# ---- finished cases ----


def test_finished_cases_are_kept_at_once_and_found_again(tmp_path):
    path = tmp_path / "r.json"
    Results(path).put(({"model": "real", "seed": 0}, {"auc": 0.9, "c2st_auc": None}))
    again = Results(path)
    assert again.find({"seed": 0, "model": "real"}) == {"auc": 0.9, "c2st_auc": None}
    assert again.find({"model": "real", "seed": 1}) is None
    assert [p.name for p in tmp_path.iterdir()] == ["r.json"]


def test_a_case_measured_again_takes_the_place_of_the_old_one_and_is_the_newest(tmp_path):
    store = Results(tmp_path / "r.json")
    store.put(({"seed": 0}, {"auc": 0.8}), ({"seed": 1}, {"auc": 0.7}))
    store.put(({"seed": 0}, {"auc": 0.9}))
    assert [c["result"]["auc"] for c in read_cases(tmp_path / "r.json")] == [0.7, 0.9]


def test_a_result_that_cannot_be_written_harms_no_other(tmp_path):
    store = Results(tmp_path / "r.json")
    store.put(({"seed": 0}, {"auc": 1.0}))
    with pytest.raises(ValueError, match="JSON"):
        store.put(({"seed": 1}, {"auc": float("nan")}))
    assert [c["key"] for c in read_cases(tmp_path / "r.json")] == [{"seed": 0}]


@pytest.mark.parametrize("text", ["", "[1]", '{"auc": 1}', "a,b\n1,2", '{"cases": [{"key": {}}]}'])
def test_a_foreign_results_file_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(BenchmarkError, match="not a results file"):
        Results(path)
    assert path.read_text() == text


def test_an_absent_folder_or_file_of_results_is_named_before_any_work(tmp_path):
    with pytest.raises(BenchmarkError, match="is not a folder"):
        Results(tmp_path / "no" / "r.json")
    with pytest.raises(BenchmarkError, match=r"r.json cannot be read \(No such file"):
        read_cases(tmp_path / "r.json")


def test_the_measures_need_no_torch():
    modules = "benchmarks.fidelity.measures, benchmarks.fidelity.downstream, benchmarks.fidelity.neighbours"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules or 'xgboost' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
