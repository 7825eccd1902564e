"""One command measures a GPU: cases that are kept, errors that end nothing, and a graph's bookkeeping, on a CPU."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.gpu import command, equality, fits, graphs, machine, running
from benchmarks.gpu.cases import FULL, GROUPS, Case, Effort, Settings, plan_cases
from benchmarks.gpu.command import main, parse
from benchmarks.gpu.data import make_data
from benchmarks.gpu.equality import Outcome, compare_devices, compare_graph
from benchmarks.gpu.graphs import GraphedTraining, adam_by_tensor
from benchmarks.gpu.inside import average_by, prepare_training
from benchmarks.gpu.running import NO_GRAPHS, measure_cases, measure_group
from benchmarks.gpu.summary import markdown
from benchmarks.performance import PAGE, render_pages
from benchmarks.shared.made_table import make_table
from benchmarks.shared.protocol import Results, read_cases

pytestmark = pytest.mark.filterwarnings("ignore::ganaug.errors.CollapseWarning")

TINY = Effort(2, 0.0, 4, (8,), (8, 4, 4), 2, 150, 4, 300, 200)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table "mine" and a set of images "dots"."""
    place = tmp_path_factory.mktemp("data")
    X, y = make_table(220, 4)
    X.assign(label=y).to_csv(place / "mine.csv", index=False)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (40, 8, 8), dtype=np.uint8)
    np.savez(place / "dots_train.npz", images=images, labels=np.arange(40) % 2)
    return place


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    """Few cases, in this process."""
    monkeypatch.setattr(command, "SMALL", TINY)
    monkeypatch.setattr(command, "measure_group", measure_here)


def measure_here(cases, settings):
    measure_cases(cases, settings, SimpleNamespace(value=0))


def arguments(output, *more):
    return ["--small", "--device", "cpu", "--tables", "mine", "--set", "dots", "--output", str(output), *more]


def found_in(output):
    return {entry["key"]["case"]: entry["result"] for entry in read_cases(output)}


@pytest.fixture(scope="module")
def trial(folder, tmp_path_factory):
    """The file and the summary of a whole trial run."""
    output = tmp_path_factory.mktemp("trial") / "gpu.json"
    settings = Settings("cpu", output, folder, folder, {"source": "this"})
    measure_here(plan_cases(TINY, ("mine",), "dots"), settings)
    return output


# ---- a whole run ----


def test_every_case_is_measured_but_graphs_which_a_cpu_has_not(trial):
    found = found_in(trial)
    assert not [name for name, result in found.items() if "error" in result]
    skipped = {name for name, result in found.items() if "skipped" in result}
    assert skipped == {name for name in found if name.startswith("graph")}
    assert {found[name]["skipped"] for name in skipped} == {NO_GRAPHS}
    assert {"torch", "processors", "python"} <= set(found["fit: mine"]["machine"])


def test_a_cpu_is_its_own_equal(trial):
    for name, result in found_in(trial).items():
        if name.startswith(("CPU and device", "the same run twice")):
            assert result["equal_losses"] and all(result["equal_weights"].values()), name
            assert result["losses"] == {"1": 0.0, "2": 0.0}
            assert result.get("within", True)


def test_a_fit_tells_its_phases_and_its_quality(trial):
    table, images = found_in(trial)["fit: mine"], found_in(trial)["fit: dots, 4 images per class"]
    for result in (table, images):
        assert set(result["phases"]) == {"encoding", "steps", "scores", "collapse", "filters", "diversity"}
        assert 0 < result["phases"]["steps"] < sum(result["phases"].values()) < result["fit_seconds"]
        assert result["steps"] == 2 and result["rows"] in (150, 8)
    assert 0 < table["c2st_auc"] <= 1
    if find_spec("xgboost"):
        assert 0 < table["auc"] <= 1 and 0 < table["real_auc"] <= 1
    else:
        assert "XGBoost" in table["left_out"]
    assert table["held_out_scores"][0][0] == 2 and table["best_score"] == table["held_out_scores"][0][1]


