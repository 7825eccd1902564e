"""Memory is bounded, and nothing gathers however long a process works."""

from __future__ import annotations

from pathlib import Path

import pytest
from processes import run_module
from promises import full_length

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


@pytest.mark.slow
@pytest.mark.promise("growth")
def test_fit_after_fit_gathers_nothing(attempt, finding):
    n = full_length(50, suite=6)
    found = run_module("endurance", "fits", n)
    attempt(n)
    assert found["last"] < 1.05 * found["first"], found
    assert found["after"] == found["before"], found
    finding(f"{found['last'] / found['first'] - 1:+.1%} memory from fit {n // 5} to fit {n}")


@pytest.mark.slow
@pytest.mark.promise("memory")
def test_memory_of_fit_and_sample_is_bounded_by_the_data(attempt, finding):
    rows = full_length(1_000_000, suite=5000)
    found = run_module("endurance", "memory", rows)
    attempt()
    assert found["fit"] < 3 * found["data"] + 500, found
    assert found["sample"] < 2 * found["made"] + 500, found
    data, fit, sample = (f"{found[key]:.0f} MB" for key in ("data", "fit", "sample"))
    finding(f"{rows:,} rows of 50 numbers, {data}: fit {fit}, sample {sample}")


@pytest.mark.slow
@pytest.mark.promise("endurance")
def test_hours_of_random_work_bring_nothing_unforeseen(attempt, finding):
    found = run_module("endurance", "random", full_length(3600, suite=5), timeout=2 * 3600)
    outcomes = found["outcomes"]
    attempt(sum(outcomes.values()))
    assert outcomes["trained"] > 0.3 * sum(outcomes.values()), outcomes
    assert found["last"] < full_length(105, suite=130) / 100 * found["first"], found
    assert found["after"] == found["before"], found
    finding(f"{outcomes['trained']:,} tables trained, memory {found['last'] / found['first'] - 1:+.1%}")
