"""The benchmark of engines tells equal outcomes from others, and counts what is sent."""

from __future__ import annotations

from contextlib import nullcontext

import joblib
import numpy as np
import pytest

from benchmarks import engines
from ganaug.jobs import run_jobs


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    def send(X, y):
        done = run_jobs([joblib.delayed(np.asarray)(X) for _ in range(3)], 2)
        return [float(one.sum()) for one in done]

    monkeypatch.setattr(engines, "make_table", lambda rows, columns: (np.ones((rows, columns)), np.zeros(rows)))
    monkeypatch.setattr(engines, "WORK", {"sum": send})

    def run(*arguments):
        engines.main([*arguments, "--output", str(tmp_path / "o.json")])
        return capsys.readouterr().out

    return run


def test_engines_with_one_outcome_have_one_digest_and_jobs_are_counted(command):
    lines = command("--engines", "none").splitlines()
    assert lines[2].startswith("| none | `")
    sent, returned = (float(line.split("|")[2]) for line in lines[3:5])
    assert 2.5 < sent < 3.5 and 2.5 < returned < 3.5, "the table goes out three times, and comes back"


def test_what_an_engine_changes_is_seen(command, monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "loky", nullcontext)
    same = command("--engines", "none", "loky")
    digests = {line.split("`")[1] for line in same.splitlines()[2:4]}
    assert len(digests) == 1
    monkeypatch.setattr(engines, "WORK", {"sum": lambda X, y: [np.random.default_rng().random()]})
    monkeypatch.setattr(engines, "PROTOCOL", 0)
    assert len({line.split("`")[1] for line in command("--engines", "none", "loky").splitlines()[2:4]}) == 2


def test_an_engine_that_is_not_installed_ends_no_run(command, monkeypatch, capsys):
    def absent():
        raise ImportError("no such engine")

    monkeypatch.setitem(engines.ENGINES, "ray", absent)
    with pytest.raises(SystemExit, match="Failed:\nray: ImportError: no such engine"):
        command("--engines", "ray", "none")
    assert "| none | `" in capsys.readouterr().out