def test_rows_are_sampled_with_filters_and_without(trial):
    filters = {name: r["filters"] for name, r in found_in(trial).items() if name.startswith("sample")}
    assert len(filters) == 4
    assert all(bool(used) == name.endswith("with filters") for name, used in filters.items())
    assert all(r["rows_per_second"] > 0 for name, r in found_in(trial).items() if name.startswith("sample"))


def test_a_restart_measures_only_what_is_not_finished(trial, tmp_path, folder, monkeypatch, capsys):
    output = tmp_path / "gpu.json"
    output.write_bytes(trial.read_bytes())
    monkeypatch.setattr(command, "find_versions", lambda: {"source": "this"})
    asked = []
    monkeypatch.setattr(command, "measure_group", lambda cases, settings: asked.extend(cases))
    main(arguments(output, "--data", str(folder), "--images", str(folder)))
    assert {case.group for case in asked} == {"graph"}
    assert "| fit: mine | 150 | 2 |" in capsys.readouterr().out
    monkeypatch.setattr(command, "find_versions", lambda: {"source": "another"})
    main(arguments(output))
    assert {case.group for case in asked} == set(GROUPS)


def test_an_error_is_kept_and_ends_nothing_but_the_exit_code(tmp_path, monkeypatch, capsys):
    def fail(asked, settings):
        raise RuntimeError("out of order")

    calls = []
    works = {**dict.fromkeys(running.WORKS, lambda asked, settings: calls.append(asked) or {}), "compare_repeats": fail}
    monkeypatch.setattr(running, "WORKS", works)
    with pytest.raises(SystemExit, match=r"Failed:\nthe same run twice: table: RuntimeError: out of order\n"):
        main(arguments(tmp_path / "gpu.json"))
    result = found_in(tmp_path / "gpu.json")["the same run twice: table"]
    assert result["error"] == "RuntimeError: out of order"
    assert result["where"][-1].startswith("test_gpu.py:") and result["where"][-1].endswith(" fail")
    assert "* Failed, RuntimeError: out of order: the same run twice: table; " in capsys.readouterr().out
    before = len(calls)
    works["compare_repeats"] = works["time_steps"]
    main(arguments(tmp_path / "gpu.json"))
    assert len(calls) == before + 2  # what had failed


def test_what_is_not_given_or_not_there_is_told(tmp_path, folder):
    settings = Settings("cpu", tmp_path / "gpu.json")
    cases = [case for case in plan_cases(TINY, ("mine",), "dots") if case.group == "fit"]
    results = [running.measure_case(case, settings) for case in cases]
    reasons = ["no folder of tables was given: --data FOLDER", "no folder of images was given: --images FOLDER"]
    assert [result["skipped"] for result in results] == [reasons[0]] * 5 + [reasons[1]]
    absent = Settings("cpu", tmp_path / "gpu.json", images=folder)
    asked = {"images": "lines", "per_class": 4, "max_steps": 2}
    result = running.measure_case(Case("fit", "fit_images", "fit: lines", asked), absent)
    assert "has none of lines.npz, lines_train.npz, lines_train10k.npz" in result["error"]


def test_without_xgboost_only_the_auc_is_left_out(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    settings = Settings("cpu", tmp_path / "gpu.json", data=folder)
    found = fits.fit_table({"table": "mine", "max_steps": 2, "rows": 100}, settings)
    assert found["left_out"] == "AUC: XGBoost is not installed: pip install 'ganaug[bench]'"
    assert "auc" not in found and found["c2st_auc"] > 0


def test_the_command_needs_neither_imbalanced_learn_nor_xgboost():
    blocked = "sys.modules |= dict.fromkeys(('imblearn', 'sklearn_compat', 'xgboost'))"
    code = f"import sys; {blocked}; from benchmarks.gpu.command import parse; print(parse(['--small']).device)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "cuda\n"


def test_a_machine_without_cuda_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="torch finds no CUDA device: say --device cpu"):
        main(["--output", str(tmp_path / "gpu.json")])


