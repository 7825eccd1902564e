"""The benchmark of reading measures each reader in a process of its own, and tells what columns it leaves as text."""

from __future__ import annotations

import json

import pytest

from benchmarks import performance, reading


def test_a_made_file_is_the_same_for_a_seed_and_of_about_its_size(tmp_path):
    rows = [reading.write_file(tmp_path / name, 2, seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c and rows[0] == a.count(b"\n") - 1
    assert 2 * 10**6 <= len(a) <= 6 * 10**6


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("reading") / "reading.json"
    reading.main(["--megabytes", "1", "--repeats", "1", "--output", str(path)])
    return path


def test_readers_are_measured_and_shown(results, capsys):
    reading.main(["--megabytes", "1", "--repeats", "1", "--output", str(results)])  # measures nothing again
    text = capsys.readouterr().out
    assert text.startswith("1 MB, 20,000 rows, 12 columns; median of 1 runs")
    found = json.loads(results.read_text(encoding="utf-8"))["cases"][0]["result"]["readers"]
    assert set(found) == {"ganaug", "pandas", "polars"}
    assert all(one["wall"] > 0 and one["memory"] >= 0 for times in found.values() for one in times)
    assert found["ganaug"][0]["types"]["born"].startswith("datetime64")
    assert "| customer, region, remark |" in text


def test_the_page_of_performance_shows_it(results, tmp_path):
    (tmp_path / "reading").mkdir()
    (tmp_path / "reading" / "made.json").write_bytes(results.read_bytes())
    assert "## Reading a file" in performance.render_pages(tmp_path)[performance.PAGE]
