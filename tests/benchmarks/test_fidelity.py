"""The command that compares tables: one run, kind errors, and peers that are treated fairly."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits
from tidy_rows import COLUMNS, table

from benchmarks import fidelity
from benchmarks.fidelity import command as fidelity_tables
from benchmarks.fidelity.cases import Settings, _describe_disturbance, measure_cases, plan_cases
from benchmarks.fidelity.command import main, parse
from benchmarks.fidelity.models import Training, train_ganaug, train_peer, train_smote
from benchmarks.fidelity.peer import EpochClock, extrapolate_end
from benchmarks.shared.clock import Stopwatch
from benchmarks.shared.folder import limit_rows, list_tables, load_named_task
from benchmarks.shared.protocol import BenchmarkError, Columns, read_cases
from benchmarks.shared.tables import Task, load_task, run_peer
from ganaug.errors import GanaugError

VERSIONS = {"xgboost": "3", "scikit-learn": "1", "ganaug": {"ganaug": "1"}, "ctgan": {"ctgan": "2"}, "tvae": {}}
SETTINGS = Settings(("real", "ganaug", "ctgan", "tvae", "smote"), {}, 10, False, "python", small=True)


@pytest.fixture(autouse=True)
def one_thread():
    """Tests run side by side: threads of one would wait for those of the other."""
    with threadpool_limits(1):
        yield


# ---- the peers ----


def test_epochs_not_run_take_as_long_as_those_after_the_first():
    assert extrapolate_end([10.0, 15.0, 17.0], 19.0, epochs=3) == 19
    assert extrapolate_end([10.0, 15.0, 17.0], 19.0, epochs=10) == 19 + 7 * 2
    assert extrapolate_end([10.0], 15.0, epochs=3) == 25


def test_a_network_that_is_cut_short_is_timed_as_if_it_had_run_on(monkeypatch):
    class Network:
        def __init__(self, epochs=300):
            self.epochs = epochs

        def set_random_state(self, seed):
            self.seed = seed

        def fit(self, table, discrete):
            self.seen = list(internals.tqdm(range(self.epochs), disable=True))

        def sample(self, rows):
            return [self.seed, self.seen, rows]

    class internals:  # stands for a module
        CTGAN = Network

    monkeypatch.setattr(EpochClock, "__init__", lambda self: vars(self).update(starts=[], _watch=FakeWatch()))
    job = {"epochs": 3, "seed": 5, "discrete": [], "rows": 7}
    rows, costs = fidelity.peer.fit_network(None, job, "CTGAN", internals)
    assert rows == [5, [0, 1, 2], 7]
    assert (costs["epochs"], costs["default_epochs"], costs["setup_seconds"]) == (3, 300, 1.0)
    end = costs["measured_fit_seconds"]
    assert costs["fit_seconds"] == pytest.approx(end + (end - 2.0) / 2 * 297)


class FakeWatch:
    """A watch that reads one second more every time."""

    def __init__(self):
        self.seconds = 0.0

    def read(self):
        self.seconds += 1
        return self.seconds, self.seconds


def test_a_stopwatch_tells_its_own_work_from_that_of_others():
    watch = Stopwatch()
    code = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.4: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    wall, cpu = watch.read()
    assert cpu < 0.3 < 0.4 < wall
    if Path("/proc/stat").exists():
        assert watch.read_others() > 0.3


def test_times_taken_on_a_busy_machine_are_called_too_long():
    assert _describe_disturbance({"others_cpu_seconds": 1.0, "measured_fit_seconds": 100.0}) == []
    assert _describe_disturbance({"others_cpu_seconds": 0.9, "measured_fit_seconds": 0.5}) == []
    assert "too long" in _describe_disturbance({"others_cpu_seconds": 50.0, "measured_fit_seconds": 100.0})[0]
    assert "not comparable" in _describe_disturbance({}, one_core=True)[0]


def returning_peer(seen):
    """A peer that gives its training rows back, as text files do: and halves in whole numbers."""

    def run(python, argument, name):
        job = json.loads(Path(argument).read_text())
        text = dict.fromkeys(job["discrete"], str)
        seen["job"], seen["table"] = job, pd.read_csv(job["train"], dtype=text, keep_default_na=False)
        (seen["table"] + seen.get("off", 0) if seen.get("off") else seen["table"]).to_csv(job["synthetic"], index=False)
        costs = {"epochs": job["epochs"], "default_epochs": 300} if job["epochs"] else {}
        costs |= {"fit_seconds": 30.0, "fit_cpu_seconds": 30.0, "measured_fit_seconds": 1.0, "others_cpu_seconds": 0.0}
        costs |= {"sample_seconds": 0.5, "peak_memory_mib": 100.0}
        Path(job["report"]).write_text(json.dumps(costs))
        return ""

    return run


def test_peers_get_whole_numbers_as_integers_and_no_gaps(monkeypatch):
    train = table().assign(b=[1.0, np.nan, 3.0, 4.0] * 100).rename(columns={"a": "value", "c": 'tree, "leaf"'})
    seen = {}
    monkeypatch.setattr(fidelity.models, "run_peer", returning_peer(seen))
    task = Task(train, train, Columns(("value", "b"), ('tree, "leaf"',), "y"))
    synthetic, costs = train_peer(task, Training("ctgan", 3, epochs=10))
    assert seen["table"]["c1"].dtype == "int64"
    assert sorted(seen["table"]["c1"].unique()) == [1, 3, 4]
    assert seen["job"]["discrete"] == ["c2", "c3"]
    assert (seen["job"]["seed"], seen["job"]["rows"], seen["job"]["model"]) == (3, 400, "ctgan")
    assert [note.split()[0] for note in costs["notes"]] == ["100", "times"]
    pd.testing.assert_series_equal(synthetic["value"], train["value"])


def test_a_peer_that_takes_gaps_gets_them_and_may_make_some(monkeypatch):
    train = table().assign(b=[1.0, np.nan, 3.0, 4.0] * 100, w=[1.0, 2.0] * 200).rename(columns={"a": "value"})
    seen = {}
    monkeypatch.setattr(fidelity.models, "run_peer", returning_peer(seen))
    task = Task(train, train, Columns(("value", "b", "w"), ("c",), "y"))
    synthetic, costs = train_peer(task, Training("tabular_argn", 3))
    assert (seen["table"]["c1"] == "").sum() == 100  # as text, since this reader knows no gaps
    assert seen["table"]["c2"].dtype == "int64"
    assert (seen["job"]["model"], seen["job"]["rows"], seen["job"]["epochs"]) == ("tabular_argn", 400, None)
    assert costs["notes"] == []
    pd.testing.assert_frame_equal(synthetic, task.tidy_train)


def test_whole_numbers_come_back_whole_from_models_that_know_none(monkeypatch):
    train = table().assign(b=lambda t: np.round(t["b"] * 5))[["a", "b", "y"]]
    task = Task(train, train, Columns(("a", "b"), (), "y"))
    synthetic, costs = train_smote(task, Training("smote", 0))
    assert (synthetic["b"] % 1 == 0).all()
    assert (synthetic["a"] % 1 != 0).any()
    assert costs["fit_seconds"] > 0 < costs["sample_seconds"]


def test_an_absent_peer_says_how_to_get_it_or_go_without(tmp_path, monkeypatch):
    pytest.importorskip("xgboost")  # whose version is asked for first
    with pytest.raises(BenchmarkError, match=r"cannot be run"):
        run_peer(str(tmp_path / "python"), "--versions")
    monkeypatch.setattr(fidelity.cases, "run_peer", lambda *_: '{"ctgan": "0.12.1", "torch": "2"}')
    with pytest.raises(
        BenchmarkError, match=r"arfpy is not installed for python: install it as benchmarks/README.md.*leave 'arf' out"
    ):
        fidelity.cases.read_versions(replace(SETTINGS, models=("arf",)))
    found = fidelity.cases.read_versions(replace(SETTINGS, models=("ctgan",)))
    assert found["ctgan"] == {"ctgan": "0.12.1", "torch": "2"}


def test_a_peer_that_fails_is_named_with_its_last_words(tmp_path):
    job = tmp_path / "job"
    job.write_text(json.dumps({"train": str(tmp_path / "absent.csv"), "discrete": [], "model": "arf"}))
    with pytest.raises(BenchmarkError, match=r"ARF failed: .*absent.csv"):
        run_peer(sys.executable, str(job), name="ARF")


# ---- which cases there are ----


def task_of(n=400, **changes):
    return replace(Task(table(n), table(200, seed=1), COLUMNS, "toy", {"train": "toy sha256:1"}), **changes)


def names(groups):
    return [[(case.training.model, case.training.epochs) for case in group] for group in groups]


def test_ganaug_and_a_few_epochs_of_ctgan_are_timed_together():
    groups = names(plan_cases(task_of(), 0, SETTINGS, VERSIONS))
    pair = [("ganaug", None), ("ctgan", 10)]
    assert groups == [[("real", None)], pair, [("tvae", 10)], [("smote", None)]]
    full = names(plan_cases(task_of(), 0, replace(SETTINGS, peer_full=True), VERSIONS))
    assert full == [[("real", None)], pair, [("ctgan", None)], [("tvae", 10)], [("tvae", None)], [("smote", None)]]


def test_ctgan_is_timed_again_with_every_new_ganaug():
    newer = VERSIONS | {"ganaug": {"ganaug": "2"}}
    old, new = (
        {c.training.model: c.key for g in plan_cases(task_of(), 0, SETTINGS, v) for c in g} for v in (VERSIONS, newer)
    )
    assert old["ctgan"] != new["ctgan"]
    assert old["tvae"] == new["tvae"]


def test_where_times_mean_nothing_slow_peers_run_in_full_or_not_at_all():
    rare = fidelity.rare.make_rare_task(task_of(2000), 0.02, 0)
    for task, settings in ((rare, SETTINGS), (task_of(), replace(SETTINGS, one_core=True))):
        assert names(plan_cases(task, 0, settings, VERSIONS)) == [
            [("real", None)],
            [("ganaug", None)],
            [("smote", None)],
        ]
        full = names(plan_cases(task, 0, replace(settings, peer_full=True), VERSIONS))
        assert [("ctgan", None)] in full and [("tvae", None)] in full and not any(len(group) > 1 for group in full)


def test_a_case_is_known_by_all_that_its_result_depends_on():
    plain = task_of()

    def key(model="ganaug", task=plain, seed=0, versions=VERSIONS, **changes):
        cases = [c for g in plan_cases(task, seed, replace(SETTINGS, **changes), versions) for c in g]
        return next(c.key for c in cases if c.training.model == model)

    newer = VERSIONS | {"ganaug": {"ganaug": "2"}}
    keys = [key(), key(small=False), key(options={"max_steps": 5}), key(seed=1), key(one_core=True), key("real")]
    keys += [key(task=task_of(origin={"train": "toy sha256:2"})), key(versions=newer), key("ctgan")]
    keys += [key(task=fidelity.rare.make_rare_task(task_of(2000), share, 0)) for share in (0.02, 0.03)]
    assert len({json.dumps(k) for k in keys}) == len(keys)
    assert key("real") == key("real", options={"max_steps": 5}, versions=newer)
    assert key() == key(peer_full=True, peer_epochs=3)
    assert json.loads(json.dumps(key())) == key()


def test_a_pair_is_trained_back_to_back_and_the_first_changes_with_the_seed(monkeypatch):
    order = []

    def fake(task, training):
        order.append(training.model)
        costs = dict.fromkeys(("fit_seconds", "sample_seconds", "measured_fit_seconds", "others_cpu_seconds"), 1.0)
        return task.tidy_train, costs

    monkeypatch.setattr(fidelity.cases, "synthesize", fake)
    monkeypatch.setattr(fidelity.cases, "_measure_quality", lambda case, rows: order.append("judged") or {"auc": 0.9})
    for seed in (0, 1):
        ganaug, ctgan = measure_cases(list(plan_cases(task_of(), seed, SETTINGS, VERSIONS))[1])
        assert ganaug["pair"] == ctgan["pair"]
        assert ("auc" in ganaug, "auc" in ctgan) == (True, False)
    assert order == ["ganaug", "ctgan", "judged", "ctgan", "ganaug", "judged"]


# ---- rare classes ----


def test_a_cut_thins_the_rarest_class_alone_and_smaller_cuts_are_parts_of_larger_ones():
    task = task_of(4000)
    cuts = [fidelity.rare.make_rare_task(task, share, 0) for share in (0.02, 0.05)]
    for cut, share in zip(cuts, (0.02, 0.05), strict=True):
        assert (cut.train["y"] == task.rarest).mean() == pytest.approx(share, abs=3e-4)
        assert (cut.train["y"] != task.rarest).sum() == (task.train["y"] != task.rarest).sum()
        is_rare = (cut.test["y"] == task.rarest).to_numpy()
        assert cut.rare.weights[is_rare].sum() / cut.rare.weights.sum() == pytest.approx(share)
        assert cut.rarest == task.rarest
        pd.testing.assert_frame_equal(cut.test, task.test)
    assert set(cuts[0].train["a"]) < set(cuts[1].train["a"])
    other = fidelity.rare.make_rare_task(task, 0.02, 1)
    assert set(other.train["a"]) != set(cuts[0].train["a"])


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.001, r"^2 training rows of class '\w+' would be left, fewer than 20$"),
        (0.4999, "has 4.* of the training rows"),
    ],
)
def test_a_cut_that_the_table_does_not_allow_is_excluded_with_the_reason(share, text):
    with pytest.raises(fidelity.rare.ExcludedError, match=text):
        fidelity.rare.make_rare_task(task_of(4000), share, 0)


def test_rare_cases_are_judged_by_the_rare_class_and_its_copies():
    pytest.importorskip("xgboost")
    task = fidelity.rare.make_rare_task(task_of(2000), 0.05, 0)
    settings = replace(SETTINGS, models=("real", "bootstrap"))
    real, bootstrap = (measure_cases(group)[0] for group in plan_cases(task, 0, settings, VERSIONS))
    assert real["rare_rows"] == real["made_rare_rows"] == (task.train["y"] == task.rarest).sum()
    assert bootstrap["rare_copied"] == 1
    assert 0 < bootstrap["minority_f1"] < 1 > real["average_precision"] > 0.2
    assert "shape_error" not in real


def test_a_generator_that_forgets_the_rare_class_has_no_copies_and_no_score():
    pytest.importorskip("xgboost")
    task = fidelity.rare.make_rare_task(task_of(2000), 0.05, 0)
    case = next(plan_cases(task, 0, replace(SETTINGS, models=("real",)), VERSIONS))[0]
    found = fidelity.cases._measure_quality(case, task.tidy_train[task.tidy_train["y"] != task.rarest])
    assert (found["minority_f1"], found["made_rare_rows"], found["rare_copied"]) == (0, 0, None)


# ---- the command ----


class RepeatingSampler:
    """A sampler that gives its training rows back."""

    def __init__(self, random_state=None, **options):
        self.options = options

    def fit(self, X, y):
        assert list(X.columns) == ["a", "b", "c"]
        self.X, self.y = X, y
        return self

    def sample(self, n):
        return self.X.head(n), self.y.head(n)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The names of a training and a test file, and of a results file that does not exist yet."""
    monkeypatch.setattr("ganaug.read_table", lambda path: pd.read_csv(path), raising=False)
    monkeypatch.setattr("ganaug.GanaugError", GanaugError, raising=False)
    monkeypatch.setattr("ganaug.GANAugmenter", RepeatingSampler, raising=False)
    table().to_csv(tmp_path / "t_train.csv", index=False)
    table(200, seed=1).to_csv(tmp_path / "t_test.csv", index=False)
    return tmp_path / "t_train.csv", tmp_path / "t_test.csv", tmp_path / "results.json"