def test_a_trial_does_not_write_to_the_committed_results(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "measure_group", lambda cases, settings: Results(settings.output).put(({}, {})))
    main(["--small", "--device", "cpu"])
    assert [path.name for path in tmp_path.iterdir()] == ["gpu-small.json"]
    assert parse([]).tables == ["adult", "churn"]


# ---- what is planned, and processes ----


def test_a_full_run_times_steps_of_three_networks_in_three_batches_and_two_precisions():
    cases = plan_cases(FULL, ("adult", "churn"), "mnist")
    assert len({case.name for case in cases}) == len(cases)
    assert [GROUPS.index(case.group) for case in cases] == sorted(GROUPS.index(case.group) for case in cases)
    for mode in ("eager", "graph"):
        assert sum(case.work == "time_steps" and case.asked["mode"] == mode for case in cases) == 18
    assert [c.asked["n"] for c in cases if c.work == "sample_rows"] == [10**6] * 2 + [200_000] * 2
    json.dumps([case.asked for case in cases])


def test_a_group_runs_in_a_process_of_its_own(tmp_path):
    settings = Settings("cpu", tmp_path / "gpu.json")
    cases = [Case("graph", "compare_graph", "one", {}), Case("graph", "compare_graph", "two", {})]
    measure_group(cases, settings)
    assert found_in(tmp_path / "gpu.json") == {name: {"skipped": NO_GRAPHS} for name in ("one", "two")}


class FakeContext:
    """Processes that run here; `ends` says how each ends: "well", or after its first case "dead" or "late"."""

    def __init__(self, *ends):
        self.ends, self.started = list(ends), []

    def Value(self, kind, value):
        return SimpleNamespace(value=value)

    def Process(self, target, args):
        cases, settings, done = args
        end = self.ends.pop(0)
        self.started.append(len(cases))

        def start():
            target(cases if end == "well" else cases[:1], settings, done)

        return SimpleNamespace(
            start=start,
            join=lambda *_: None,
            is_alive=lambda: end == "late",
            kill=lambda: None,
            exitcode={"well": 0, "dead": -11, "late": None}[end],
        )


def measured_by(monkeypatch, tmp_path, group, context, work=lambda asked, settings: {}, n=4):
    monkeypatch.setattr(running, "get_context", lambda method: context)
    monkeypatch.setattr(running, "WORKS", {"work": work})
    monkeypatch.setattr(running, "describe_device", lambda device: {})
    settings = Settings("cuda", tmp_path / "gpu.json")
    measure_group([Case(group, "work", str(i), {"i": i}) for i in range(n)], settings)
    return {name: result.get("error") for name, result in found_in(tmp_path / "gpu.json").items()}


def test_after_a_process_that_died_another_goes_on_with_the_next_case(monkeypatch, tmp_path):
    context = FakeContext("dead", "well")
    errors = measured_by(monkeypatch, tmp_path, "eager", context)
    assert errors == {"0": None, "1": "the process ended with code -11", "2": None, "3": None}
    assert context.started == [4, 2]


def test_a_group_that_takes_too_long_is_ended(monkeypatch, tmp_path):
    errors = measured_by(monkeypatch, tmp_path, "graph", FakeContext("late"))
    assert errors == {"0": None} | dict.fromkeys("123", "the 150 s of its group were over")


def test_after_a_graph_that_failed_a_fresh_process_goes_on(monkeypatch, tmp_path):
    def fail_once(asked, settings):
        if asked["i"] == 1:
            raise RuntimeError("capture failed")
        return {}

    context = FakeContext("well", "well")
    errors = measured_by(monkeypatch, tmp_path, "graph", context, fail_once)
    assert errors == {"0": None, "1": "RuntimeError: capture failed", "2": None, "3": None}
    assert context.started == [4, 2]


# ---- equality ----


