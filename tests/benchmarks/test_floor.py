"""How close a training step is to the floor: counts that agree with arithmetic, times that leave fixed costs out."""

import json
import time
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from growth_results import results_folder
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.floor import command, measuring, timing
from benchmarks.floor.command import main, parse
from benchmarks.floor.counting import Product, count_steps
from benchmarks.floor.measuring import Effort, measure_step
from benchmarks.floor.rates import measure_copy_rate, time_products
from benchmarks.floor.summary import compute_floor, render_markdown
from benchmarks.floor.timing import EVERYTHING_ELSE, KINDS, classify_event, split_step, time_step
from benchmarks.performance import PAGE, render_pages
from benchmarks.shared.made_table import make_table
from benchmarks.shared.protocol import BenchmarkError, read_cases

QUICK = {"width": 8, "batch_size": 16}


def entry(table="adult", version="1", options=None, **more):
    key = {"table": table, "steps": 600, "repeats": 3, "counted": [8, 48], "options": options or {}}
    result = {
        "rows": 1000,
        "columns": 14,
        "gflop": {"bfloat16": 2.0, "float32": 0.5},
        "gflop_per_second": {"float32": 100.0, "bfloat16": 400.0},
        "products": 62.0,
        "products_alone_ms": 11.0,
        "operators": 400.0,
        "moved_mib": {"others": 90.0, "products": 30.0},
        "copied_mib": 0.5,
        "copy_mib_per_second": 102_400.0,
        "step": {"cpu_ms": 15.0, "wall_ms": 16.0, "others_cpu_seconds": 0.0, "wall_seconds": 100.0},
        "split": {"products": 9.0, EVERYTHING_ELSE: 3.0},
    }
    return {"key": {**key, "versions": {"ganaug": version}}, "result": result | more}


# ---- counting ----


def steps_of(network, batch=4):
    """A stand-in for fits: so many passes forward and backward after something that every fit does once."""

    def fit(steps):
        x = torch.ones(batch, 8)
        (x @ torch.ones(8, 100)).sum()
        for _ in range(steps):
            network(x).sum().backward()

    return fit


def test_arithmetic_is_that_of_the_steps_alone_and_what_torch_counts():
    network = nn.Linear(8, 3)
    with FlopCounterMode(display=False) as reference:
        network(torch.ones(4, 8)).sum().backward()
    counts = count_steps(steps_of(network), 2, 7)
    assert counts.flops == {"all": 5 * reference.get_total_flops()}
    assert sum(times * product.flops for (_, product), times in counts.products.items()) == counts.flops["all"]
    assert {(*product[:3], times) for (_, product), times in counts.products.items()} == {(4, 8, 3, 5), (3, 4, 8, 5)}


def test_products_are_told_apart_by_what_they_are_computed_in():
    network = nn.Linear(8, 3)

    def fit(steps):
        for _ in range(steps):
            with torch.autocast("cpu", torch.bfloat16):
                network(torch.ones(4, 8))
            network(torch.ones(4, 8))

    products = count_steps(fit, 0, 2).products
    assert {dtype: times for (dtype, _), times in products.items()} == {"bfloat16": 2, "float32": 2}
    assert all(product.right_turned and not product.left_turned for _, product in products)


def test_bytes_are_those_read_and_written_and_views_move_none():
    def fit(steps):
        x = torch.ones(10, 10)
        for _ in range(steps):
            x.view(4, 25).t()
            x.t().unsqueeze(0) + x.double()  # a cast: 400 in, 800 out; a sum: 400 + 800 in, 800 out
            torch._foreach_add_([x, x], 1.0)  # in place, returns nothing: 800 in, 800 out

    counts = count_steps(fit, 1, 3)
    assert counts.moved == {"others": 2 * (1200 + 2000 + 1600)}
    assert counts.operators == {"all": 2 * 3}
    assert counts.products == Counter()