@pytest.fixture
def trained_here(monkeypatch):
    """Models are trained in this process, and peers give their rows back; what they were asked is returned."""
    seen = {}
    monkeypatch.setattr(fidelity.models, "_train_in_process", lambda train, *job: train(*job))
    monkeypatch.setattr(fidelity.models, "run_peer", returning_peer(seen))
    monkeypatch.setattr(fidelity.cases.measures, "measure_two_sample_auc", lambda *_: 0.5)  # which takes long
    packages = {name for names in fidelity.cases.PEER_PACKAGES.values() for name in names}
    everything = dict.fromkeys(packages, "1")
    monkeypatch.setattr(fidelity.cases, "run_peer", lambda *_: json.dumps(everything))
    return seen


def models_of(output):
    return [case["key"]["model"] for case in read_cases(Path(output))]


def test_one_command_measures_once_and_shows_every_time(files, capsys, monkeypatch):
    pytest.importorskip("xgboost")
    train, test, output = map(str, files)
    command = ["--train", train, "--test", test, "--target", "y", "--output", output, "--small", "--models"]
    main([*command, "real", "held-out", "bootstrap"])
    shown = capsys.readouterr().out
    assert [line.split(" | ")[0] for line in shown.splitlines()[4:7]] == ["| real", "| held-out", "| bootstrap"]
    cases = {case["key"]["model"]: case["result"] for case in json.loads(Path(output).read_text())["cases"]}
    assert cases["real"]["shape_error"] == 0 < cases["bootstrap"]["shape_error"] < cases["held-out"]["shape_error"]
    assert cases["bootstrap"]["copied_share"] == 1 > cases["held-out"]["copied_share"]
    assert cases["bootstrap"]["nearer_share"] > 0.6 > cases["held-out"]["nearer_share"] > 0.4
    assert "auc" not in cases["held-out"]
    monkeypatch.setattr("benchmarks.fidelity.command.measure_cases", None)
    main([*command, "real", "held-out", "bootstrap"])
    assert capsys.readouterr().out == shown