def test_draws_for_another_device_come_from_the_generator_of_the_cpu():
    rng, same = torch.Generator().manual_seed(3), torch.Generator().manual_seed(3)
    with equality._DrawOnCpu():
        moved = torch.rand(2, 3, generator=rng, device="meta"), torch.randint(0, 9, (4,), generator=rng, device="meta")
        here = torch.randn(5, generator=rng)
        assert torch.zeros(2, device="meta").device.type == "meta"
    assert [tensor.device.type for tensor in moved] == ["meta"] * 2
    torch.rand(2, 3, generator=same), torch.randint(0, 9, (4,), generator=same)
    assert torch.equal(here, torch.randn(5, generator=same))


def test_differences_are_told_up_to_several_steps():
    losses, weights = torch.zeros(20, 2), {"generator": torch.ones(3), "average": torch.ones(2)}
    other = losses.clone()
    other[7, 1], other[15, 0] = 0.25, -0.5
    found = equality._compare(
        Outcome(losses, weights), Outcome(other, {**weights, "average": torch.tensor([1.0, 3.0])})
    )
    assert found["losses"] == {"1": 0.0, "2": 0.0, "5": 0.0, "10": 0.25, "20": 0.5}
    assert found["weights"] == {"generator": 0.0, "average": 2.0}
    assert not found["equal_losses"] and found["equal_weights"] == {"generator": True, "average": False}


def test_a_loss_that_is_no_number_is_written_as_none():
    losses = torch.zeros(2, 2)
    found = equality._compare(Outcome(losses, {}), Outcome(losses + torch.tensor([0.0, float("nan")]), {}))
    assert found["losses"] == {"1": None, "2": None}
    json.dumps(found, allow_nan=False)


def test_settings_of_precision_are_put_back_after_a_comparison(tmp_path):
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    compare_devices({"data": "table", "steps": 1}, Settings("cpu", tmp_path / "gpu.json"))
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == before


# ---- the graph, with a stand-in for CUDA ----


class Replayed:
    """In place of a CUDA graph: runs the step again with what was static at its capture."""

    def __init__(self, graphed, kind):
        self.graphed, self.kind = graphed, kind

    def replay(self):
        state = self.graphed.training.state
        step, history = state.step, state.history
        state.step, state.history = self.kind, self.graphed._rows
        with average_by(self.graphed._share):
            self.graphed.training.run_step()
        state.step, state.history = step, history


@pytest.fixture
def _no_cuda(monkeypatch):
    stream = SimpleNamespace(wait_stream=lambda other: None)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(GraphedTraining, "_capture", lambda graphed, kind: Replayed(graphed, kind))


@pytest.mark.usefixtures("_no_cuda")
@pytest.mark.parametrize("data", ["table", "digits"])
def test_a_graph_takes_the_steps_that_eager_training_takes(tmp_path, data):
    asked = {"data": data, "options": {}, "steps": 12}
    found = compare_graph(asked, Settings("cpu", tmp_path / "gpu.json"))
    assert found["equal_losses"] and found["within"]
    assert found["equal_weights"] | {"average": True} == dict.fromkeys(("generator", "discriminator", "average"), True)
    assert found["weights"]["average"] < 1e-6
    assert found["rate_in_a_tensor"]["losses"]["12"] < 1e-3


@pytest.mark.usefixtures("_no_cuda")
def test_a_loss_whose_every_step_has_a_penalty_is_one_graph(tmp_path):
    X, y = make_data("table")
    options = {"loss": "wasserstein", "width": 8, "batch_size": 8, "max_steps": 6, "device": "cpu"}
    eager, graphed = (prepare_training(X, y, optimizer=adam_by_tensor, **options) for _ in range(2))
    graphed = GraphedTraining(graphed)
    assert len(graphed._graphs) == 1
    for _ in range(6):
        eager.take_step(), graphed.take_step()
    assert torch.equal(eager.state.history, graphed.training.state.history)