def test_a_fit_with_a_gradient_penalty_can_be_counted():
    X, y = make_table(120, 4)
    result = measure_step(X, y, QUICK, Effort(steps=2, repeats=1, rounds=1))
    assert result["gflop"]["float32"] > 0
    assert result["products"] > 40
    assert result["moved_mib"]["others"] > 0 < result["copy_mib_per_second"]
    assert set(result["split"]) == {*KINDS, EVERYTHING_ELSE}
    json.dumps(result, allow_nan=False)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(measuring, "COUNTED", (4, 8))


# ---- rates and times ----


def test_every_product_is_timed_in_both_dtypes():
    small, large = Product(2, 3, 4, False, True), Product(200, 300, 400, True, False)
    assert large.flops == 48_000_000
    seconds = time_products([small, large], rounds=2)
    assert set(seconds) == {(dtype, product) for dtype in ("float32", "bfloat16") for product in (small, large)}
    assert 0 < seconds["float32", small] < seconds["float32", large] < 1
    assert measure_copy_rate(4000, rounds=2) > 0


def waiting(seconds, fixed=0.05, scores=lambda steps: 1):
    def fit(steps):
        time.sleep(fixed + seconds * steps)
        return SimpleNamespace(history_={"score_step": [0] * scores(steps)})

    return fit


def test_the_time_of_a_step_leaves_out_what_every_fit_does_once():
    found = time_step(waiting(0.03), 2, 6, repeats=2)
    assert found["wall_ms"] == pytest.approx(30, abs=10)
    assert found["cpu_ms"] < 5
    assert found["wall_seconds"] > 2 * (0.11 + 0.23)


def test_the_best_fit_of_each_length_counts(monkeypatch):
    readings = iter([(1.0, 0.0), (4.0, 0.0), (2.0, 0.0), (6.0, 0.0)])  # of 1, 5, 1 and 5 steps
    watch = SimpleNamespace(read_others=lambda: 0.0, read=lambda: (9.0, 0.0))
    watches = iter([watch])
    make = lambda: next(watches, None) or SimpleNamespace(read=lambda: next(readings))  # noqa: E731
    monkeypatch.setattr(timing, "Stopwatch", make)
    assert time_step(waiting(0, 0), 1, 5, repeats=2)["wall_ms"] == pytest.approx(1000 * (4.0 - 1.0) / 4)


def test_fits_that_were_scored_unequally_are_no_measure_of_steps():
    with pytest.raises(BenchmarkError, match=r"of 2 and 6 steps were scored 2 and 6 times.* name another number"):
        time_step(waiting(0, 0, scores=lambda steps: steps), 2, 6, repeats=1)


def test_a_fit_that_ends_early_is_refused(monkeypatch):
    import ganaug

    class Impatient:
        history_ = {"generator_loss": [0.0]}  # noqa: RUF012

        def __init__(self, **options):
            self.options = options

        def fit(self, X, y):
            return self

    monkeypatch.setattr(ganaug, "GANAugmenter", Impatient)
    with pytest.raises(BenchmarkError, match="ended after 1 of 8 steps"):
        measure_step(*make_table(50, 2), {}, Effort(2, 1, 1))


def test_the_split_is_by_operators_and_the_rest_is_python():
    weight = nn.Parameter(torch.ones(300, 300))
    optimizer = torch.optim.SGD([weight], lr=0.0)

    def fit(steps):
        torch.randn(1000, 1000, generator=torch.Generator())  # before the first step: of no step
        for _ in range(steps):
            optimizer.zero_grad()
            (weight @ weight).sum().backward()
            time.sleep(0.01)
            optimizer.step()
        time.sleep(0.3)

    found = split_step(fit, 2, 6, repeats=2)
    assert found["products"] > 0.01
    assert found["optimizer and moving average"] > 0
    assert 10 < found[EVERYTHING_ELSE] < 70
    assert found["norms"] == found["random numbers"] == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aten::addmm", "products"),
        ("aten::leaky_relu_backward", "activations and their gradients"),
        ("aten::_softmax_backward_data", "activations and their gradients"),
        ("aten::native_batch_norm_backward", "norms"),
        ("aten::_to_copy", "copies, casts and views"),
        ("aten::copy_", "copies, casts and views"),
        ("aten::_fused_adam_", "optimizer and moving average"),
        ("aten::_foreach_lerp_", "optimizer and moving average"),
        ("Optimizer.step#Adam.step", "optimizer and moving average"),
        ("aten::uniform_", "random numbers"),
        ("aten::add_", "other operators"),
        ("AddmmBackward0", EVERYTHING_ELSE),
        ("autograd::engine::evaluate_function: AddmmBackward0", EVERYTHING_ELSE),
    ],
)
def test_operators_have_a_kind(name, kind):
    assert classify_event(name) == kind


