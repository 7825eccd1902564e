"""The benchmark of large tables makes one law in many files, and compares rows that are learned from."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from benchmarks import large

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning", "ignore::ganaug.errors.DataWarning")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(large, "FILE_ROWS", 1500)
    monkeypatch.setattr(large, "JUDGED", 400)
    monkeypatch.setattr(large, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))  # which sees the above

    def run(*arguments):
        given = ["--folder", str(tmp_path), "--options", '{"max_steps": 5}', "--output", str(tmp_path / "o.json")]
        large.main([*given, *arguments])
        return capsys.readouterr().out

    return run


def test_each_number_of_rows_gets_a_line_and_the_tables_go(command, tmp_path):
    printed = command("--rows", "4000", "--max-rows", "1000", "4000")
    assert "| 4,000 | ganaug | 1,000 | 0 |" in printed and "| 4,000 | ganaug | 4,000 | 0 |" in printed
    first, second = (case["result"] for case in json.loads((tmp_path / "o.json").read_text())["cases"])
    assert first["steps"] == second["steps"] == 5
    assert first["auc_real"] == second["auc_real"] > max(0.7, first["auc"], second["auc"])
    assert 0.5 < first["c2st"] <= 1
    assert [path.name for path in tmp_path.iterdir()] == ["o.json"]


def test_finished_cases_are_not_measured_again(command, monkeypatch):
    printed = command("--rows", "1000", "--max-rows", "1000")
    monkeypatch.setattr(large, "measure", None)
    assert command("--rows", "1000", "--max-rows", "1000") == printed


def test_files_hold_all_rows_of_one_law_and_are_made_once(command, tmp_path):
    large.write_files(tmp_path / "rows", 4000)
    files = sorted((tmp_path / "rows").iterdir())
    assert [len(pd.read_parquet(path)) for path in files] == [1500, 1500, 1000]
    shares = [pd.read_parquet(path)["label"].value_counts(normalize=True) for path in files]
    assert (shares[0] - shares[1]).abs().max() < 0.06
    assert not pd.read_parquet(files[0]).equals(pd.read_parquet(files[1]))
    before = files[0].stat().st_mtime_ns
    large.write_files(tmp_path / "rows", 4000)
    assert files[0].stat().st_mtime_ns == before


def test_a_model_that_runs_out_of_memory_gets_a_line(command, monkeypatch):
    def die(case, place):
        if case.rows > 1000:
            raise MemoryError("Unable to allocate 9 GiB")
        return {}, None

    monkeypatch.setattr(large, "_fit_ctgan", die)
    assert "| 2,000 | ctgan | 2,000 | 0 | out of memory |" in command("--rows", "2000", "--model", "ctgan")