def test_all_tables_of_a_folder_are_measured_with_all_models(files, trained_here, capsys):
    pytest.importorskip("xgboost")
    table(300, seed=5).to_csv(files[2].parent / "other.csv", index=False)
    command = ["--data", str(files[0].parent), "--seeds", "0", "--small", "--tables", "t", "other", "--output"]
    main([*command, str(files[2]), "--models", *fidelity.models.MODELS, "--options", '{"max_steps": 5}'])
    shown = capsys.readouterr().out
    assert "## t, a trial run: 400 training rows" in shown
    assert "## other, a trial run: 270 training rows" in shown
    assert '| ganaug {"max_steps": 5} | 1 |' in shown
    assert models_of(files[2]) == list(fidelity.models.MODELS) * 2
    short = {c["key"]["model"]: c for c in read_cases(files[2]) if c["key"]["epochs"]}
    assert set(short) == {"ctgan", "tvae"}
    assert all("auc" not in case["result"] for case in short.values())
    assert trained_here["job"]["model"] == "nrgboost"
    assert len({case["result"]["run"] for case in read_cases(files[2])}) == 1


def test_a_pair_of_which_one_is_missing_is_measured_again_as_a_pair(files, trained_here):
    pytest.importorskip("xgboost")
    command = ["--train", str(files[0]), "--target", "y", "--seeds", "0", "--output", str(files[2]), "--small"]
    main([*command, "--models", "ganaug"])
    main([*command, "--models", "ganaug", "ctgan"])
    assert models_of(files[2]) == ["ganaug", "ctgan"]
    assert len({case["result"]["pair"] for case in read_cases(files[2])}) == 1
    main([*command, "--models", "ganaug"])  # which has its result already
    assert models_of(files[2]) == ["ganaug", "ctgan"]


