"""How fit time and memory grow: made tables, fresh processes, curves of one version, and the page in docs."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from growth_results import entry, result, results_folder, whole_run

from benchmarks import performance
from benchmarks.growth import cases
from benchmarks.growth.cases import ENCODING, FIT, FULL, SMALL, Case, Sizes, plan_cases
from benchmarks.growth.command import main, parse
from benchmarks.growth.figures import describe_points, draw_growth
from benchmarks.growth.summary import find_curves, render_markdown
from benchmarks.performance import PAGE, render_pages, write_pages
from benchmarks.shared import memory
from benchmarks.shared.made_table import make_table
from benchmarks.shared.memory import measure_peak_above, reset_peak
from benchmarks.shared.protocol import read_cases

TINY = Sizes((200, 300), 4, (4, 6), 200, 50)
DOCS = Path(__file__).parents[2] / "docs"


# ---- the table ----


def test_a_made_table_is_decided_by_its_size_and_seed():
    X, y = make_table(500, 9)
    again, y_again = make_table(500, 9)
    pd.testing.assert_frame_equal(X, again)
    pd.testing.assert_series_equal(y, y_again)
    assert not make_table(500, 9, seed=1)[0].equals(X)
    assert X.shape == (500, 9)
    assert X.select_dtypes("number").shape[1] == 5


def test_a_made_table_has_gaps_ties_a_spike_and_categories_of_2_to_30_values():
    X, y = make_table(20_000, 120)
    numbers, texts = X.select_dtypes("number"), X.select_dtypes(exclude="number")
    assert numbers.isna().to_numpy().mean() == pytest.approx(0.05, abs=0.002)
    assert not texts.isna().to_numpy().any()
    assert {2, 30} <= set(texts.nunique()) <= set(range(2, 31))
    assert numbers["number1"].nunique() < 100 < numbers["number0"].nunique()
    assert (numbers["number2"] == 0).mean() == pytest.approx(0.38, abs=0.02)
    correlation = numbers.corr().abs().to_numpy()[np.triu_indices(60, 1)]
    assert correlation.max() > 0.7
    assert correlation.min() < 0.02
    assert y.nunique() == 3


def test_the_label_of_a_made_table_depends_on_its_columns():
    from sklearn.ensemble import RandomForestClassifier

    X, y = make_table(2000, 20)
    known = pd.get_dummies(X).fillna(0.0).to_numpy(float)
    score = RandomForestClassifier(50, random_state=0).fit(known[:1000], y[:1000]).score(known[1000:], y[1000:])
    assert score > y.value_counts(normalize=True).max() + 0.1


# ---- what is measured ----


def test_full_and_small_runs_have_the_sizes_that_were_promised():
    full = [(case.rows, case.columns) for case in plan_cases(FULL, {}) if case.work == FIT]
    assert sorted(full) == [(10_000, 10), (10_000, 20), (10_000, 100), (10_000, 500), (100_000, 20), (1_000_000, 20)]
    assert {(case.rows, case.columns) for case in plan_cases(SMALL, {})} == {
        (1000, 10),
        (1000, 20),
        (1000, 50),
        (5000, 20),
    }
    small = list(plan_cases(SMALL, {}))
    assert [case.work for case in small[:2]] == [ENCODING, FIT]
    assert len(small) == 8


def test_encoding_is_a_fit_of_one_step_whatever_the_options():
    assert Case(1, 1, ENCODING, 1, {"max_steps": 9, "width": 8}).parameters == {
        "random_state": 0,
        "max_steps": 1,
        "width": 8,
        "filters": None,
    }
    assert Case(1, 1, FIT, 1).parameters == {"random_state": 0}


@pytest.mark.skipif(not memory.CLEAR.exists(), reason="the system does not tell peaks")
def test_a_peak_counts_what_came_after_it_was_started_and_is_gone_again():
    before = np.ones(20_000_000)
    del before
    held = reset_peak()
    inside = np.ones(10_000_000)
    del inside
    assert measure_peak_above(held) == pytest.approx(76, abs=8)
    assert measure_peak_above(reset_peak()) < 8


def test_where_the_system_does_not_tell_peaks_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "no" / "such")
    assert reset_peak() is None
    assert measure_peak_above(None) is None


@pytest.mark.slow
def test_a_case_is_measured_in_a_process_of_its_own():
    found = cases.measure_in_process(Case(200, 4, FIT, 50, {"max_steps": 2, "width": 8, "filters": None}))
    assert found["steps"] == 2
    X, _ = make_table(200, 4)
    assert found["frame_mib"] * 2**20 == X.memory_usage(deep=True).sum()
    assert found["fit_seconds"] > 0 < found["fit_cpu_seconds"]
    assert found["rows_per_second"] == pytest.approx(50 / found["sample_seconds"])
    assert 0 <= found["memory_above_mib"] < 500


# ---- the command ----


def fake_measured(monkeypatch, failing=()):
    seen = []

    def measured(case):
        seen.append(case.name)
        if case.name in failing:
            raise MemoryError("no room")
        return result(case.rows / 1000)

    monkeypatch.setattr(cases, "measure_in_process", measured)
    monkeypatch.setattr(cases, "SMALL", TINY)
    return seen


def test_a_run_keeps_what_is_finished_and_measures_the_rest_when_started_again(monkeypatch, tmp_path, capsys):
    output, failing = tmp_path / "g.json", ["300 x 4, fit"]
    seen = fake_measured(monkeypatch, failing)
    with pytest.raises(SystemExit, match="Failed:\n300 x 4, fit: MemoryError: no room"):
        main(["--small", "--output", str(output)])
    assert seen == [f"{size}, {work}" for size in ("200 x 4", "200 x 6", "300 x 4") for work in (ENCODING, FIT)]
    assert len(read_cases(output)) == 5
    failing.clear()
    main(["--small", "--output", str(output)])
    assert seen[6:] == ["300 x 4, fit"]
    text = capsys.readouterr().out
    main(["--summary", str(output)])
    assert text.endswith(capsys.readouterr().out)
    main(["--small", "--output", str(output), "--options", '{"width": 8}'])
    assert len(seen) == 13


def test_wrong_options_and_files_end_in_a_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(["--options", "[1]"])
    assert ended.value.code == 2
    assert "'[1]' is no JSON object" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"Error: .* is not a folder"):
        main(["--output", str(tmp_path / "no" / "g.json")])


# ---- what is shown ----


def test_curves_are_of_rows_and_of_columns_in_order_and_share_a_point():
    by_rows, by_columns = find_curves(whole_run()[::-1])
    assert [point.rows for point in by_rows.points] == [1000, 5000]
    assert [point.columns for point in by_columns.points] == [10, 20, 50]
    assert (by_rows.fixed, by_columns.fixed) == ("20 columns", "1,000 rows")


def test_a_curve_is_of_one_version_on_one_machine():
    old, new = whole_run(version="1"), [entry(1000, 20, version="2"), entry(7000, 20, version="2")]
    (by_rows,) = find_curves([*old, *new])
    assert [point.rows for point in by_rows.points] == [1000, 7000]
    assert find_curves([]) == find_curves(new[:1]) == []
    elsewhere = entry(9000, 20, version="2", machine={"processors": 64})
    assert find_curves([*new, elsewhere]) == []


def test_the_summary_shows_costs_and_memory_as_a_multiple_of_the_frame():
    text = render_markdown(whole_run(seconds=12.0))
    assert "### Growth with rows: 20 columns" in text
    assert "| 5,000 | 4.0 | 12.0 | 12.0 | 6 (1.5 x) | 12 | 12 | 1,500 | 6 | 5,000 | 5,000 |" in text
    unfinished = render_markdown([entry(1000, 20, ENCODING), entry(5000, 20, ENCODING, memory_above_mib=None)])
    assert "| 5,000 | 4.0 | 2.0 | 2.0 |  |  |  |  |  | 5,000 |  |" in unfinished
    assert render_markdown([entry(1000, 20)]) == "Nothing is finished at two sizes yet.\n"


def test_disturbed_times_and_warnings_are_told():
    text = render_markdown(
        [entry(1000, 20), entry(5000, 20, others_cpu_seconds=3.0, warnings=["class 'low' has collapsed"])]
    )
    assert "* 5,000 rows, fit: other programs used 3 processor seconds in these 2 s" in text
    assert "* 5,000 rows: class 'low' has collapsed" in text
    assert "* 1,000 rows" not in text


# ---- the page ----


def test_figures_are_the_same_bytes_each_time_and_hold_their_points():
    by_rows, by_columns = find_curves(whole_run())
    svg = draw_growth(by_rows)
    assert svg == draw_growth(by_rows) != draw_growth(by_columns)
    assert "date" not in svg.lower().replace("update", "")
    assert described(svg) == describe_points(by_rows)
    assert json.loads(describe_points(by_rows))[1] == [1000, 4.0, 2.0, 2.0, 6.0, 6.0]
    unknown, _ = find_curves(whole_run(memory_above_mib=None))
    assert "MiB" in draw_growth(unknown)


def described(svg):
    (found,) = ElementTree.fromstring(svg).iter("{http://purl.org/dc/elements/1.1/}description")
    return found.text


def test_without_results_nothing_is_written(tmp_path):
    write_pages(tmp_path / "results", tmp_path / "docs")
    assert render_pages(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_the_page_is_written_with_its_figures(tmp_path):
    write_pages(results_folder(tmp_path / "results"), tmp_path / "docs")
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {PAGE, "growth_rows.svg", "growth_columns.svg"}
    text = (tmp_path / "docs" / PAGE).read_text()
    assert "](growth_rows.svg)" in text
    assert "](growth_columns.svg)" in text
    assert "| 5,000 | 4.0 |" in text
    assert "100 rows drawn in one call" in text
    assert "## How close" not in text


def test_the_committed_page_is_that_of_the_committed_results():
    expected = render_pages(performance.RESULTS)
    for name, text in expected.items():
        found = (DOCS / name).read_text(encoding="utf-8") if (DOCS / name).exists() else ""
        if name.endswith(".svg") and found:  # its paths differ between versions of Matplotlib, what it shows must not
            found, text = described(found), described(text)
        assert found == text, "run python -m benchmarks.readme"
    assert bool(expected) == (DOCS / PAGE).exists()
