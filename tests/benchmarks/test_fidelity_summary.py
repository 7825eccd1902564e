"""What is shown of finished cases: means over seeds, pairs of times, and every figure in which ganaug is behind."""

import json

import pytest

from benchmarks import fidelity
from benchmarks.fidelity.command import main
from benchmarks.fidelity.efforts import render_markdown as render_efforts
from benchmarks.fidelity.figures import AUC, C2ST, SHAPE, find_losses, make_boards
from benchmarks.fidelity.page import render_fidelity_tables
from benchmarks.fidelity.ranks import rank_models
from benchmarks.fidelity.summary import render_markdown
from benchmarks.performance import PAGE, render_pages


def entry(model, seed=0, *, table="adult", key=None, **result):
    """A finished case, as it is in a file."""
    full = {"table": table, "share": None, "model": model, "options": {}, "seed": seed, "epochs": None}
    full |= {"small": False, "one_core": False, "versions": {}}
    return {"key": full | (key or {}), "result": {"train_rows": 1000, **result}}


def quality(auc=0.9, shape=0.01, **more):
    return {"auc": auc, "shape_error": shape, "worst_pairs": {"a x b": 0.25}, **more}


def costs(fit=10.0, **more):
    return {"fit_seconds": fit, "fit_cpu_seconds": fit, "rows_per_second": 5000.0, **more}


def test_seeds_become_mean_and_spread():
    text = render_markdown([entry("ganaug", s, **quality(auc), **costs()) for s, auc in enumerate((0.8, 0.9))])
    assert "## adult: 1,000 training rows" in text
    assert "| ganaug | 2 | 0.850 ± 0.071 |" in text
    assert "| ganaug | 2 | 10.0 ± 0.0 |" in text
    assert "* ganaug: worst pairs: a x b 25.0%." in text


def test_only_the_newest_version_counts_and_seeds_of_versions_are_not_mixed():
    old = [entry("ganaug", seed, key={"versions": {"ganaug": "1"}}, **quality(0.5)) for seed in (0, 1, 2)]
    new = [entry("ganaug", 0, key={"versions": {"ganaug": "2"}}, **quality(0.9))]
    (board,) = make_boards([*old, *new])
    assert board.lines["ganaug"].list_values(AUC) == [0.9]
    (board,) = make_boards([*new, *old])
    assert board.lines["ganaug"].list_values(AUC) == [0.5, 0.5, 0.5]


def test_quality_may_come_from_a_full_run_and_times_from_another():
    full = entry("ctgan", **quality(0.7), **costs(3000.0))
    short = entry("ctgan", key={"epochs": 10}, pair=7, **costs(800.0))
    (board,) = make_boards([full, entry("ganaug", pair=7, **quality(), **costs(80.0)), short])
    assert board.lines["ctgan"].list_values(AUC) == [0.7]
    assert board.ratios == {("ctgan", "ganaug"): [10.0]}
    shown = render_markdown([full, short, *pair(7)])
    assert "CTGAN's fit, processor seconds, as a ratio of ganaug's in the same run: 10.0; seeds: 1." in shown


def pair(token, ganaug=80.0, ctgan=800.0, seed=0):
    return [
        entry("ganaug", seed, pair=token, **quality(), **costs(ganaug)),
        entry("ctgan", seed, key={"epochs": 10}, pair=token, **costs(ctgan)),
    ]


def test_a_ratio_is_of_times_that_were_taken_together():
    own, theirs = pair(1)[0], pair(2)[1]
    (board,) = make_boards([own, theirs])
    assert board.ratios == {}
    (board,) = make_boards([entry("ganaug", **quality(), **costs()), entry("ctgan", **costs())])  # of two runs
    assert board.ratios == {}
    (board,) = make_boards([*pair(1), *pair(2, 100.0, 800.0, seed=1)])
    assert board.ratios == {("ctgan", "ganaug"): [10.0, 8.0]}


def test_processor_seconds_are_compared_seed_by_seed_where_one_run_measured_both():
    own = [entry("ganaug", seed, run=1, **quality(), **costs(fit_cpu_seconds=20.0)) for seed in (0, 1)]
    theirs = [entry("tabular_argn", 0, run=1, **quality(), **costs(fit_cpu_seconds=50.0))]
    theirs += [entry("tabular_argn", 1, run=2, **quality(), **costs(fit_cpu_seconds=90.0))]
    text = render_markdown([*own, *theirs])
    assert "* TabularARGN's fit, processor seconds, as a ratio of ganaug's in the same run: 2.5; seeds: 1." in text
    (board,) = make_boards([entry("ganaug", **costs(fit_cpu_seconds=20.0)), *theirs])  # of before runs were named
    assert board.ratios == {}