def test_cuts_with_a_rare_class_are_measured_or_named_with_the_reason(files, trained_here, capsys):
    pytest.importorskip("xgboost")
    table(2000).to_csv(files[0], index=False)
    command = ["--data", str(files[0].parent), "--tables", "t", "--rare", "0.05", "0.001", "--small", "--rows", "1900"]
    for _ in range(2):
        main([*command, "--seeds", "0", "1", "--models", "real", "ganaug", "smote", "--output", str(files[2])])
        shown = capsys.readouterr().out
    assert "## t at 5 %, cut to 1,900 rows, a trial run: " in shown
    assert "Left out: 1 training rows of class" in shown
    assert "| smote | 2 |" in shown
    assert models_of(files[2]).count("none") == 1


def test_a_model_that_fails_ends_no_run_but_the_exit_code_says_so(files, monkeypatch, capsys):
    pytest.importorskip("xgboost")
    whole = fidelity.cases.synthesize

    def fails(task, training):
        if training.model == "smote":
            raise ValueError("no rows today")
        return whole(task, training)

    monkeypatch.setattr(fidelity.cases, "synthesize", fails)
    command = ["--train", str(files[0]), "--target", "y", "--seeds", "0", "--output", str(files[2]), "--small"]
    with pytest.raises(SystemExit, match=r"^Failed:\nt, smote, seed 0: ValueError: no rows today$"):
        main([*command, "--models", "smote", "real"])
    assert models_of(files[2]) == ["real"]
    assert "| real |" in capsys.readouterr().out