# ---- the command, and what is shown ----


def test_a_run_is_kept_and_not_measured_again(monkeypatch, tmp_path, capsys):
    seen = []
    monkeypatch.setattr(command, "measure_step", lambda *asked: seen.append(asked) or entry()["result"])
    monkeypatch.setattr(command, "MADE", (100, 4))
    output = ["--output", str(tmp_path / "f.json")]
    main(output)
    main(output)
    ((X, _, options, effort),) = seen
    assert (X.shape, options, effort) == ((100, 4), {}, Effort())
    main([*output, "--options", '{"width": 8}', "--steps", "50"])
    assert seen[1][2:] == ({"width": 8}, Effort(steps=50))
    assert len(read_cases(tmp_path / "f.json")) == 2
    capsys.readouterr()
    main(["--summary", str(tmp_path / "f.json")])
    assert capsys.readouterr().out.count("### A training step on a made table") == 2


def test_a_table_of_a_folder_is_named(monkeypatch, tmp_path, capsys):
    seen = []
    monkeypatch.setattr(command, "measure_step", lambda *asked: seen.append(asked) or entry()["result"])
    X, y = make_table(60, 4)
    X.assign(label=y).to_csv(tmp_path / "mine.csv", index=False)
    main(["--data", str(tmp_path), "--table", "mine", "--output", str(tmp_path / "f.json")])
    assert "### A training step on mine" in capsys.readouterr().out
    assert "label" not in seen[0][0].columns
    with pytest.raises(SystemExit, match=r"has neither other.csv"):
        main(["--data", str(tmp_path), "--table", "other", "--output", str(tmp_path / "f.json")])
    with pytest.raises(SystemExit):
        parse(["--repeats", "0"])


def test_the_floor_is_arithmetic_over_the_reachable_rate_of_each_dtype():
    assert compute_floor(entry()["result"]) == pytest.approx(2.0 / 400 * 1000 + 0.5 / 100 * 1000)
    text = render_markdown([entry()])
    assert "| products in bfloat16 | 2.000 | 400 | 5.00 |" in text
    assert "| floor of the arithmetic | 2.500 |  | 10.00 |" in text
    assert "| **measured processor time / floor** |  |  | **1.5** |" in text
    assert "| products | 9.00 | 75% |" in text
    assert "estimate" in text
    assert "take 0.88 ms" in text
    assert "does not use" not in text
    only = entry(gflop={"float32": 1.0})
    assert "bfloat16, which it does not use, would reach 400 GFLOP/s." in render_markdown([only])


def test_the_newest_result_of_each_table_is_shown_and_disturbed_times_are_told():
    disturbed = {"cpu_ms": 99.0, "wall_ms": 1.0, "others_cpu_seconds": 50.0, "wall_seconds": 100.0}
    text = render_markdown([entry(version="1"), entry("magic"), entry(version="2", step=disturbed)])
    assert text.count("### A training step on adult") == text.count("### A training step on magic") == 1
    assert "99.00" in text
    assert text.count("Other programs used 50 processor seconds in the 100 s") == 1
    assert render_markdown([]) == "Nothing is finished yet.\n"


def test_the_page_has_the_floor_beside_growth_or_alone(tmp_path):
    (tmp_path / "floor").mkdir()
    (tmp_path / "floor" / "adult.json").write_text(json.dumps({"cases": [entry()]}))
    alone = render_pages(tmp_path)
    assert set(alone) == {PAGE}
    assert "## Growth" not in alone[PAGE]
    both = render_pages(results_folder(tmp_path))[PAGE]
    assert both.index("## Growth") < both.index("## How close is a training step") < both.index("**1.5**")