def test_experiments_are_compared_and_timed_like_the_defaults():
    own, theirs = pair(1)
    own["key"]["options"] = {"max_steps": 5}
    text = render_markdown([own, theirs, entry("arf", **quality(0.95))])
    assert "CTGAN's fit, processor seconds, as a ratio of ganaug {\"max_steps\": 5}'s in the same run: 10.0" in text
    assert '* adult, AUC: ganaug {"max_steps": 5} 0.900, arf 0.950' in text


def test_times_taken_beside_other_cases_are_not_shown():
    text = render_markdown([entry("ganaug", key={"one_core": True}, **quality(), **costs())])
    assert "| ganaug | 1 | 0.900 |" in text
    assert "fit s" not in text


def test_settings_cuts_and_trial_runs_are_told_apart():
    found = make_boards(
        [
            entry("ganaug", **quality()),
            entry("ganaug", key={"options": {"max_steps": 5}}, **quality()),
            entry("ganaug", key={"small": True, "rows": 5000}, **quality()),
            entry("ganaug", key={"share": 0.005}, auc=0.5, minority_f1=0.25),
        ]
    )
    names = ["adult", "adult at 0.5 %", "adult, cut to 5,000 rows, a trial run"]
    assert [board.name for board in found] == names
    assert list(found[0].lines) == ["ganaug", 'ganaug {"max_steps": 5}']
    assert [board.is_rare for board in found] == [False, True, False]


def test_every_figure_in_which_a_peer_is_better_is_listed():
    entries = [
        entry("real", **quality(0.99)),
        entry("ganaug", **quality(0.9, 0.01, c2st_auc=0.6, nearer_share=0.52)),
        entry("arf", **quality(0.8, 0.005, c2st_auc=0.55, nearer_share=0.5)),
        entry("smote", **quality(0.95, 0.02, c2st_auc=0.45, nearer_share=0.9)),
    ]
    (board,) = make_boards(entries)
    lost, compared = find_losses(board)
    assert compared == 8
    assert [(m.field, peer) for m, _, peer in lost if m in (AUC, SHAPE, C2ST)] == [
        ("auc", "smote"),
        ("shape_error", "arf"),
        ("c2st_auc", "arf"),
        ("c2st_auc", "smote"),
    ]
    assert ("nearer_share", "arf") in [(m.field, peer) for m, _, peer in lost]
    text = render_markdown(entries)
    assert "## Where ganaug is behind: 5 of 8 comparisons" in text
    assert "* adult, AUC: ganaug 0.900, smote 0.950" in text
    assert "* adult, Shape error %: ganaug 1.00, arf 0.50" in text


def ranked(model, table="adult", auc=0.9, c2st=0.6, shape=0.01, pair_error=0.02, **more):
    """A result with all figures that are ranked."""
    return entry(model, table=table, **quality(auc, shape, c2st_auc=c2st, pair_error=pair_error), **more)


def test_models_are_ranked_by_their_means_and_ties_share_a_rank():
    first = [ranked("real", auc=0.99), ranked("bootstrap", c2st=0.4, shape=0), ranked("ganaug", auc=0.9, c2st=0.5)]
    first += [ranked("smote", auc=0.8, c2st=0.45, shape=0.03), ranked("cart", auc=0.7, c2st=0.7, shape=0.02)]
    second = [ranked(model, "magic", auc=auc) for model, auc in (("ganaug", 0.7), ("smote", 0.8), ("cart", 0.6))]
    (ranking,) = rank_models(make_boards([*first, *second]))
    assert ranking.tables == ["adult", "magic"]
    assert ranking.means == {
        "ganaug": [1.5, 1.75, 1.5, 2],
        "smote": [1.5, 1.75, 2.5, 2],
        "cart": [3, 2.5, 2, 2],
    }
    text = render_markdown([*first, *second])
    assert "## Mean ranks, tables: 2\n" in text
    assert "| ganaug | 1.50 | 1.75 | 1.50 | 2.00 |" in text
    assert "Left out" not in text


def test_tables_that_a_model_did_not_finish_are_not_ranked_and_named():
    entries = [ranked(model, name) for name in ("adult", "magic") for model in ("ganaug", "cart")]
    entries += [ranked("arf", "magic"), entry("cart", key={"share": 0.01}, auc=0.9)]
    text = render_markdown(entries)
    assert "* Tables: magic." in text
    assert "* Left out, since not all models finished them: adult (arf)." in text
    text = render_markdown([ranked("ganaug"), ranked("cart", "magic")])
    assert "No table was finished by all of ganaug, cart." in text
    assert "* Left out, since not all models finished them: adult (cart), magic (ganaug)." in text
    assert "Mean ranks" not in render_markdown([ranked("ganaug"), ranked("real")])