def test_ganaug_is_trained_on_the_training_rows_without_the_label(files, monkeypatch):
    made = []
    sampler = lambda **given: made.append(given) or RepeatingSampler(**given)  # noqa: E731
    monkeypatch.setattr("ganaug.GANAugmenter", sampler, raising=False)
    task = load_task(files[0], files[1], "y")
    synthetic, costs = train_ganaug(task, Training("ganaug", 4, options={"max_steps": 9}))
    pd.testing.assert_frame_equal(synthetic, task.tidy_train)
    assert made == [{"random_state": 4, "max_steps": 9}]
    assert costs["fit_seconds"] == costs["measured_fit_seconds"] > 0
    assert 10 < costs["peak_memory_mib"] < 10_000


def test_what_is_not_named_is_what_the_suite_runs():
    plain = parse(["--data", "folder"])
    assert (plain.seeds, plain.tables) == ([0, 1, 2], None)
    assert plain.models == [model for model in fidelity.models.MODELS if model != "nrgboost"]
    assert parse(["--data", "folder", "--models", "nrgboost", "real"]).models == ["real", "nrgboost"]
    small = parse(["--data", "folder", "--small"])
    assert (small.models, small.seeds) == (["real", "held-out", "bootstrap", "ganaug", "smote", "cart"], [0])
    assert (small.tables, small.rows) == (("adult", "magic"), fidelity_tables.SMALL_ROWS)
    rare = parse(["--data", "folder", "--rare"])
    assert rare.models == ["real", "ganaug", "arf", "smote", "cart", "tabular_argn"]
    assert rare.rare == [0.001, 0.005, 0.01, 0.02]
    assert rare.tables == ("mammography", "adult", "magic")
    full = parse(["--data", "folder", "--rare", "0.01", "--peer-full"])
    assert full.models == ["real", "ganaug", "ctgan", "tvae", "arf", "smote", "cart", "tabular_argn"]
    assert parse(["--data", "folder", "--peer", "none"]).models[-3:] == ["ganaug", "smote", "cart"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--data, or one table with --train"),
        (["--data", "a", "--train", "b", "--target", "y"], "--data, or one table with --train"),
        (["--train", "b"], "--train needs --target"),
        (["--data", "a", "--peer-epochs", "0"], "--peer-epochs must be at least 1"),
        (["--data", "a", "--rows", "0"], "--rows must be at least 100"),
        (["--data", "a", "--rare", "2"], "shares lie between 0 and 0.5"),
        (["--data", "a", "--options", "[5]"], "is no JSON object such as"),
    ],
)
def test_a_wrong_command_line_says_what_is_right(arguments, text, capsys):
    with pytest.raises(SystemExit):
        parse(arguments)
    assert text in capsys.readouterr().err