@pytest.mark.usefixtures("_no_cuda")
def test_a_capture_leaves_the_training_before_its_first_step_with_every_weight_in_its_place():
    X, y = make_data("table")
    training = prepare_training(X, y, optimizer=adam_by_tensor, width=8, batch_size=8, max_steps=6, device="cpu")
    state, before = training.state, [p.clone() for p in training.state.average.parameters()]
    places, rng = [p.data_ptr() for p in state.generator.parameters()], state.rng.get_state()
    GraphedTraining(training)
    assert [p.data_ptr() for p in state.generator.parameters()] == places
    assert all(torch.equal(a, b) for a, b in zip(before, state.average.parameters(), strict=True))
    assert torch.equal(state.rng.get_state(), rng) and state.step == 0 and state.history.shape == (6, 4)
    assert not any(value.any() for slots in state.optimizers["generator"].state.values() for value in slots.values())


def test_a_capture_that_fails_gives_the_history_back(monkeypatch, _no_cuda):
    def fail(graphed, kind):
        raise RuntimeError("capture failed")

    monkeypatch.setattr(GraphedTraining, "_capture", fail)
    X, y = make_data("table")
    training = prepare_training(X, y, optimizer=adam_by_tensor, width=8, batch_size=8, max_steps=6, device="cpu")
    with pytest.raises(RuntimeError, match="capture failed"):
        graphs.GraphedTraining(training)
    assert training.state.history.shape == (6, 4)


# ---- machine and summary ----


def test_versions_of_what_is_not_installed_are_none(monkeypatch):
    def missing(name):
        raise machine.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(machine.metadata, "version", missing)
    versions = machine.find_versions()
    assert versions["ganaug"] is None and versions["source"]


def test_a_gpu_is_told_with_its_driver_and_libraries(monkeypatch):
    gpu = SimpleNamespace(name="Fast", total_memory=2**36, major=9, minor=0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: gpu)
    monkeypatch.setattr(machine.shutil, "which", lambda name: name)
    answer = SimpleNamespace(returncode=0, stdout="580.1\n")
    monkeypatch.setattr(machine.subprocess, "run", lambda *_, **__: answer)
    found = machine.describe_device("cuda")
    assert (found["gpu"], found["gpu_gib"], found["capability"], found["driver"]) == ("Fast", 64.0, "9.0", "580.1")
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert machine.describe_device("cuda")["driver"] is None


def step(mode, batch, ms):
    key = {"case": f"{mode} {batch}", "device": "cuda", "network": "table", "width": 256, "precision": "float32"}
    gpu = {"gpu": "Fast", "gpu_gib": 141.0, "driver": "580.1", "cuda": "13.0", "cudnn": 91000}
    host = {"torch": "2.11.0", "python": "3.12.3", "processors": 16}
    return {"key": {**key, "mode": mode, "batch": batch}, "result": {"ms": ms, "machine": gpu | host}}


def test_the_summary_has_graphs_beside_eager_steps(capsys, tmp_path):
    entries = [step("eager", 64, 9.0), step("eager", 64, 3.0), step("graph", 64, 0.5), step("eager", 256, 3.25)]
    text = markdown(entries)
    assert "Fast (141 GiB), driver 580.1, CUDA 13.0, cuDNN 91000; torch 2.11.0, Python 3.12.3, 16 processors." in text
    assert "| table, width 256 | float32 | 3.00 | 0.50 (6.0 x) | 3.25 | - |" in text
    (tmp_path / "gpu.json").write_text(json.dumps({"cases": entries}))
    main(["--summary", str(tmp_path / "gpu.json")])
    assert capsys.readouterr().out.strip() == text.strip()
    assert markdown([]) == "Nothing is finished yet.\n"


def test_the_summary_of_a_trial_has_every_section(trial):
    text = markdown(read_cases(trial))
    for title in ("Equality", "Steps", "Fits", "Samples", "Not measured"):
        assert f"### {title}" in text
    assert f"* Skipped, {NO_GRAPHS}: graph and eager: table; " in text


def test_the_page_has_a_gpu_only_where_one_was_measured(tmp_path):
    assert render_pages(tmp_path) == {}
    (tmp_path / "gpu").mkdir()
    (tmp_path / "gpu" / "gpu.json").write_text(json.dumps({"cases": [step("eager", 64, 3.0)]}))
    assert "## On a GPU" in render_pages(tmp_path)[PAGE]