def test_experiments_are_ranked_apart_from_the_defaults():
    entries = [ranked("ganaug"), ranked("ganaug", key={"options": {"max_steps": 5}}, auc=0.7), ranked("cart", auc=0.8)]
    found = rank_models(make_boards(entries))
    assert [list(ranking.means) for ranking in found] == [["ganaug", "cart"], ['ganaug {"max_steps": 5}', "cart"]]
    assert [ranking.means["cart"][0] for ranking in found] == [2, 1]


def test_each_table_has_the_distance_to_the_peer_with_the_best_auc():
    entries = [ranked("real", auc=1.0), *(ranked(m, auc=a) for m, a in (("ganaug", 0.8), ("arf", 0.7), ("cart", 0.85)))]
    entries += [ranked("ganaug", "magic"), entry("cart", table="magic", auc=0.6), ranked("ganaug", "alone")]
    entries += [entry(model, key={"share": 0.01}, auc=0.9) for model in ("ganaug", "cart")]
    text = render_markdown(entries)
    assert "| adult | ganaug 0.800 | cart 0.850 | -0.050 |" in text
    assert "| magic | ganaug 0.900 | cart 0.600 | +0.300 |" in text
    assert "| alone |" not in text
    assert "| adult at 1 % | ganaug 0.900 | cart" not in text


def test_more_than_half_is_no_worse_below_it():
    assert C2ST.compute_distance(0.45) == 0 < C2ST.compute_distance(0.55)
    assert AUC.compute_distance(0.9) < AUC.compute_distance(0.8)


def test_without_peers_nothing_is_compared_and_an_excluded_cut_has_its_reason():
    text = render_markdown(
        [entry("none", key={"share": 0.001}, excluded="11 rows, fewer than 20"), entry("real", **quality())]
    )
    assert "## adult at 0.1 %\n\nLeft out: 11 rows, fewer than 20." in text
    assert text.endswith("Nothing to compare it with.\n")


def test_notes_are_given_once():
    text = render_markdown([entry("arf", seed, notes=["short"], **quality(), **costs()) for seed in (0, 1)])
    assert text.count("* arf: short.") == 1


def test_a_summary_of_several_files_needs_nothing_else(tmp_path, capsys):
    for name, model in (("a", "ganaug"), ("b", "arf")):
        (tmp_path / f"{name}.json").write_text(json.dumps({"cases": [entry(model, **quality())]}))
    main(["--summary", str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    shown = capsys.readouterr().out
    assert "| ganaug | 1 |" in shown
    assert "| arf | 1 |" in shown
    with pytest.raises(SystemExit, match=r"Error: .*absent.json cannot be read"):
        main(["--summary", str(tmp_path / "absent.json")])


# ---- the page ----


def committed(folder):
    cases = [*pair(1), *pair(2, 90.0, 900.0, seed=1), entry("ctgan", **quality(0.7))]
    cases += [entry("smote", key={"share": 0.01}, auc=0.9, minority_f1=0.3)]
    cases += [entry("ganaug", s, key={"share": 0.01}, auc=0.9, minority_f1=f1) for s, f1 in enumerate((0.2, 0.4))]
    cases += [entry("none", key={"share": 0.001}, excluded="too few")]
    (folder / "tables.json").write_text(json.dumps({"cases": cases}))


def test_the_page_shows_tables_and_rare_classes(tmp_path):
    committed(tmp_path)
    text = render_fidelity_tables(tmp_path)
    assert "| adult, 1,000 rows | **ganaug** | 85 ± 7 | 0.900 ± 0.000 |" in text
    assert "| adult, 1,000 rows | CTGAN |  | 0.700 |" in text
    assert "* adult: a fit of CTGAN takes 10.0 ± 0.0 times the processor seconds of one of ganaug" in text
    assert "| table | **ganaug** | SMOTE |" in text
    assert "| adult at 1 % | 0.300 ± 0.141 | 0.300 |" in text
    assert "0.1 %" not in text


def test_every_model_has_a_name():
    from benchmarks.fidelity.models import MODELS

    assert set(fidelity.page.NAMES) == set(MODELS)


def test_each_effort_has_a_line_in_the_order_of_their_cost(tmp_path):
    cases = [entry("ganaug", key={"options": {"effort": "best"}}, **quality(0.91), **costs(400.0))]
    cases += [entry("ganaug", s, **quality(0.9), **costs(100.0 + 20 * s)) for s in (0, 1)]
    cases += [entry("ganaug", key={"options": {"effort": "fast"}}, **quality(0.88), **costs(50.0))]
    lines = render_efforts(cases).splitlines()[2:]
    assert [line.split(" | ")[1:4] for line in lines] == [
        ["fast", "50", "0.880"],
        ["balanced", "110 ± 14", "0.900 ± 0.000"],
        ["best", "400", "0.910"],
    ]
    (tmp_path / "effort").mkdir()
    (tmp_path / "effort" / "efforts.json").write_text(json.dumps({"cases": cases}))
    assert "## What effort costs, and what it gives" in render_pages(tmp_path)[PAGE]