# ---- tables ----


def test_without_a_test_file_a_tenth_of_each_class_is_held_out(files):
    task = load_task(files[0], None, "y", drop=["b"])
    whole = pd.read_csv(files[0])
    assert len(task.test) == len(whole) / 10
    assert abs((task.test["y"] == "yes").mean() - (whole["y"] == "yes").mean()) < 0.03
    assert not set(task.test["a"]) & set(task.train["a"])
    assert task.columns == Columns(("a",), ("c",), "y")
    pd.testing.assert_frame_equal(task.test, load_task(files[0], None, "y", drop=["b"]).test)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t: t.drop(columns="b"), "must have the training file's columns.*'b'"),
        (lambda t: t.assign(b="much"), "numbers where that has numbers.*'b'"),
        (lambda t: t.assign(y="perhaps"), "labels .'perhaps'. of .* do not occur"),
        (lambda t: t.drop(columns="y"), "has no column 'y'"),
        (lambda t: t.assign(y=t["y"].where(t["y"] == "yes")), "rows of .* have no value in 'y'"),
    ],
)
def test_a_test_file_of_another_form_is_refused(files, change, text):
    change(table(50)).to_csv(files[1], index=False)
    with pytest.raises(BenchmarkError, match=text):
        load_task(files[0], files[1], "y")


def test_a_class_too_small_to_split_asks_for_a_test_file(files):
    table().assign(y=["once", *["often"] * 399]).to_csv(files[0], index=False)
    with pytest.raises(BenchmarkError, match=r"cannot be split by class.*give --test"):
        load_task(files[0], None, "y")


def test_an_error_ends_in_one_sentence(files):
    with pytest.raises(SystemExit, match=r"Error: .* has no column 'label'"):
        main(["--train", str(files[0]), "--target", "label", "--output", str(files[2]), "--peer", "none"])


def test_a_folder_is_read_as_tables_of_one_file_or_two(files):
    folder = files[0].parent
    for name in ("alone", "other_test"):
        table(100).to_csv(folder / f"{name}.csv", index=False)
    assert list_tables(folder) == ["alone", "other_test", "t"]
    two = load_named_task("t", folder)
    assert (len(two.train), len(two.test), two.name, two.columns.target) == (400, 200, "t", "y")
    assert two.origin["train"].startswith("t_train.csv sha256:")
    one = load_named_task("alone", folder)
    assert (len(one.train), len(one.test), one.origin["test"]) == (90, 10, None)
    with pytest.raises(BenchmarkError, match=r"has neither absent.csv nor absent_train.csv"):
        load_named_task("absent", folder)
    with pytest.raises(BenchmarkError, match="holds no CSV file"):
        list_tables(folder / "empty")


def test_the_tables_of_a_folder_are_cleaned_alike_and_say_so(files):
    folder, raw = files[0].parent, table(200)
    raw["b"] = [" " if i % 9 == 0 else f"{i}" for i in range(200)]
    raw["empty"] = np.nan
    raw["y"] = ["odd", *["yes", "no"] * 99, "yes"]
    raw.rename(columns={"y": "Class"}).to_csv(folder / "raw.csv", index=False)
    task = load_named_task("raw", folder)
    assert task.columns == Columns(("a", "b"), ("c",), "Class")
    assert task.tidy_train["b"].isna().sum() + task.tidy_test["b"].isna().sum() == 22
    assert task.notes == ("class 'odd' left out: 1 rows, fewer than 10", "column 'empty' left out: no value")
    raw.to_csv(folder / "two_train.csv", index=False)
    raw.to_csv(folder / "two_test.csv", index=False)
    two = load_named_task("two", folder)
    assert set(two.test["y"]) == {"yes", "no"}
    assert list(two.test.columns) == list(two.train.columns) == ["a", "b", "c", "y"]


def test_a_known_table_with_other_bytes_is_refused(files):
    table(200).to_csv(files[0].parent / "pima.csv", index=False)
    with pytest.raises(BenchmarkError, match=r"pima.csv has the SHA-256 .*give it another name"):
        load_named_task("pima", files[0].parent)


def test_a_table_is_cut_by_class_and_the_key_says_so():
    task = limit_rows(task_of(), 100)
    assert len(task.train) == 100 == task.origin["rows"]
    shares = [(t.train["y"] == "yes").mean() for t in (task, task_of())]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)
    whole = task_of()
    assert limit_rows(whole, 400) is whole
